"""Deep transitions against cells that are stepped by hand."""

import numpy as np
import pytest
import tensorflow as tf
from cell_formulas import FORMULAS

from attnmt.config import schema
from attnmt.layers.recurrent import make_cell, run_cell
from attnmt.weights import named_weights

TIME, BATCH, DEPTH, UNITS = 4, 3, 2, 5
REAL = np.arange(TIME)[:, None] < np.array([4, 2, 1])  # [time, batch]
CELLS = pytest.mark.parametrize("kind", ["lstm", "gru"])
NORMS = pytest.mark.parametrize("layer_norm", [False, True])
DIRECTIONS = pytest.mark.parametrize("reverse", [False, True])
CELLS_OF_A_TIME = 3


@pytest.fixture
def inputs() -> np.ndarray:
    draw = np.random.default_rng(4)
    return draw.normal(size=(TIME, BATCH, DEPTH)).astype(np.float32)


def make(kind: str, layer_norm: bool):
    draw = np.random.default_rng(3)
    config = schema.Decoder(
        cell=kind,  # type: ignore[arg-type]
        units=UNITS,
        layer_norm=layer_norm,
        transition_depth=CELLS_OF_A_TIME,
    )
    cell = make_cell(config, DEPTH)
    for variable in cell.weights:
        variable.assign(draw.normal(size=variable.shape))
    return cell, {n: np.asarray(v, np.float64) for n, v in named_weights(cell).items()}


def weights_of(named: dict[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    found = {n[len(prefix) :]: w for n, w in named.items() if n.startswith(prefix)}
    # A cell without inputs is one whose inputs count nothing.
    return {"kernel": np.zeros((DEPTH, found["bias"].size))} | found


@CELLS
@DIRECTIONS
@NORMS
@pytest.mark.parametrize("dropped", [False, True])
def test_the_state_goes_through_all_cells_at_each_time(
    inputs, kind, reverse, layer_norm, dropped
):
    cell, named = make(kind, layer_norm)
    draw = np.random.default_rng(5)
    mask = 2.0 * (draw.random((BATCH, UNITS)) < 0.5) if dropped else np.ones(())
    given = tf.constant(mask, tf.float32) if dropped else None
    outputs, state = run_cell(cell, inputs, REAL, given, reverse)

    prefixes = ["first.", *(f"further.{i}." for i in range(CELLS_OF_A_TIME - 1))]
    all_weights = [weights_of(named, prefix) for prefix in prefixes]
    expected = tuple(np.zeros((BATCH, UNITS)) for _ in range(cell.states))
    for t in reversed(range(TIME)) if reverse else range(TIME):
        new = expected
        for weights in all_weights:
            new = FORMULAS[kind](inputs[t], new, weights, mask)
        here = REAL[t][:, None]
        pairs = zip(new, expected, strict=True)
        expected = tuple(np.where(here, n, s) for n, s in pairs)
        np.testing.assert_allclose(outputs[t], expected[0], atol=2e-6)
    for found, wanted in zip(state, expected, strict=True):
        np.testing.assert_allclose(found, wanted, atol=2e-6)


@CELLS
def test_only_the_first_cell_has_inputs(kind):
    _, named = make(kind, layer_norm=True)
    kernels = {n for n in named if n.endswith((".kernel", "input_norm.gain"))}
    assert kernels == {"first.kernel", "first.input_norm.gain"}
    assert named["further.1.recurrent_kernel"].shape[0] == UNITS


@CELLS
def test_single_steps_are_the_run_over_all_times(inputs, kind):
    cell, _ = make(kind, layer_norm=False)
    projected = cell.project(tf.constant(inputs)) + 0.3
    state = cell.zero_state(BATCH, "float32")
    outputs, _ = cell.run(projected, state)
    for t in range(TIME):
        output, state = cell.step(projected[t], state)
        np.testing.assert_allclose(outputs[t], output, atol=1e-6)


@CELLS
@NORMS
def test_gradients_reach_every_weight(inputs, kind, layer_norm):
    cell, _ = make(kind, layer_norm)
    with tf.GradientTape() as tape:
        outputs, _ = run_cell(cell, tf.constant(inputs), REAL)
        loss = tf.reduce_sum(outputs**2)
    gradients = tape.gradient(loss, [v.value for v in cell.trainable_variables])
    assert all(np.abs(np.asarray(g)).max() > 0 for g in gradients)
