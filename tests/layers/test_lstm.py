"""The LSTM with its own gradient against the step by step path and its autodiff."""

import numpy as np
import pytest
import tensorflow as tf

from attnmt.layers.cell import Cell
from attnmt.layers.lstm import lstm
from attnmt.layers.recurrent import LSTMCell

TIME, BATCH, DEPTH, UNITS = 4, 3, 2, 5
REAL = np.arange(TIME)[:, None, None] < np.array([4, 2, 1])[:, None]


def draw(*shape: int) -> tf.Variable:
    numbers = np.random.default_rng(sum(shape)).normal(size=shape)
    return tf.Variable(numbers.astype(np.float32))


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("dropped", [False, True])
@pytest.mark.parametrize("compiled", [False, True])
def test_outputs_states_and_gradients_are_those_of_step_by_step(
    reverse, masked, dropped, compiled
):
    cell = LSTMCell(DEPTH, UNITS)
    cell.recurrent_kernel.assign(draw(UNITS, 4 * UNITS))
    projected, hidden = draw(TIME, BATCH, 4 * UNITS), draw(BATCH, UNITS)
    carry = draw(BATCH, UNITS) + 0.5
    drop = tf.constant(np.where(draw(BATCH, UNITS) > 0, 2.0, 0.0), tf.float32)
    options = (REAL if masked else None, drop if dropped else None, reverse)
    shares = draw(TIME, BATCH, UNITS), draw(BATCH, UNITS), draw(BATCH, UNITS) * 0.3

    def measured(run):
        kernel = cell.recurrent_kernel.value
        watched = [projected, kernel, hidden, carry]
        with tf.GradientTape() as tape:
            tape.watch(watched)
            outputs, last = run(projected, (hidden, carry), *options)
            parts = zip((outputs, *last), shares, strict=True)
            loss = tf.add_n([tf.reduce_sum(x * share) for x, share in parts])
        return outputs, *last, *tape.gradient(loss, watched)

    def own(projected, state, *options):
        return lstm(projected, cell.recurrent_kernel.value, state, *options)

    def reference(*given):
        return Cell.run(cell, *given)

    found = (tf.function(measured) if compiled else measured)(own)
    for x, expected in zip(found, measured(reference), strict=True):
        np.testing.assert_allclose(x, expected, atol=1e-5)


def test_the_way_back_multiplies_for_the_kernel_once():
    """A product at each time would show as one within the loop."""

    @tf.function(input_signature=[tf.TensorSpec([None, BATCH, 4 * UNITS])])
    def run(projected):
        kernel = tf.ones([UNITS, 4 * UNITS])
        with tf.GradientTape() as tape:
            tape.watch(kernel)
            outputs, _ = lstm(projected, kernel, (tf.zeros([BATCH, UNITS]),) * 2)
        return tape.gradient(outputs, kernel)

    graph = run.get_concrete_function().graph.as_graph_def()
    loops = [
        [node.op for node in body.node_def].count("MatMul")
        for body in graph.library.function
        if "body" in body.signature.name
    ]
    assert sorted(loops) == [1, 1]  # the product of the way forth, that of the way back
