"""What training minimises: cross entropy with label smoothing, over real tokens.

To it may be added what the attention does wrong: reading twice, or the wrong words.
"""

from typing import NamedTuple

import tensorflow as tf

from attnmt.layers.attention import Tensor
from attnmt.layers.dropout import Seed
from attnmt.model import PAD, Seq2Seq
from attnmt.training.output_loss import Sums, projected_cross_entropy

EPSILON = 1e-6  # added to a weight before its logarithm


class Guide(NamedTuple):
    """Where the attention should look."""

    links: Tensor  # [links, 3] int32: place in the batch, target and source position
    shares: Tensor  # [links] float32, of the weights of that target position
    weight: Tensor  # of the loss


class Totals(NamedTuple):
    """Sums over the target tokens of one or more batches."""

    loss: Tensor  # what is minimised: smoothed cross entropy and losses of attention
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
    coverage_weight: float = 0.0,
    guide: Guide | None = None,
) -> Totals:
    """Loss sums of ids [batch, source], [batch, target], [batch, target]."""
    report = coverage_weight > 0.0 or guide is not None
    attentional, seen = model.read(source, target_in, seed, report=report)
    real = tf.not_equal(target_out, PAD)
    labels = tf.boolean_mask(target_out, real)  # [tokens]
    if seed is None or model.copies:
        logits = model.logits_at(attentional, seen, source, real)
        sums = whole_cross_entropy(logits, labels, smoothing)
    else:  # the same for a training, which has no use for the logits themselves
        chosen = tf.boolean_mask(attentional, real)  # [tokens, depth]
        matrix, bias = model.output_weights
        sums = projected_cross_entropy(chosen, matrix, bias, labels, smoothing)
    loss = sums.smoothed
    if coverage_weight > 0.0:
        loss += coverage_weight * coverage_loss(seen.weights, real)
    if guide is not None:
        loss += guide.weight * guided_loss(seen.weights, guide)
    return Totals(
        loss,
        sums.exact,
        sums.correct,
        tf.cast(tf.size(labels), tf.float32),
    )


def coverage_loss(weights: Tensor, real: Tensor) -> Tensor:
    """sum_t sum_j min(a_tj, c_tj) with c_t the sum of a before t, a scalar.

    See et al. (2017), eq. 10 to 12, of weights [batch, (head,) target, source] where
    `real` [batch, target]; heads are averaged.
    """
    weights = _mean_of_heads(weights)
    before = tf.cumsum(weights, axis=1, exclusive=True)
    twice = tf.reduce_sum(tf.minimum(weights, before), axis=-1)  # [batch, target]
    return tf.reduce_sum(tf.where(real, twice, 0.0))


def guided_loss(weights: Tensor, guide: Guide) -> Tensor:
    """-sum of shares times log(weight + epsilon) over the links, a scalar.

    Chen et al. (2016), section 3.2, in the form of Marian; target positions without a
    link cost nothing. Heads of weights [batch, (head,) target, source] are averaged.
    """
    linked = tf.gather_nd(_mean_of_heads(weights), guide.links)  # [links]
    return -tf.reduce_sum(guide.shares * tf.math.log(linked + EPSILON))


def _mean_of_heads(weights: Tensor) -> Tensor:
    return weights if weights.shape.rank == 3 else tf.reduce_mean(weights, axis=1)


def whole_cross_entropy(logits: Tensor, labels: Tensor, smoothing: float) -> Sums:
    """Sums over tokens of logits [tokens, vocabulary]."""
    smoothed, exact = cross_entropy(logits, labels, smoothing)
    guesses = tf.argmax(logits, axis=-1, output_type=labels.dtype)
    correct = tf.reduce_sum(tf.cast(guesses == labels, tf.float32))
    return Sums(tf.reduce_sum(smoothed), tf.reduce_sum(exact), correct)


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
