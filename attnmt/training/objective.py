"""What training minimises: cross entropy with label smoothing, over real tokens."""

from typing import NamedTuple

import tensorflow as tf

from attnmt.layers.attention import Tensor
from attnmt.layers.dropout import Seed
from attnmt.model import PAD, Seq2Seq


class Totals(NamedTuple):
    """Sums over the target tokens of one or more batches."""

    loss: Tensor  # smoothed cross entropy
    log_loss: Tensor  # cross entropy, what perplexity is made of
    correct: Tensor  # tokens that were the most probable
    tokens: Tensor  # target tokens, the ends included, padding not


def totals(
    model: Seq2Seq,
    source: Tensor,
    target_in: Tensor,
    target_out: Tensor,
    smoothing: float,
    seed: Seed = None,
) -> Totals:
    """Loss sums of ids [batch, source], [batch, target], [batch, target]."""
    attentional, _ = model(source, target_in, seed)
    real = tf.not_equal(target_out, PAD)
    labels = tf.boolean_mask(target_out, real)  # [tokens]
    logits = model.logits(tf.boolean_mask(attentional, real))  # [tokens, vocabulary]
    smoothed, exact = cross_entropy(logits, labels, smoothing)
    guesses = tf.argmax(logits, axis=-1, output_type=labels.dtype)
    return Totals(
        tf.reduce_sum(smoothed),
        tf.reduce_sum(exact),
        tf.reduce_sum(tf.cast(guesses == labels, tf.float32)),
        tf.cast(tf.size(labels), tf.float32),
    )


def cross_entropy(
    logits: Tensor, labels: Tensor, smoothing: float
) -> tuple[Tensor, Tensor]:
    """Smoothed and exact cross entropy [tokens] of logits [tokens, vocabulary].

    Szegedy et al. (2016), section 7: the smoothed target is 1 - smoothing for the
    label plus smoothing / vocabulary for every piece. Only the smoothed one has a
    gradient.
    """
    vocabulary = logits.shape[-1]

    # By itself TensorFlow would make three logit-sized gradients and add them up.
    @tf.custom_gradient
    def both(logits: Tensor):
        log_norm = tf.reduce_logsumexp(logits, axis=-1)  # [tokens]
        chosen = tf.gather(logits, labels, batch_dims=1)
        exact = log_norm - chosen
        uniform = log_norm - tf.reduce_mean(logits, axis=-1)
        smoothed = (1.0 - smoothing) * exact + smoothing * uniform

        def gradient(upstream: Tensor, _: Tensor) -> Tensor:
            probabilities = tf.exp(logits - log_norm[:, None])
            target = tf.one_hot(
                labels,
                vocabulary,
                on_value=1.0 - smoothing + smoothing / vocabulary,
                off_value=smoothing / vocabulary,
            )
            return (probabilities - target) * upstream[:, None]

        return (smoothed, exact), gradient

    return both(logits)
