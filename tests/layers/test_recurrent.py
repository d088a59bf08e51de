"""Cells against their formulas and against Keras' layers with the same weights."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from cell_formulas import FORMULAS

from attnmt.config import schema
from attnmt.layers.cell import Cell
from attnmt.layers.recurrent import GRUCell, LSTMCell, make_cell, run_cell
from attnmt.weights import named_weights

TIME, BATCH, DEPTH, UNITS = 4, 3, 2, 5
LENGTHS = np.array([4, 2, 1])
REAL = np.arange(TIME)[:, None] < LENGTHS  # [time, batch]
CELLS = pytest.mark.parametrize("kind", ["lstm", "gru"])
NORMS = pytest.mark.parametrize("layer_norm", [False, True])
DIRECTIONS = pytest.mark.parametrize("reverse", [False, True])


def make(kind: str, layer_norm: bool = False) -> Cell:
    config = schema.Decoder(cell=kind, units=UNITS, layer_norm=layer_norm)  # type: ignore[arg-type]
    return make_cell(config, DEPTH)


def random_cell(
    kind: str, layer_norm: bool = False
) -> tuple[Cell, dict[str, np.ndarray]]:
    draw = np.random.default_rng(3)
    cell = make(kind, layer_norm)
    for variable in cell.weights:
        variable.assign(draw.normal(size=variable.shape))
    named = named_weights(cell)
    return cell, {name: np.asarray(v, np.float64) for name, v in named.items()}


@pytest.fixture
def inputs() -> np.ndarray:
    draw = np.random.default_rng(4)
    return draw.normal(size=(TIME, BATCH, DEPTH)).astype(np.float32)


@CELLS
@DIRECTIONS
@NORMS
@pytest.mark.parametrize("dropped", [False, True])
def test_a_masked_sequence_is_that_of_the_formula(
    inputs, kind, reverse, dropped, layer_norm
):
    cell, weights = random_cell(kind, layer_norm)
    draw = np.random.default_rng(5)
    mask = np.ones((BATCH, UNITS))
    if dropped:
        mask = 2.0 * (draw.random((BATCH, UNITS)) < 0.5)
    given = tf.constant(mask, tf.float32) if dropped else None
    outputs, state = run_cell(cell, inputs, REAL, given, reverse)

    expected = tuple(np.zeros((BATCH, UNITS)) for _ in range(cell.states))
    for t in reversed(range(TIME)) if reverse else range(TIME):
        new = FORMULAS[kind](inputs[t], expected, weights, mask)
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
def test_single_steps_are_the_run_over_all_times(inputs, kind):
    """A decoder adds to what `project` gives before it steps."""
    cell, _ = random_cell(kind, layer_norm=True)
    projected = cell.project(tf.constant(inputs)) + 0.3 * np.arange(cell.gates * UNITS)
    start = cell.zero_state(BATCH, "float32")
    outputs, last = cell.run(projected, start)
    state = start
    for t in range(TIME):
        output, state = cell.step(projected[t], state)
        np.testing.assert_allclose(outputs[t], output, atol=1e-6)
    for found, wanted in zip(last, state, strict=True):
        np.testing.assert_allclose(found, wanted, atol=1e-6)


@CELLS
def test_a_normalised_cell_begins_with_gains_of_one(kind):
    named = {n: np.asarray(v) for n, v in named_weights(make(kind, True)).items()}
    assert all((named[n] == 1).all() for n in named if n.endswith("gain"))
    plain = named_weights(make(kind))
    assert set(plain) < set(named)
    np.testing.assert_array_equal(named["bias"], plain["bias"])


@CELLS
@NORMS
def test_gradients_reach_every_weight(inputs, kind, layer_norm):
    cell, _ = random_cell(kind, layer_norm)
    with tf.GradientTape() as tape:
        outputs, _ = run_cell(cell, tf.constant(inputs), REAL)
        loss = tf.reduce_sum(outputs**2)
    gradients = tape.gradient(loss, [v.value for v in cell.trainable_variables])
    assert all(np.abs(np.asarray(g)).max() > 0 for g in gradients)
