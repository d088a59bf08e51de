"""The encoder: stacks, directions, padding, dropout."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from attnmt.config import schema
from attnmt.layers import Encoded, Encoder
from attnmt.layers.recurrent import run_cell
from attnmt.weights import named_weights

BATCH, SOURCE, SIZE, UNITS = 2, 5, 3, 4
MASK = np.arange(SOURCE) < np.array([[3], [5]])
NOTHING = {"embedding": 0.0, "recurrent": 0.0, "output": 0.0, "word": 0.0}


def make_encoder(
    cell: str = "lstm",
    layers: int = 2,
    bidirectional: bool = True,
    residual: bool = False,
    heads: int = 0,
    **drops: float,
) -> Encoder:
    config = schema.Encoder(
        cell=cell,  # type: ignore
        units=UNITS,
        layers=layers,
        bidirectional=bidirectional,
        residual=residual,
        self_attention_heads=heads,
    )
    keras.utils.set_random_seed(2)  # the same initial weights, and rounding, each time
    return Encoder(config, schema.Dropout(**(NOTHING | drops)), SIZE)


@pytest.fixture
def embedded() -> np.ndarray:
    draw = np.random.default_rng(0)
    return draw.normal(size=(BATCH, SOURCE, SIZE)).astype(np.float32)


KINDS = pytest.mark.parametrize(
    ("cell", "layers", "bidirectional", "heads"),
    [
        ("lstm", 1, True, 0),
        ("gru", 2, True, 0),
        ("lstm", 2, False, 2),
        ("lstm", 3, True, 4),
    ],
)


@KINDS
def test_more_padding_changes_nothing(embedded, cell, layers, bidirectional, heads):
    encoder = make_encoder(cell, layers, bidirectional, heads > 0, heads)
    encoded = encoder(embedded, MASK)
    noise = np.full_like(embedded[:, :2], 7.0)
    more = encoder(
        np.concatenate([embedded, noise], axis=1), np.pad(MASK, [(0, 0), (0, 2)])
    )
    assert encoded.values.shape == (BATCH, SOURCE, UNITS * (1 + bidirectional))
    np.testing.assert_allclose(more.final, encoded.final, atol=1e-6)
    for b, length in enumerate(MASK.sum(1)):
        alone = encoder(embedded[b : b + 1, :length], MASK[b : b + 1, :length])
        for there in (more.values[b, :length], alone.values[0]):
            np.testing.assert_allclose(there, encoded.values[b, :length], atol=1e-6)
        np.testing.assert_allclose(alone.final[0], encoded.final[b], atol=1e-6)


def test_a_bidirectional_stack_is_that_of_keras(embedded):
    encoder = make_encoder("lstm", 2)
    x, final = embedded, []
    for cells in zip(encoder.forward_cells, encoder.backward_cells, strict=True):
        layer = keras.layers.Bidirectional(
            keras.layers.LSTM(UNITS, return_sequences=True, return_state=True)
        )
        layer.build(x.shape)
        parts = [[c.kernel, c.recurrent_kernel, c.bias] for c in cells]
        layer.set_weights([np.asarray(v) for part in parts for v in part])
        x, *states = layer(x, mask=MASK)
        final = [states[0], states[2]]  # the hidden state of each direction
    encoded = encoder(embedded, MASK)
    np.testing.assert_allclose(encoded.values[MASK], x[MASK], atol=1e-6)
    np.testing.assert_allclose(encoded.final, np.concatenate(final, -1), atol=1e-6)


def read(encoder: Encoder, embedded: np.ndarray, seed: int | None) -> np.ndarray:
    given = None if seed is None else tf.constant([1, seed])
    encoded: Encoded = encoder(embedded, MASK, given)
    return np.asarray(encoded.values)


@pytest.mark.parametrize("where", ["recurrent", "output"])
def test_dropout_is_a_function_of_the_seed(embedded, where):
    encoder = make_encoder(**{where: 0.5})
    once = read(encoder, embedded, 7)
    np.testing.assert_array_equal(once, read(encoder, embedded, 7))
    assert not np.allclose(once, read(encoder, embedded, 8))
    assert not np.allclose(once, read(encoder, embedded, None))


def test_variational_dropout_leaves_out_the_same_numbers_at_all_times(embedded):
    """The cells forget at once and the lower one tells the same at all times."""
    for variational in (True, False):
        encoder = make_encoder(
            "gru", 2, bidirectional=False, output=0.5, variational=variational
        )
        for layer, cell in enumerate(encoder.forward_cells):
            cell.recurrent_kernel.assign(np.zeros((UNITS, 3 * UNITS)))
            cell.bias.assign([-50.0] * UNITS + [0.0] * UNITS + [1.0] * UNITS)
            cell.kernel.assign(cell.kernel * layer)
        told = read(encoder, embedded, 7)[1]  # [source, units]
        assert (np.ptp(told, axis=0).max() < 1e-6) == variational


def test_a_seed_alone_drops_nothing(embedded):
    encoder = make_encoder(embedding=0.5, word=0.5)  # are not the encoder's
    np.testing.assert_array_equal(
        read(encoder, embedded, 7), read(encoder, embedded, None)
    )


def test_a_residual_layer_adds_what_it_read(embedded):
    """Wu et al. (2016), eq. 6, from the second layer on; its states stay its own."""
    encoder = make_encoder("gru", 3, residual=True)
    x, final = tf.transpose(embedded, [1, 0, 2]), []
    for layer in range(3):
        parts = [
            run_cell(encoder.forward_cells[layer], x, MASK.T),
            run_cell(encoder.backward_cells[layer], x, MASK.T, reverse=True),
        ]
        told = tf.concat([outputs for outputs, _ in parts], axis=-1)
        x = told + x if layer else told
        final = [state[0] for _, state in parts]
    encoded = encoder(embedded, MASK)
    np.testing.assert_allclose(encoded.values, tf.transpose(x, [1, 0, 2]), atol=1e-6)
    np.testing.assert_allclose(encoded.final, np.concatenate(final, -1), atol=1e-6)


def test_self_attention_is_that_of_vaswani(embedded):
    """Vaswani et al. (2017): LayerNorm(x + MultiHead(x, x, x)), section 3.1, eq. 1."""
    plain, encoder = make_encoder(layers=1), make_encoder(layers=1, heads=2)
    encoder(embedded, MASK)  # builds it
    for variable in encoder.weights:
        draw = np.random.default_rng(variable.shape[0])
        variable.assign(draw.normal(size=variable.shape))
    named = named_weights(encoder)
    for name, variable in named_weights(plain).items():
        variable.assign(named[name])
    w = {n: np.asarray(v, np.float64) for n, v in named.items()}
    before, after = plain(embedded, MASK), encoder(embedded, MASK)
    assert set(named) > set(named_weights(plain))
    layer, depth = "self_attention.attention", 2 * UNITS
    for b, length in enumerate(MASK.sum(1)):
        x = np.asarray(before.values, np.float64)[b, :length]
        q, k, v = (
            np.split(x @ w[f"{layer}.{part}_layer.kernel"], 2, axis=1)
            for part in ("query", "key", "value")
        )
        heads = []
        for head in range(2):
            scores = np.exp(q[head] @ k[head].T / np.sqrt(depth / 2))
            heads.append(scores / scores.sum(axis=1, keepdims=True) @ v[head])
        x += np.concatenate(heads, axis=1) @ w[f"{layer}.output_layer.kernel"]
        x -= x.mean(axis=1, keepdims=True)
        x /= np.sqrt((x**2).mean(axis=1, keepdims=True) + 1e-6)
        expected = x * w["self_attention.norm.gamma"] + w["self_attention.norm.beta"]
        np.testing.assert_allclose(after.values[b, :length], expected, atol=2e-5)
    np.testing.assert_array_equal(after.final, before.final)


def test_self_attention_drops_what_it_reads(embedded):
    encoder = make_encoder(layers=1, heads=2, output=0.5)
    once = read(encoder, embedded, 7)
    np.testing.assert_array_equal(read(encoder, embedded, 7), once)
    assert np.abs(read(encoder, embedded, 8) - once).max() > 0.01


def test_heads_that_do_not_divide_the_depth_are_refused():
    with pytest.raises(ValueError, match="a divisor of the encoder's depth, 8, found"):
        make_encoder(heads=3)
