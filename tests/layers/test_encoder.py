"""The encoder: stacks, directions, padding, dropout."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from attnmt.config import schema
from attnmt.layers import Encoded, Encoder

BATCH, SOURCE, SIZE, UNITS = 2, 5, 3, 4
MASK = np.arange(SOURCE) < np.array([[3], [5]])
NOTHING = {"embedding": 0.0, "recurrent": 0.0, "output": 0.0, "word": 0.0}


def make_encoder(
    cell: str = "lstm", layers: int = 2, bidirectional: bool = True, **drops: float
) -> Encoder:
    config = schema.Encoder.model_validate(
        {"cell": cell, "units": UNITS, "layers": layers, "bidirectional": bidirectional}
    )
    return Encoder(config, schema.Dropout(**(NOTHING | drops)), SIZE)


@pytest.fixture
def embedded() -> np.ndarray:
    draw = np.random.default_rng(0)
    return draw.normal(size=(BATCH, SOURCE, SIZE)).astype(np.float32)


KINDS = pytest.mark.parametrize(
    ("cell", "layers", "bidirectional"),
    [("lstm", 1, True), ("gru", 2, True), ("lstm", 2, False), ("lstm", 3, True)],
)


@KINDS
def test_more_padding_changes_nothing(embedded, cell, layers, bidirectional):
    encoder = make_encoder(cell, layers, bidirectional)
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


def test_a_seed_alone_drops_nothing(embedded):
    encoder = make_encoder(embedding=0.5, word=0.5)  # are not the encoder's
    np.testing.assert_array_equal(
        read(encoder, embedded, 7), read(encoder, embedded, None)
    )
