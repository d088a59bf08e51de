"""What the attention does wrong: reading twice, or the wrong words."""

from typing import NamedTuple

import tensorflow as tf

from attnmt.layers.attention import Tensor
from attnmt.layers.heads import mean_of_heads

EPSILON = 1e-6  # added to a weight before its logarithm


class Guide(NamedTuple):
    """Where the attention should look."""

    links: Tensor  # [links, 3] int32: place in the batch, target and source position
    shares: Tensor  # [links] float32, of the weights of that target position
    weight: Tensor  # of the loss


def coverage_loss(weights: Tensor, real: Tensor) -> Tensor:
    """sum_t sum_j min(a_tj, c_tj) with c_t the sum of a before t, a scalar.

    See et al. (2017), eq. 10 to 12, of weights [batch, (head,) target, source] where
    `real` [batch, target]; heads are averaged.
    """
    weights = mean_of_heads(weights)
    before = tf.cumsum(weights, axis=1, exclusive=True)
    twice = tf.reduce_sum(tf.minimum(weights, before), axis=-1)  # [batch, target]
    return tf.reduce_sum(tf.where(real, twice, 0.0))


def guided_loss(weights: Tensor, guide: Guide) -> Tensor:
    """-sum of shares times log(weight + epsilon) over the links, a scalar.

    Chen et al. (2016), section 3.2, in the form of Marian; target positions without a
    link cost nothing. Heads of weights [batch, (head,) target, source] are averaged.
    """
    linked = tf.gather_nd(mean_of_heads(weights), guide.links)  # [links]
    return -tf.reduce_sum(guide.shares * tf.math.log(linked + EPSILON))
