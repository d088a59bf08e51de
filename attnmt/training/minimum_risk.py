"""The expected risk of translations, and what training is told of it."""

from typing import NamedTuple

import tensorflow as tf

from attnmt.layers.attention import Tensor
from attnmt.layers.dropout import Seed
from attnmt.model import PAD, Seq2Seq
from attnmt.training.objective import Totals, cross_entropy, whole_cross_entropy


class Risks(NamedTuple):
    """What each of several translations of a batch of sources risks."""

    of: Tensor  # [rows] int32, the place of its source
    risks: Tensor  # [rows]


def risk_totals(
    model: Seq2Seq,
    source: Tensor,
    target_in: Tensor,
    target_out: Tensor,
    given: Risks,
    alpha: float,
    seed: Seed = None,
) -> Totals:
    """Sums over ids [batch, source] and translations [rows, target], twice.

    The loss of a reference's piece is the expected risk of its source: a source counts
    by its length, as in a cross entropy and in the score of a corpus. What else is told
    is of the references, the first rows.
    """
    each, batch = tf.gather(source, given.of), tf.shape(source)[0]  # [rows, source]
    real = tf.not_equal(target_out, PAD)
    attentional, seen = model.read(source, target_in, seed, report=False, of=given.of)
    logits = model.logits_at(attentional, seen, each, real)  # [pieces, vocabulary]
    labels = tf.boolean_mask(target_out, real)  # [pieces]
    costs, _ = cross_entropy(logits, labels, 0.0)
    rows = tf.where(real)[:, 0]
    log_probs = -tf.math.unsorted_segment_sum(costs, rows, tf.size(given.of))
    lengths = tf.reduce_sum(tf.cast(real[:batch], tf.int32), axis=1)  # [batch]
    risks = expected_risks(log_probs, given, batch, alpha)
    pieces = tf.reduce_sum(lengths)
    told = whole_cross_entropy(logits[:pieces], labels[:pieces], 0.0)
    counts = tf.cast(lengths, tf.float32)
    loss = tf.reduce_sum(counts * risks)
    return Totals(loss, told.exact, told.correct, tf.reduce_sum(counts))


def expected_risks(
    log_probs: Tensor, given: Risks, batch: Tensor, alpha: float
) -> Tensor:
    """sum_i Q_i risk_i with Q_i = P_i^alpha / sum_j P_j^alpha, [batch].

    Shen et al. (2016), section 3, of log P [rows]; i and j are translations of the
    same source, of which every one has some.
    """
    of, risks = given
    sharp = alpha * log_probs  # [rows]
    top = tf.math.unsorted_segment_max(tf.stop_gradient(sharp), of, batch)
    mass = tf.exp(sharp - tf.gather(top, of))
    whole = tf.math.unsorted_segment_sum(mass, of, batch)  # [batch]
    return tf.math.unsorted_segment_sum(mass * risks, of, batch) / whole
