"""The decoder: one recurrence, whichever way it is run."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest
import tensorflow as tf

from attnmt.config import schema
from attnmt.layers import Decoder, DecoderState, Encoded
from attnmt.layers.attention import build_attention
from attnmt.layers.decoder import StepInput
from attnmt.layers.unroll import unroll
from attnmt.weights import named_weights

BATCH, TARGET, SOURCE, SIZE, UNITS, VALUES, DEPTH = 2, 4, 5, 3, 6, 7, 8
MASK = np.arange(SOURCE) < np.array([[3], [5]])
STYLES = {
    "luong": {"style": "luong", "input_feeding": False},
    "luong with input feeding": {"style": "luong", "input_feeding": True},
    "bahdanau": {"style": "bahdanau"},
    "gnmt": {"style": "gnmt"},
    "gnmt_v2": {"style": "gnmt_v2"},
}
SEED = tf.constant([3, 9])


class Case(NamedTuple):
    """A decoder with random weights and something to decode."""

    decoder: Decoder
    embedded: np.ndarray  # [batch, target, size]
    encoded: Encoded

    def whole(self, seed=None) -> tuple[np.ndarray, np.ndarray]:
        """Attentional vectors and weights of all positions, as in training."""
        memory = self.memory()
        result = self.decoder(self.embedded, self.encoded, memory, seed)
        return np.asarray(result.attentional), np.asarray(result.weights)

    def memory(self):
        return self.decoder.attention.prepare(self.encoded.values, self.encoded.mask)


@pytest.fixture(scope="session")
def make_case(coverage_attention) -> Callable[..., Case]:
    def make(
        style: str,
        cell: str = "lstm",
        layers: int = 1,
        attention: str = "additive",
        residual: bool = False,
        **drops: float,
    ) -> Case:
        draw = np.random.default_rng(1)
        layers += style.startswith("gnmt")  # has a layer above the one that attends
        config = schema.Decoder.model_validate(
            {"cell": cell, "units": UNITS, "layers": layers, "residual": residual}
            | STYLES[style]
        )
        values = UNITS if attention == "dot" else VALUES
        if attention == "coverage":
            mechanism = coverage_attention(4)
        else:
            mechanism = build_attention(schema.Attention(type=attention), UNITS)
        rates = {"embedding": 0.0, "recurrent": 0.0, "output": 0.0, "word": 0.0} | drops
        decoder = Decoder(
            config, schema.Dropout(**rates), mechanism, SIZE, values, DEPTH
        )
        encoded = Encoded(
            draw.normal(size=(BATCH, SOURCE, values)).astype(np.float32),
            MASK,
            tf.constant(draw.normal(size=(BATCH, values)), tf.float32),
        )
        embedded = draw.normal(size=(BATCH, TARGET, SIZE)).astype(np.float32)
        case = Case(decoder, embedded, encoded)
        case.whole()  # builds the attention
        for variable in decoder.weights:
            variable.assign(draw.normal(size=variable.shape) * 0.7)
        return case

    return make


def step_by_step(case: Case, seed=None) -> tuple[np.ndarray, np.ndarray]:
    """The same by one call of `step` after the other, as in a search."""
    decoder, memory = case.decoder, case.memory()
    masks = decoder.masks(case.embedded, seed)
    state = decoder.initial_state(case.encoded, memory)
    outputs = []
    for t in range(TARGET):
        inputs = decoder.inputs(case.embedded[:, t])
        output, state = decoder.step(inputs, state, memory, masks)
        outputs.append(output[:2])
    attentional, weights = zip(*outputs, strict=True)
    return np.stack(attentional, axis=1), np.stack(weights, axis=1)


def assert_equal(found: tuple, expected: tuple) -> None:
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("attention", ["additive", "dot", "general", "coverage"])
def test_step_by_step_is_the_whole_sequence(make_case, style, cell, layers, attention):
    case = make_case(style, cell, layers, attention)
    whole = case.whole()
    assert whole[0].shape == (BATCH, TARGET, DEPTH)
    assert whole[1].shape == (BATCH, TARGET, SOURCE)
    assert_equal(step_by_step(case), whole)
    np.testing.assert_allclose(whole[1].sum(-1), 1.0, atol=1e-6)
    assert not whole[1][:, :, 3:][0].any()  # padding


DROPS = {"recurrent": 0.4, "output": 0.4}


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_step_by_step_drops_what_the_whole_sequence_drops(make_case, style, cell):
    case = make_case(style, cell, layers=2, **DROPS)
    dropped = case.whole(SEED)
    assert_equal(step_by_step(case, SEED), dropped)
    assert np.abs(dropped[0] - case.whole()[0]).max() > 0.01


@pytest.mark.parametrize("seed", [None, SEED])
@pytest.mark.parametrize("layers", [1, 2])
def test_all_positions_at_once_equal_the_recurrence_and_its_gradients(
    make_case, layers, seed
):
    case = make_case("luong", layers=layers, **DROPS)
    decoder, called = case.decoder, []
    decoder_step = decoder.step
    upstream = np.random.default_rng(0).normal(size=(BATCH, TARGET, DEPTH))

    def recurrence() -> tuple:
        memory = case.memory()
        masks = decoder.masks(case.embedded, seed)

        def step(x: StepInput, state: DecoderState):
            called.append(True)
            return decoder_step(x, state, memory, masks)

        inputs = decoder.inputs(tf.transpose(case.embedded, [1, 0, 2]))
        start = decoder.initial_state(case.encoded, memory)
        (attentional, weights, _), _ = unroll(step, inputs, start)
        return tf.transpose(attentional, [1, 0, 2]), tf.transpose(weights, [1, 0, 2])

    def at_once() -> tuple:
        return decoder(case.embedded, case.encoded, case.memory(), seed)[:2]

    results = []
    for run in (at_once, recurrence):
        with tf.GradientTape() as tape:
            outputs = run()
            loss = tf.reduce_sum(outputs[0] * upstream)
        variables = {n: v.value for n, v in named_weights(decoder).items()}
        results.append((outputs, tape.gradient(loss, variables)))
    (vectorised, gradients), (stepwise, expected) = results
    assert len(called) == TARGET
    assert_equal(vectorised, stepwise)
    for name, gradient in gradients.items():
        found, wanted = np.asarray(gradient), np.asarray(expected[name])
        np.testing.assert_allclose(found, wanted, atol=1e-4, err_msg=name)


def test_what_the_configuration_allows_takes_the_fast_path(make_case, monkeypatch):
    def forbidden(*_):
        raise AssertionError("the recurrence was run")

    monkeypatch.setattr(Decoder, "step", forbidden)
    make_case("luong")
    for slow in set(STYLES) - {"luong"}:
        with pytest.raises(AssertionError, match="recurrence"):
            make_case(slow)
    with pytest.raises(AssertionError, match="recurrence"):
        make_case("luong", attention="coverage")


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-x))


def attend(query: np.ndarray, case: Case, w: dict) -> tuple[np.ndarray, np.ndarray]:
    """Additive attention; sentence by sentence, without padding."""
    context = np.zeros((BATCH, VALUES))
    weights = np.zeros((BATCH, SOURCE))
    for b, length in enumerate(MASK.sum(1)):
        values = case.encoded.values[b, :length].astype(np.float64)
        keys = values @ w["attention.key_layer.kernel"] + w["attention.key_layer.bias"]
        of_query = query[b] @ w["attention.query_layer.kernel"]
        scores = np.tanh(of_query + keys) @ w["attention.energy_layer.kernel"][:, 0]
        weights[b, :length] = np.exp(scores) / np.exp(scores).sum()
        context[b] = weights[b] @ np.pad(values, [(0, SOURCE - length), (0, 0)])
    return context, weights


def gru(w: dict, name: str, x: np.ndarray, kernel: np.ndarray, h: np.ndarray):
    xz, xr, xn = np.split(x @ kernel + w[f"{name}.bias"], 3, axis=1)
    hz, hr, hn = np.split(h @ w[f"{name}.recurrent_kernel"], 3, axis=1)
    z, r = sigmoid(xz + hz), sigmoid(xr + hr)
    new = np.tanh(xn + r * (hn + w[f"{name}.recurrent_bias"]))
    return z * h + (1 - z) * new


def test_luong_attends_with_the_new_state_and_feeds_the_result_in(make_case):
    """Luong et al. (2015): figure 4, eq. 5; two LSTM layers."""
    case = make_case("luong with input feeding", "lstm", layers=2)
    w = {n: np.asarray(v, np.float64) for n, v in named_weights(case.decoder).items()}

    def lstm(name: str, x: np.ndarray, kernel: np.ndarray, h, c) -> tuple:
        gates = x @ kernel + h @ w[f"{name}.recurrent_kernel"] + w[f"{name}.bias"]
        i, f, g, o = np.split(gates, 4, axis=1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        return sigmoid(o) * np.tanh(c), c

    bridge = np.tanh(
        np.asarray(case.encoded.final) @ w["bridge.kernel"] + w["bridge.bias"]
    )
    h0, c0, h1, c1 = np.split(bridge, 4, axis=1)
    attentional = np.zeros((BATCH, DEPTH))
    found = case.whole()
    # Luong's figure 4: the first layer reads [y_t; attentional_t-1].
    first = np.concatenate([w["cells.0.kernel"], w["feed.kernel"]])
    for t in range(TARGET):
        x = np.concatenate([case.embedded[:, t], attentional], axis=1)
        h0, c0 = lstm("cells.0", x, first, h0, c0)
        h1, c1 = lstm("cells.1", h0, w["cells.1.kernel"], h1, c1)
        context, weights = attend(h1, case, w)
        combined = np.concatenate([context, h1], axis=1)
        attentional = np.tanh(combined @ w["combine.kernel"] + w["combine.bias"])
        assert_equal((found[0][:, t], found[1][:, t]), (attentional, weights))


def test_bahdanau_attends_with_the_previous_state_and_feeds_the_context(make_case):
    """Bahdanau et al. (2015): s_t = f(s_t-1, y_t-1, c_t), A.2.2; two GRU layers."""
    case = make_case("bahdanau", "gru", layers=2)
    w = {n: np.asarray(v, np.float64) for n, v in named_weights(case.decoder).items()}

    bridge = np.tanh(
        np.asarray(case.encoded.final) @ w["bridge.kernel"] + w["bridge.bias"]
    )
    h0, h1 = np.split(bridge, 2, axis=1)
    found = case.whole()
    first = np.concatenate([w["cells.0.kernel"], w["feed.kernel"]])
    for t in range(TARGET):
        y = case.embedded[:, t]
        context, weights = attend(h1, case, w)
        h0 = gru(w, "cells.0", np.concatenate([y, context], axis=1), first, h0)
        h1 = gru(w, "cells.1", h0, w["cells.1.kernel"], h1)
        deep = np.concatenate([context, h1, y], axis=1)
        attentional = np.tanh(deep @ w["combine.kernel"] + w["combine.bias"])
        assert_equal((found[0][:, t], found[1][:, t]), (attentional, weights))


@pytest.mark.parametrize("residual", [False, True])
@pytest.mark.parametrize("style", ["gnmt", "gnmt_v2"])
def test_gnmt_attends_at_the_bottom_and_feeds_the_context_to_all(
    make_case, style, residual
):
    """Wu et al. (2016), section 3 and eq. 6, tensorflow/nmt; three GRU layers."""
    case = make_case(style, "gru", layers=2, residual=residual)
    w = {n: np.asarray(v, np.float64) for n, v in named_weights(case.decoder).items()}
    bridge = np.tanh(
        np.asarray(case.encoded.final) @ w["bridge.kernel"] + w["bridge.bias"]
    )
    h0, h1, h2 = np.split(bridge, 3, axis=1)
    before = np.zeros((BATCH, VALUES))
    found = case.whole()
    first = np.concatenate([w["cells.0.kernel"], w["feed.kernel"]])
    for t in range(TARGET):
        x = np.concatenate([case.embedded[:, t], before], axis=1)
        h0 = gru(w, "cells.0", x, first, h0)
        now, weights = attend(h0, case, w)
        beside = now if style == "gnmt_v2" else before
        x = np.concatenate([h0, beside], axis=1)
        h1 = gru(w, "cells.1", x, w["cells.1.kernel"], h1)
        above = h1 + residual * h0
        x = np.concatenate([above, beside], axis=1)
        h2 = gru(w, "cells.2", x, w["cells.2.kernel"], h2)
        top = h2 + residual * above
        attentional = np.tanh(top @ w["combine.kernel"] + w["combine.bias"])
        assert_equal((found[0][:, t], found[1][:, t]), (attentional, weights))
        before = now


@pytest.mark.parametrize("style", STYLES)
def test_with_residual_connections_all_ways_are_still_one(make_case, style):
    case = make_case(style, layers=2, residual=True, **DROPS)
    assert_equal(step_by_step(case, SEED), case.whole(SEED))


def test_wiring_that_needs_layers_says_so():
    with pytest.raises(ValueError, match="expected 2 or more, because with style gnmt"):
        schema.Decoder(style="gnmt")


@pytest.mark.parametrize("style", STYLES)
def test_later_pieces_do_not_touch_earlier_positions(make_case, style):
    case = make_case(style, attention="coverage")
    changed = case.embedded.copy()
    changed[:, 2] += 1.0
    before, after = case.whole(), case._replace(embedded=changed).whole()
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one[:, :2], other[:, :2])
    assert (np.abs(before[0] - after[0])[:, 2:] > 1e-4).any(axis=(0, 2)).all()


def test_the_mean_of_the_encoder_can_be_what_it_starts_from(make_case):
    """Sennrich et al. (2017), section 3.1: the mean of the annotations, real ones."""
    case = make_case("luong", "lstm")
    decoder = case.decoder
    decoder.config = decoder.config.model_copy(update={"initial_state": "mean"})
    w = {n: np.asarray(v, np.float64) for n, v in named_weights(decoder).items()}
    rows = zip(np.asarray(case.encoded.values), MASK, strict=True)
    mean = [states[real].mean(axis=0) for states, real in rows]
    expected = np.tanh(np.stack(mean) @ w["bridge.kernel"] + w["bridge.bias"])
    state = decoder.initial_state(case.encoded, case.memory())
    np.testing.assert_allclose(np.concatenate(state.cells[0], 1), expected, atol=1e-6)
