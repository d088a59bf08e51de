"""Sentences that are over leave the computation of a search.

Every tensor is [batch * each, ...]: a sentence has one row in it, or one a hypothesis.
"""

from typing import Any

import tensorflow as tf

from attnmt.search.trace import NEVER, Tensor, Trace


def kept(work: Any, going: Tensor) -> Any:
    """The rows of nested tensors whose sentences are `going` [batch]."""
    places = tf.cast(tf.where(going)[:, 0], tf.int32)

    def rows(x: Tensor) -> Tensor:
        return tf.gather(x, _rows(places, tf.shape(x)[0] // tf.size(going)))

    return tf.nest.map_structure(rows, work)


def spread(trace: Trace, sentences: Tensor, batch: Tensor) -> Trace:
    """A trace of these of `batch` sentences as one of all; the others have nothing."""
    count = tf.size(sentences)
    nowhere = tf.fill([batch], count)
    places = tf.tensor_scatter_nd_update(
        nowhere, sentences[:, None], tf.range(count)
    )  # [batch]

    def put(x: Tensor, nothing: float = 0) -> Tensor:
        each = tf.shape(x)[1] // count
        padding = tf.scatter_nd([[1, 1]], [each], [tf.rank(x), 2])
        padded = tf.pad(x, padding, constant_values=tf.cast(nothing, x.dtype))
        return tf.gather(padded, _rows(places, each), axis=1)

    whole = tf.nest.map_structure(put, trace)
    return whole._replace(log_probs=put(trace.log_probs, NEVER))


def _rows(places: Tensor, each: Tensor) -> Tensor:
    """Where the rows of sentences stand that have `each` of them, one after another."""
    return tf.reshape(places[:, None] * each + tf.range(each), [-1])
