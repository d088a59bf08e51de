"""Weights of several heads as those of one."""

import tensorflow as tf

from attnmt.layers.attention import Tensor


def mean_of_heads(weights: Tensor, rank: int = 3) -> Tensor:
    """Of weights [batch, (head,) target, source]; with rank 2 [batch, (head,) source].

    Those without heads, which have that rank, come back as they are.
    """
    return weights if len(weights.shape) == rank else tf.reduce_mean(weights, axis=1)
