"""Copying: a piece comes from the vocabulary or from the source, See et al. (2017)."""

from typing import NamedTuple

import tensorflow as tf

from attnmt.layers.attention import Tensor
from attnmt.layers.heads import mean_of_heads

NEAREST = 1e-6  # how near p_gen comes to 0 and 1, so that logarithms stay finite


class Copying(NamedTuple):
    """What each of several target positions may copy."""

    p_gen: Tensor  # [rows], the probability of not copying
    weights: Tensor  # [rows, source]
    source: Tensor  # [rows, source], ids


def at_a_step(p_gen: Tensor, weights: Tensor, source: Tensor) -> Copying:
    """Of [batch], [batch, (head,) source] and ids [batch, source]."""
    return Copying(p_gen, mean_of_heads(weights, rank=2), source)


def at_positions(
    p_gen: Tensor, weights: Tensor, source: Tensor, chosen: Tensor
) -> Copying:
    """Of [batch, target], [batch, (head,) target, source] and ids [batch, source].

    The rows are the positions that are True in `chosen` [batch, target].
    """
    return Copying(
        tf.boolean_mask(p_gen, chosen),
        tf.boolean_mask(mean_of_heads(weights), chosen),
        tf.gather(source, tf.where(chosen)[:, 0]),
    )


def mixture(logits: Tensor, copying: Copying) -> Tensor:
    """The log-probability of each piece, [rows, vocabulary]; `logits` are as many.

    P(w) = p_gen P_vocabulary(w) + (1 - p_gen) sum_{j: source_j = w} weights_j,
    See et al. (2017), eq. 9.
    """
    p_gen, weights, source = copying
    rows, vocabulary = tf.unstack(tf.shape(logits))
    cells = tf.range(rows)[:, None] * vocabulary + source  # [rows, source]
    shares = (1.0 - p_gen)[:, None] * weights
    copied = tf.math.unsorted_segment_sum(shares, cells, rows * vocabulary)
    copied = tf.reshape(copied, tf.shape(logits))
    generated = tf.nn.log_softmax(logits) + tf.math.log(p_gen)[:, None]
    there = copied > 0.0
    log_copied = tf.math.log(tf.where(there, copied, 1.0))
    # log(e^a + e^b) = a + softplus(b - a)
    both = generated + tf.math.softplus(log_copied - generated)
    return tf.where(there, both, generated)
