"""Piece vectors, also as the output projection."""

from typing import Any

import keras
import tensorflow as tf

from attnmt.layers.attention import Tensor


class Embedding(keras.layers.Layer):
    """A vector for each piece of a vocabulary."""

    def __init__(self, vocabulary: int, size: int) -> None:
        super().__init__()
        self.table = self.add_weight(
            shape=(vocabulary, size),
            initializer=keras.initializers.RandomNormal(stddev=size**-0.5),
            autocast=False,  # else the gradient would be summed in half precision
            name="table",
        )
        self.built = True

    def call(self, ids: Tensor) -> Tensor:
        """[...] ids -> [..., size] vectors in the compute precision."""
        vectors = _lookup(tf.convert_to_tensor(self.table.value), ids)
        return tf.cast(vectors, self.compute_dtype)


class Projection(keras.layers.Layer):
    """Logits over a vocabulary; with `tied` the matrix is an embedding's table."""

    def __init__(self, depth: int, vocabulary: int, tied: bool) -> None:
        super().__init__()
        if not tied:
            self.kernel = self.add_weight(shape=(vocabulary, depth), name="kernel")
        self.bias = self.add_weight(
            shape=(vocabulary,), initializer="zeros", autocast=False, name="bias"
        )
        self.built = True

    def call(self, x: Tensor, table: Tensor | None = None) -> Tensor:
        """[tokens, depth] -> [tokens, vocabulary] logits in float32."""
        matrix = self.kernel if table is None else table  # [vocabulary, depth]
        logits = tf.matmul(x, tf.cast(matrix, x.dtype), transpose_b=True)
        return tf.cast(logits, "float32") + self.bias


@tf.custom_gradient
def _lookup(table: Tensor, ids: Tensor) -> Any:
    """Rows of a table; the gradient is dense.

    A sparse gradient would list a row once per occurrence: its global norm would be
    wrong, and added to the output projection's it would be no longer sparse anyway.
    """

    def gradient(upstream: Tensor) -> tuple[Tensor, None]:
        rows = tf.reshape(upstream, [-1, tf.shape(table)[1]])
        flat = tf.reshape(ids, [-1])
        return tf.math.unsorted_segment_sum(rows, flat, tf.shape(table)[0]), None

    return tf.gather(table, ids), gradient
