"""Layer normalisation against its formula and TensorFlow's own gradient."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from attnmt.layers.layer_norm import EPSILON, LayerNorm, standardise

DRAW = np.random.default_rng(2)
X = DRAW.normal(size=(3, 4, 7)).astype(np.float32) * 3.0 + 1.0
PULL = DRAW.normal(size=X.shape).astype(np.float32)


def plain(x):
    mean, variance = tf.nn.moments(x, [-1], keepdims=True)
    return (x - mean) / tf.sqrt(variance + EPSILON)


def measured(function) -> tuple[np.ndarray, np.ndarray]:
    x = tf.constant(X)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = function(x)
        loss = tf.reduce_sum(y * PULL)
    return np.asarray(y), np.asarray(tape.gradient(loss, x))


def test_values_and_gradient_are_those_of_the_formula() -> None:
    for found, expected in zip(measured(standardise), measured(plain), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("bias", [True, False])
def test_groups_are_normalised_each_by_itself(bias: bool) -> None:
    norm = LayerNorm(5, 2, bias=bias)
    for variable in norm.weights:
        variable.assign(DRAW.normal(size=7))
    found = np.asarray(norm(X))
    for group in (slice(0, 5), slice(5, 7)):
        expected = np.asarray(plain(X[..., group])) * np.asarray(norm.gain)[group]
        expected += np.asarray(norm.bias)[group] if bias else 0.0
        np.testing.assert_allclose(found[..., group], expected, atol=1e-5)
    assert len(norm.weights) == 1 + bias


def test_one_group_is_keras_layer() -> None:
    theirs = keras.layers.LayerNormalization(epsilon=EPSILON)
    np.testing.assert_allclose(LayerNorm(7)(X), theirs(X), atol=1e-5)


def test_half_precision_is_normalised_in_full() -> None:
    """The mean of squares is beyond float16."""
    large = tf.constant(X * 1000.0, tf.float16)
    np.testing.assert_allclose(standardise(large), plain(X), atol=0.01)
    assert standardise(large).dtype == tf.float16
