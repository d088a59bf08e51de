"""Scheduled sampling: training reads what the model would have said itself."""

import tensorflow as tf

from attnmt.config import schema
from attnmt.layers.attention import Tensor
from attnmt.model import PAD, Seq2Seq


def share_at(options: schema.ScheduledSampling, update: Tensor) -> Tensor:
    """It rises evenly to the one asked for, as Bengio et al. (2015), section 2.4."""
    risen = tf.cast(update, tf.float32) / max(1, options.warmup_steps)
    return options.share * tf.minimum(1.0, risen)


def with_own_pieces(
    model: Seq2Seq, source: Tensor, target_in: Tensor, share: Tensor, seed: Tensor
) -> Tensor:
    """Target ids [batch, target] of which a share are draws of the model.

    Bengio et al. (2015) in two passes, as Duckworth et al. (2019), section 3: the first
    reads the references, and what it draws at a position is what the second reads at
    the next. The beginning of a sentence stays.
    """
    real = tf.not_equal(target_in, PAD)
    attentional, seen = model.read(source, target_in, report=False)
    logits = model.logits_at(attentional, seen, source, real)  # [pieces, vocabulary]
    places: Tensor = tf.random.fold_in(seed, 0)
    others: Tensor = tf.random.fold_in(seed, 1)
    draws = tf.random.stateless_categorical(logits, 1, others, tf.int32)
    told = tf.scatter_nd(
        tf.where(real), draws[:, 0], tf.shape(real, tf.int64)
    )  # [batch, target]
    before = tf.roll(told, 1, axis=1)
    uniform = tf.random.stateless_uniform(tf.shape(real), places)
    first = tf.range(tf.shape(real)[1]) == 0  # [target]
    return tf.where((uniform < share) & real & ~first, before, target_in)
