"""What training minimises: cross entropy with label smoothing, over real tokens."""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import tensorflow as tf

from attnmt.layers.attention import Tensor
from attnmt.layers.dropout import Seed
from attnmt.model import PAD, Seq2Seq
from attnmt.training.attention_loss import Guide, coverage_loss, guided_loss
from attnmt.training.output_loss import Sums, projected_cross_entropy


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
    consistency: float = 0.0,
) -> Totals:
    """Loss sums of ids [batch, source], [batch, target], [batch, target].

    With `consistency` the batch is read twice, and the loss is half of that of R-Drop,
    Liang et al. (2021), eq. 4: what a difference of two dropouts makes is part of it.
    """
    ids = source, target_in, target_out
    read = partial(
        _read, model, seed=seed, smoothing=smoothing, coverage_weight=coverage_weight
    )
    if seed is None or consistency == 0.0:
        return read(ids, guide=guide, whole=seed is None or model.copies)[0]
    # One reading of the batch twice: as many steps as for the batch alone.
    again = [tf.concat([x, x], axis=0) for x in ids]
    if guide is not None:
        guide = _again(guide, tf.shape(source)[0])
    both, logits = read(again, guide=guide, whole=True)
    assert logits is not None
    mean = Totals(*(part / 2.0 for part in both))
    apart = divergence(*tf.split(logits, 2))
    return mean._replace(loss=mean.loss + consistency / 2.0 * apart)


def _read(
    model: Seq2Seq,
    ids: Sequence[Tensor],
    *,
    seed: Seed,
    smoothing: float,
    coverage_weight: float,
    guide: Guide | None,
    whole: bool,
) -> tuple[Totals, Tensor | None]:
    """Loss sums of one reading, and its logits [tokens, vocabulary] if `whole`."""
    source, target_in, target_out = ids
    report = coverage_weight > 0.0 or guide is not None
    real = tf.not_equal(target_out, PAD)
    labels, logits = tf.boolean_mask(target_out, real), None  # [tokens]
    attentional, seen = model.read(source, target_in, seed, report=report)
    if whole:
        logits = model.logits_at(attentional, seen, source, real)
        sums = whole_cross_entropy(logits, labels, smoothing)
    else:  # the same for a training, which has no use for the logits themselves
        chosen = tf.boolean_mask(attentional, real)  # [tokens, depth]
        sums = projected_cross_entropy(chosen, *model.output_weights, labels, smoothing)
    loss = sums.smoothed
    if coverage_weight > 0.0:
        loss += coverage_weight * coverage_loss(seen.weights, real)
    if guide is not None:
        loss += guide.weight * guided_loss(seen.weights, guide)
    tokens = tf.cast(tf.size(labels), tf.float32)
    return Totals(loss, sums.exact, sums.correct, tokens), logits


def _again(guide: Guide, batch: Tensor) -> Guide:
    """The guide of a batch and of the same batch below it."""
    below = guide.links + [batch, 0, 0]
    links = tf.concat([guide.links, below], axis=0)
    return Guide(links, tf.concat([guide.shares] * 2, axis=0), guide.weight)


def divergence(one: Tensor, two: Tensor) -> Tensor:
    """Half of KL(p, q) + KL(q, p), summed over rows of logits [rows, vocabulary].

    Liang et al. (2021), eq. 2.
    """

    # By itself TensorFlow would hold a dozen arrays of this size.
    @tf.custom_gradient
    def apart(one: Tensor, two: Tensor):
        log_p, log_q = tf.nn.log_softmax(one), tf.nn.log_softmax(two)
        p, q, ratio = tf.exp(log_p), tf.exp(log_q), log_p - log_q

        def side(p: Tensor, q: Tensor, ratio: Tensor, upstream: Tensor) -> Tensor:
            mean = tf.reduce_sum(p * ratio, axis=-1, keepdims=True)
            return 0.5 * upstream * (p * (ratio - mean + 1.0) - q)

        def gradient(upstream: Tensor) -> tuple[Tensor, Tensor]:
            return side(p, q, ratio, upstream), side(q, p, -ratio, upstream)

        return 0.5 * tf.reduce_sum((p - q) * ratio), gradient

    return apart(one, two)


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
