"""The largest of many numbers."""

import tensorflow as tf

from attnmt.search.trace import Tensor

FEW = 1000  # columns; of fewer TensorFlow finds the largest as fast


def top_k(x: Tensor, k: Tensor) -> tuple[Tensor, Tensor]:
    """The `k` largest in each row of [rows, columns] and their columns, as TensorFlow.

    Of equals the first ones. They are all in the `k` blocks of a row whose largest are
    the largest: blocks are compared first, and only those `k` are looked into.
    """
    columns = x.shape[-1] or 0  # 0: known only when it runs, as of a shortlist
    size = _block_size(columns)
    if size is None:
        return tf.math.top_k(x, k)
    count = columns // size
    blocks = tf.reshape(x, [-1, count, size])
    _, chosen = tf.math.top_k(tf.reduce_max(blocks, axis=-1), tf.minimum(k, count))
    chosen = tf.sort(chosen, axis=-1)  # [rows, k]: the first of equals stay the first
    some = tf.gather(blocks, chosen, batch_dims=1)  # [rows, k, size]
    best, places = tf.math.top_k(tf.reshape(some, [tf.shape(x)[0], -1]), k)
    block = tf.gather(chosen, places // size, batch_dims=1)
    return best, block * size + places % size


def _block_size(columns: int) -> int | None:
    """A number of columns that divides all; None when that would not pay."""
    if columns < FEW:
        return None
    sizes = range(32, 129)
    return max((n for n in sizes if columns % n == 0), default=None)
