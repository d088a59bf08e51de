"""Piece vectors and logits."""

import numpy as np
import pytest
import tensorflow as tf

from attnmt.layers import Embedding, Projection


def test_each_id_gets_its_row():
    embedding = Embedding(5, 3)
    ids = tf.constant([[4, 0], [1, 4]])
    np.testing.assert_array_equal(embedding(ids), np.asarray(embedding.table)[ids])


def test_the_gradient_of_a_row_is_the_sum_over_its_occurrences():
    embedding = Embedding(5, 3)
    upstream = np.random.default_rng(0).normal(size=(2, 4, 3)).astype(np.float32)
    ids = np.array([[4, 0, 4, 1], [1, 4, 4, 3]])
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(embedding(tf.constant(ids)) * upstream)
    gradient = tape.gradient(loss, embedding.table.value)
    expected = np.zeros((5, 3), np.float32)
    np.add.at(expected, ids, upstream)
    assert isinstance(gradient, tf.Tensor)  # dense: its norm is the true one
    np.testing.assert_allclose(gradient, expected, atol=1e-6)


@pytest.mark.parametrize(
    ("precision", "dtype"),
    [("mixed_float16", "float16"), ("mixed_bfloat16", "bfloat16")],
)
def test_the_gradient_of_a_frequent_piece_is_summed_in_full_precision(
    policy, precision, dtype
):
    policy(precision)
    embedding = Embedding(5, 3)
    ids = tf.fill([1, 5000], 2)
    with tf.GradientTape() as tape:
        vectors = embedding(ids)
        loss = tf.reduce_sum(tf.cast(vectors, tf.float32))
    assert vectors.dtype == dtype
    gradient = tape.gradient(loss, embedding.table.value)
    np.testing.assert_array_equal(gradient[2], 5000.0)


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
def test_logits_are_products_with_the_matrix_plus_a_bias(policy, precision, tied):
    policy(precision)
    draw = np.random.default_rng(0)
    projection = Projection(3, 7, tied)
    table = draw.normal(size=(7, 3)).astype(np.float32)
    matrix = table if tied else np.asarray(projection.kernel)
    projection.bias.assign(draw.normal(size=7))
    x = draw.normal(size=(2, 3)).astype(np.float32)
    logits = projection(tf.cast(x, projection.compute_dtype), table if tied else None)
    assert logits.dtype == tf.float32
    tolerance = 1e-6 if precision == "float32" else 5e-2
    expected = x @ matrix.T + np.asarray(projection.bias)
    np.testing.assert_allclose(logits, expected, atol=tolerance)
