"""Cells against their formulas and against Keras' layers with the same weights."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from attnmt.layers.recurrent import Cell, GRUCell, LSTMCell, make_cell, run_cell

TIME, BATCH, DEPTH, UNITS = 4, 3, 2, 5
LENGTHS = np.array([4, 2, 1])
REAL = np.arange(TIME)[:, None] < LENGTHS  # [time, batch]
CELLS = pytest.mark.parametrize("kind", ["lstm", "gru"])
DIRECTIONS = pytest.mark.parametrize("reverse", [False, True])


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-x))


def lstm(x: np.ndarray, state: tuple, w: dict, mask: np.ndarray) -> tuple:
    """Gers et al. (2000): input, forget, cell and output gates."""
    h, c = state
    gates = x @ w["kernel"] + (h * mask) @ w["recurrent_kernel"] + w["bias"]
    i, f, g, o = (gates[:, k * UNITS : (k + 1) * UNITS] for k in range(4))
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def gru(x: np.ndarray, state: tuple, w: dict, mask: np.ndarray) -> tuple:
    """Cho et al. (2014), eq. 5-8, with the reset gate after the product."""
    (h,) = state
    z, r, n = (slice(k * UNITS, (k + 1) * UNITS) for k in range(3))
    from_input = x @ w["kernel"] + w["bias"]
    from_state = (h * mask) @ w["recurrent_kernel"]
    update = sigmoid(from_input[:, z] + from_state[:, z])
    reset = sigmoid(from_input[:, r] + from_state[:, r])
    new = np.tanh(from_input[:, n] + reset * (from_state[:, n] + w["recurrent_bias"]))
    return (update * h + (1.0 - update) * new,)


ORACLES = {"lstm": lstm, "gru": gru}


def random_cell(kind: str) -> tuple[Cell, dict[str, np.ndarray]]:
    draw = np.random.default_rng(3)
    cell = make_cell(kind, DEPTH, UNITS)
    for variable in cell.weights:
        variable.assign(draw.normal(size=variable.shape))
    return cell, {v.name: np.asarray(v, np.float64) for v in cell.weights}


@pytest.fixture
def inputs() -> np.ndarray:
    draw = np.random.default_rng(4)
    return draw.normal(size=(TIME, BATCH, DEPTH)).astype(np.float32)


@CELLS
@DIRECTIONS
@pytest.mark.parametrize("dropped", [False, True])
def test_a_masked_sequence_is_that_of_the_formula(inputs, kind, reverse, dropped):
    cell, weights = random_cell(kind)
    draw = np.random.default_rng(5)
    mask = np.ones((BATCH, UNITS))
    if dropped:
        mask = 2.0 * (draw.random((BATCH, UNITS)) < 0.5)
    given = tf.constant(mask, tf.float32) if dropped else None
    outputs, state = run_cell(cell, inputs, REAL, given, reverse)

    expected = tuple(np.zeros((BATCH, UNITS)) for _ in range(cell.states))
    for t in reversed(range(TIME)) if reverse else range(TIME):
        new = ORACLES[kind](inputs[t], expected, weights, mask)
        here = REAL[t][:, None]
        expected = tuple(
            np.where(here, n, s) for n, s in zip(new, expected, strict=True)
        )
        np.testing.assert_allclose(outputs[t], expected[0], atol=2e-6)
    for found, wanted in zip(state, expected, strict=True):
        np.testing.assert_allclose(found, wanted, atol=2e-6)


@CELLS
@DIRECTIONS
def test_keras_layers_with_the_same_weights_agree(inputs, kind, reverse):
    cell, w = random_cell(kind)
    layer = {"lstm": keras.layers.LSTM, "gru": keras.layers.GRU}[kind](
        UNITS, return_sequences=True, return_state=True, go_backwards=reverse
    )
    layer.build((BATCH, TIME, DEPTH))
    bias = w["bias"]
    if kind == "gru":
        of_state = np.concatenate([np.zeros(2 * UNITS), w["recurrent_bias"]])
        bias = np.stack([bias, of_state])
    layer.set_weights([w["kernel"], w["recurrent_kernel"], bias])
    expected, *states = layer(inputs.transpose(1, 0, 2), mask=REAL.T)
    expected = np.asarray(expected).transpose(1, 0, 2)
    expected = expected[::-1] if reverse else expected

    outputs, state = run_cell(cell, inputs, REAL, reverse=reverse)
    np.testing.assert_allclose(np.asarray(outputs)[REAL], expected[REAL], atol=1e-6)
    for found, wanted in zip(state, states, strict=True):
        np.testing.assert_allclose(found, wanted, atol=1e-6)


@CELLS
@DIRECTIONS
def test_a_sentence_does_not_see_its_padding(inputs, kind, reverse):
    cell, _ = random_cell(kind)
    outputs, state = run_cell(cell, inputs, REAL, reverse=reverse)
    for b, length in enumerate(LENGTHS):
        alone, last = run_cell(
            cell, inputs[:length, b : b + 1], REAL[:length, b : b + 1], reverse=reverse
        )
        np.testing.assert_allclose(outputs[:length, b], alone[:, 0], atol=1e-6)
        for found, wanted in zip(state, last, strict=True):
            np.testing.assert_allclose(found[b], wanted[0], atol=1e-6)


def test_a_new_lstm_remembers():
    bias = np.asarray(LSTMCell(DEPTH, UNITS).bias)
    np.testing.assert_array_equal(bias.reshape(4, UNITS).sum(1), [0, UNITS, 0, 0])


def test_a_new_gru_has_biases_of_zero():
    cell = GRUCell(DEPTH, UNITS)
    assert not np.asarray(cell.bias).any()
    assert not np.asarray(cell.recurrent_bias).any()


@CELLS
def test_gradients_reach_every_weight(inputs, kind):
    cell, _ = random_cell(kind)
    with tf.GradientTape() as tape:
        outputs, _ = run_cell(cell, tf.constant(inputs), REAL)
        loss = tf.reduce_sum(outputs**2)
    gradients = tape.gradient(loss, [v.value for v in cell.trainable_variables])
    assert all(np.abs(np.asarray(g)).max() > 0 for g in gradients)
