"""Projection and loss in one against the two of them, and their gradients."""

import numpy as np
import pytest
import tensorflow as tf

from attnmt.training import output_loss
from attnmt.training.objective import whole_cross_entropy
from attnmt.training.output_loss import projected_cross_entropy

TOKENS, DEPTH, VOCABULARY = 11, 3, 7
LABELS = tf.constant([3, 0, 6, 3, 1, 2, 2, 5, 4, 6, 0])


def draw(*shape: int) -> tf.Tensor:
    numbers = np.random.default_rng(sum(shape)).normal(size=shape)
    return tf.constant(numbers.astype(np.float32))


def whole(x, matrix, bias, labels, smoothing):
    logits = tf.matmul(x, matrix, transpose_b=True) + bias
    return whole_cross_entropy(logits, labels, smoothing)


def measured(loss, x, matrix, bias, smoothing):
    given = [x, matrix, bias]
    with tf.GradientTape() as tape:
        tape.watch(given)
        sums = loss(*given, LABELS, smoothing)
        scaled = 0.5 * sums.smoothed
    return *sums, *tape.gradient(scaled, given)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("rows", [1, 4, 100])  # at a time; 4 leaves a remainder
@pytest.mark.parametrize("compiled", [False, True])
def test_sums_and_gradients_are_those_of_whole_logits(
    monkeypatch, smoothing, rows, compiled
):
    monkeypatch.setattr(output_loss, "CELLS", rows * VOCABULARY)
    given = 2.0 * draw(TOKENS, DEPTH), draw(VOCABULARY, DEPTH), draw(VOCABULARY)
    run = tf.function(measured) if compiled else measured
    found = run(projected_cross_entropy, *given, smoothing)
    expected = measured(whole, *given, smoothing)
    for x, wanted in zip(found, expected, strict=True):
        np.testing.assert_allclose(x, wanted, rtol=1e-5, atol=1e-5)


def test_half_precision_comes_near_and_keeps_the_kinds():
    given = draw(TOKENS, DEPTH), draw(VOCABULARY, DEPTH), draw(VOCABULARY)
    low = tf.cast(given[0], tf.bfloat16)
    found = measured(projected_cross_entropy, low, *given[1:], 0.1)
    expected = measured(whole, *given, 0.1)
    for x, wanted in zip(found, expected, strict=True):
        np.testing.assert_allclose(tf.cast(x, tf.float32), wanted, atol=0.1)
    kinds = [x.dtype for x in found[3:]]
    assert kinds == [tf.bfloat16, tf.float32, tf.float32]
