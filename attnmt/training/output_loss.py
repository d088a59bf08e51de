"""Output projection and cross entropy as one, which never holds all logits."""

from typing import NamedTuple

import tensorflow as tf

from attnmt.layers.attention import Tensor

CELLS = 2**22  # logits in memory at a time: 16 MB


class Sums(NamedTuple):
    """Over tokens; only the first one has a gradient."""

    smoothed: Tensor  # cross entropy with label smoothing
    exact: Tensor  # cross entropy
    correct: Tensor  # tokens that were the most probable


def projected_cross_entropy(
    x: Tensor, matrix: Tensor, bias: Tensor, labels: Tensor, smoothing: float
) -> Sums:
    """What `cross_entropy` tells of the logits x matrix^T + bias, summed.

    `x` [tokens, depth], `matrix` [vocabulary, depth], `bias` [vocabulary], `labels`
    [tokens]. The gradients are made on the way forth, some rows at a time.
    """
    vocabulary = matrix.shape[0]
    rows = max(1, CELLS // vocabulary)

    @tf.custom_gradient
    def sums(x: Tensor, matrix: Tensor, bias: Tensor):
        low = tf.cast(matrix, x.dtype)  # [vocabulary, depth]
        mean = tf.reduce_mean(matrix, axis=0)  # [depth]

        def body(begin: Tensor, told: Sums, d_x: Tensor, d_matrix: Tensor, d_bias):
            some, right = x[begin : begin + rows], labels[begin : begin + rows]
            sums, pull = _rows(some, low, bias, right, smoothing)
            low_pull = tf.cast(pull, x.dtype)
            d_some = tf.cast(tf.matmul(low_pull, low), tf.float32)
            d_some += smoothing * (tf.gather(matrix, right) - mean)
            product = tf.matmul(low_pull, some, transpose_a=True)
            return (
                begin + rows,
                tf.nest.map_structure(tf.add, told, sums),
                d_x.write(begin // rows, d_some),
                d_matrix + tf.cast(product, tf.float32),
                d_bias + tf.reduce_sum(pull, axis=0),
            )

        tokens = tf.shape(x)[0]
        parts = tf.TensorArray(
            tf.float32,
            (tokens + rows - 1) // rows,
            infer_shape=False,
            element_shape=[None, x.shape[1]],
        )
        start = (0, Sums(0.0, 0.0, 0.0), parts, tf.zeros_like(matrix, tf.float32))
        _, told, parts, d_matrix, d_bias = tf.while_loop(
            lambda begin, *_: begin < tokens,
            body,
            (*start, tf.zeros_like(bias)),
            parallel_iterations=1,
        )
        d_matrix, d_bias = _smoothed(d_matrix, d_bias, x, labels, smoothing)

        def gradient(upstream: Tensor, *_: Tensor) -> tuple[Tensor, Tensor, Tensor]:
            d_x = tf.cast(parts.concat() * upstream, x.dtype)
            return d_x, d_matrix * upstream, d_bias * upstream

        return told, gradient

    return Sums(*sums(x, tf.convert_to_tensor(matrix), tf.convert_to_tensor(bias)))


def _rows(
    x: Tensor, matrix: Tensor, bias: Tensor, labels: Tensor, smoothing: float
) -> tuple[Sums, Tensor]:
    """Sums over some tokens, and the gradient of the exact one by their logits."""
    logits = tf.cast(tf.matmul(x, matrix, transpose_b=True), tf.float32) + bias
    exact, pull = tf.raw_ops.SparseSoftmaxCrossEntropyWithLogits(
        features=logits, labels=labels
    )  # [rows], [rows, vocabulary]
    # log_norm - mean = exact + (chosen - mean), Szegedy et al. (2016), section 7.
    chosen = tf.gather(logits, labels, batch_dims=1)
    lag = tf.reduce_sum(chosen - tf.reduce_mean(logits, axis=-1))
    total = tf.reduce_sum(exact)
    correct = tf.cast(tf.math.in_top_k(labels, logits, 1), tf.float32)
    return Sums(total + smoothing * lag, total, tf.reduce_sum(correct)), pull


def _smoothed(
    d_matrix: Tensor, d_bias: Tensor, x: Tensor, labels: Tensor, smoothing: float
) -> tuple[Tensor, Tensor]:
    """The share of label smoothing, smoothing * (label - 1 / vocabulary) a token."""
    vocabulary = d_bias.shape[0]
    x = tf.cast(x, tf.float32)
    by_label = tf.math.unsorted_segment_sum(x, labels, vocabulary)
    counts = tf.math.unsorted_segment_sum(tf.ones_like(x[:, 0]), labels, vocabulary)
    d_matrix += smoothing * (by_label - tf.reduce_sum(x, axis=0) / vocabulary)
    d_bias += smoothing * (counts - tf.reduce_sum(counts) / vocabulary)
    return d_matrix, d_bias
