"""What training minimises: cross entropy with label smoothing, over real tokens."""

from typing import NamedTuple

import tensorflow as tf

from attnmt.layers.attention import Tensor
from attnmt.layers.dropout import Seed, fold_in
from attnmt.model import PAD, Seq2Seq
from attnmt.search import Seen
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
    report = coverage_weight > 0.0 or guide is not None
    real = tf.not_equal(target_out, PAD)
    labels = tf.boolean_mask(target_out, real)  # [tokens]

    def told(sums: Sums, seen: Seen) -> Totals:
        loss = sums.smoothed
        if coverage_weight > 0.0:
            loss += coverage_weight * coverage_loss(seen.weights, real)
        if guide is not None:
            loss += guide.weight * guided_loss(seen.weights, guide)
        tokens = tf.cast(tf.size(labels), tf.float32)
        return Totals(loss, sums.exact, sums.correct, tokens)

    def whole(seed: Seed) -> tuple[Tensor, Totals]:
        attentional, seen = model.read(source, target_in, seed, report=report)
        logits = model.logits_at(attentional, seen, source, real)
        return logits, told(whole_cross_entropy(logits, labels, smoothing), seen)

    if seed is not None and consistency > 0.0:
        (one, first), (two, second) = (whole(fold_in(seed, i)) for i in range(2))
        mean = Totals(*((a + b) / 2.0 for a, b in zip(first, second, strict=True)))
        apart = consistency / 2.0 * divergence(one, two)
        return mean._replace(loss=mean.loss + apart)
    if seed is None or model.copies:
        return whole(seed)[1]
    # The same for a training, which has no use for the logits themselves.
    attentional, seen = model.read(source, target_in, seed, report=report)
    chosen = tf.boolean_mask(attentional, real)  # [tokens, depth]
    matrix, bias = model.output_weights
    sums = projected_cross_entropy(chosen, matrix, bias, labels, smoothing)
    return told(sums, seen)


def divergence(one: Tensor, two: Tensor) -> Tensor:
    """Half of KL(p, q) + KL(q, p), summed over rows of logits [rows, vocabulary].

    Liang et al. (2021), eq. 2.
    """
    p, q = tf.nn.log_softmax(one), tf.nn.log_softmax(two)
    return 0.5 * tf.reduce_sum((tf.exp(p) - tf.exp(q)) * (p - q))


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
