"""A step function along time, eager and compiled."""

from contextlib import nullcontext

import numpy as np
import pytest
import tensorflow as tf

from attnmt.layers.unroll import unroll, without_stacks


def step(x, state):
    """Running sums of two inputs, one of them behind a mask."""
    total, (count,) = state
    total = total + tf.where(x["mask"], x["value"], 0.0)
    count = count + 1
    return (total * 2.0, tf.reduce_sum(total)), (total, (count,))


@pytest.mark.parametrize("time", [1, 2, 5])
@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("stacks", [nullcontext, without_stacks])
def test_nested_inputs_outputs_and_states_go_along_time(time, compiled, stacks):
    draw = np.random.default_rng(time)
    value = draw.normal(size=(time, 2, 3)).astype(np.float32)
    mask = draw.random((time, 2, 1)) < 0.5

    def run(value, mask):
        state = (tf.zeros([2, 3]), (tf.constant(0),))
        return unroll(step, {"value": value, "mask": mask}, state)

    function = tf.function(run) if compiled else run
    with stacks():
        outputs, state = function(tf.constant(value), tf.constant(mask))
    (double, sums), (total, (count,)) = outputs, state
    expected = np.cumsum(np.where(mask, value, 0.0), axis=0)
    np.testing.assert_allclose(double, expected * 2, atol=1e-6)
    np.testing.assert_allclose(sums, expected.sum((1, 2)), atol=1e-5)
    np.testing.assert_allclose(total, expected[-1], atol=1e-6)
    assert int(count) == time


@pytest.mark.parametrize("stacks", [nullcontext, without_stacks])
def test_in_reverse_the_last_time_comes_first(stacks):
    x = tf.constant([[1.0], [2.0], [4.0]])
    with stacks():
        outputs, state = unroll(lambda x, s: (s + x, s + x), x, tf.zeros([1]), True)
    np.testing.assert_array_equal(outputs, [[7.0], [6.0], [4.0]])
    np.testing.assert_array_equal(state, [7.0])


def test_one_compiled_function_serves_all_lengths_with_gradients():
    @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.float32)])
    def run(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            outputs, state = unroll(lambda x, s: (x * s, x * s), x, tf.ones([2]))
            loss = tf.reduce_sum(outputs) + tf.reduce_sum(state)
        return outputs, tape.gradient(loss, x)

    for time in (1, 4):
        x = np.linspace(0.5, 2.0, time * 2, dtype=np.float32).reshape(time, 2)
        outputs, gradient = run(x)
        products = np.cumprod(x, axis=0)
        np.testing.assert_allclose(outputs, products, rtol=1e-5)
        # The outputs from t on, the last one twice, hold x_t as a factor.
        after = np.cumsum(products[::-1], axis=0)[::-1] + products[-1]
        np.testing.assert_allclose(gradient, after / x, rtol=1e-5)


def test_a_time_of_the_gradient_costs_the_same_in_a_long_sequence():
    """What is read and written at a place would touch all times at each time."""

    @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.float32)])
    def run(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            outputs, _ = unroll(lambda x, s: (x * s, x * s), x, tf.ones([2]))
        return tape.gradient(outputs, x)

    run(tf.ones([3, 2]))
    graph = run.get_concrete_function().graph
    bodies = graph.as_graph_def().library.function
    kinds = {node.op for body in bodies for node in body.node_def}
    assert "TensorListPopBack" in kinds and "TensorListPushBack" in kinds
    assert not kinds & {"TensorListSetItem", "TensorListGetItem"}


def test_what_is_traced_without_stacks_has_no_lists_of_tensors():
    @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.float32)])
    def run(x):
        return unroll(lambda x, s: (x * s, x * s), x, tf.ones([2]))

    with without_stacks():
        definition = run.get_concrete_function().graph.as_graph_def()
    bodies = [node for body in definition.library.function for node in body.node_def]
    assert not [n for n in (*definition.node, *bodies) if "TensorList" in n.op]
