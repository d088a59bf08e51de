"""Output projection and cross entropy as one, which never holds all logits."""

from typing import Any, NamedTuple

import tensorflow as tf

from attnmt.layers.attention import Tensor

# Logits in memory at a time: 24 MB. Of more than 32 MB glibc touches every page anew.
CELLS = 6 * 2**20


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

        def body(begin: Tensor, told: Sums, d_x: Tensor, d_matrix: Tensor, d_bias):
            some, right = x[begin : begin + rows], labels[begin : begin + rows]
            logits = tf.cast(tf.matmul(some, low, transpose_b=True), tf.float32) + bias
            probabilities = tf.nn.softmax(logits)  # [rows, vocabulary]
            pull = tf.cast(probabilities, x.dtype)
            product = tf.matmul(pull, some, transpose_a=True)
            return (
                begin + rows,
                tf.nest.map_structure(
                    tf.add, told, _sums(logits, probabilities, right, smoothing)
                ),
                d_x.write(begin // rows, tf.matmul(pull, low)),
                d_matrix + tf.cast(product, tf.float32),
                d_bias + tf.reduce_sum(probabilities, axis=0),
            )

        tokens = tf.shape(x)[0]
        parts = tf.TensorArray(
            x.dtype,
            (tokens + rows - 1) // rows,
            infer_shape=False,
            element_shape=[None, x.shape[1]],
        )
        start = (0, Sums(0.0, 0.0, 0.0), parts, tf.zeros_like(matrix, tf.float32))
        _, told, parts, *pulls = tf.while_loop(
            lambda begin, *_: begin < tokens,
            body,
            (*start, tf.zeros_like(bias)),
            parallel_iterations=1,
        )
        pulled = parts.concat(), *pulls

        def gradient(upstream: Tensor, *_: Tensor) -> tuple[Tensor, Tensor, Tensor]:
            d_x, *rest = _less_target(pulled, x, matrix, labels, smoothing)
            return tf.cast(d_x * upstream, x.dtype), *(d * upstream for d in rest)

        return told, gradient

    given = x, tf.convert_to_tensor(matrix), tf.convert_to_tensor(bias)
    told: Any = sums(*given)
    return Sums(*told)


def _sums(
    logits: Tensor, probabilities: Tensor, labels: Tensor, smoothing: float
) -> Sums:
    """Sums over some tokens, of [rows, vocabulary]."""
    top = tf.reduce_max(logits, axis=-1)  # [rows]
    # Of the largest one, for that is never too small for a logarithm.
    log_norm = top - tf.math.log(tf.reduce_max(probabilities, axis=-1))
    chosen = tf.gather(logits, labels, batch_dims=1)
    exact = tf.reduce_sum(log_norm - chosen)
    uniform = tf.reduce_sum(log_norm - tf.reduce_mean(logits, axis=-1))
    correct = tf.reduce_sum(tf.cast(chosen >= top, tf.float32))
    return Sums((1.0 - smoothing) * exact + smoothing * uniform, exact, correct)


def _less_target(
    pulled: tuple[Tensor, Tensor, Tensor],
    x: Tensor,
    matrix: Tensor,
    labels: Tensor,
    smoothing: float,
) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of x, matrix and bias: what the probabilities pull less the target.

    The smoothed target is 1 - smoothing for the label plus smoothing / vocabulary for
    every piece, Szegedy et al. (2016), section 7: no array of that size is made.
    """
    d_x, d_matrix, d_bias = pulled
    vocabulary, sure = matrix.shape[0], 1.0 - smoothing
    x, share = tf.cast(x, tf.float32), smoothing / vocabulary
    by_label = tf.math.unsorted_segment_sum(x, labels, vocabulary)
    counts = tf.math.unsorted_segment_sum(tf.ones_like(x[:, 0]), labels, vocabulary)
    everywhere = share * tf.reduce_sum(matrix, axis=0)  # [depth]
    return (
        tf.cast(d_x, tf.float32) - sure * tf.gather(matrix, labels) - everywhere,
        d_matrix - sure * by_label - share * tf.reduce_sum(x, axis=0),
        d_bias - sure * counts - share * tf.reduce_sum(counts),
    )
