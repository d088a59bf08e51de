"""Sentences that are over leave the computation of a search.

Every tensor is [batch * each, ...]: a sentence has one row in it, or one a hypothesis.
"""

from typing import Any

import tensorflow as tf

from attnmt.search.trace import NEVER, Tensor, Trace, half_done


def thinned(work: Any, going: Tensor) -> Any:
    """Nested tensors without what is not `going` [batch], once that is half of all."""

    def thin() -> Any:
        kept = tf.cast(tf.where(going)[:, 0], tf.int32)
        return tf.nest.map_structure(
            lambda x: tf.gather(x, _rows(x, kept, tf.size(going))), work
        )

    alive = tf.reduce_sum(tf.cast(going, tf.int32))
    return tf.cond(half_done(alive, tf.size(going)), thin, lambda: work)


def spread(chosen: Trace, sentences: Tensor, batch: Tensor) -> Trace:
    """What a step chose for these of `batch` sentences; the others have nothing."""

    def put(x: Tensor, nothing: float = 0) -> Tensor:
        places = _rows(x, sentences, tf.size(sentences))
        each = tf.shape(x)[0] // tf.size(sentences)
        shape = tf.concat([[batch * each], tf.shape(x)[1:]], axis=0)
        everywhere = tf.fill(shape, tf.cast(nothing, x.dtype))
        return tf.tensor_scatter_nd_update(everywhere, places[:, None], x)

    whole = tf.nest.map_structure(put, chosen)
    return whole._replace(log_probs=put(chosen.log_probs, NEVER))


def any_batch(x: Any) -> tf.TensorShape:
    """The shape of a variable of a loop in which sentences leave."""
    if isinstance(x, tf.TensorArray):
        return tf.TensorShape(None)
    return tf.TensorShape([None, *x.shape[1:]])


def _rows(x: Tensor, sentences: Tensor, batch: Tensor) -> Tensor:
    """Where sentences stand in a tensor that has rows of `batch` of them."""
    each = tf.shape(x)[0] // batch
    return tf.reshape(sentences[:, None] * each + tf.range(each), [-1])
