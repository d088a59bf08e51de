"""Drawing tokens where a beam search takes the best."""

from typing import NamedTuple

import tensorflow as tf

from attnmt.search.beam import Front
from attnmt.search.rules import vocabulary_of
from attnmt.search.trace import NEVER, Tensor


class Drawing(NamedTuple):
    """What is drawn from, and with: the same numbers make the same draws."""

    numbers: Tensor  # [batch, beam, time], uniform in [0, 1): one for each token
    temperature: float = 1.0  # divides the logits
    top_k: int | None = None  # only so many of the likeliest tokens
    top_p: float = 1.0  # only the fewest of them that have this probability together


def draw(
    logits: Tensor,
    log_norm: Tensor,
    front: Front,
    beam_size: Tensor,
    *,
    numbers: Tensor,
    drawing: Drawing,
) -> tuple[Tensor, Tensor, Tensor]:
    """One extension of each hypothesis, as `attnmt.search.beam.extend` gives the best.

    `numbers` [batch * beam] are those of this step. What is told is the probability
    under the model, whatever the temperature.
    """
    tokens = _drawn(logits, numbers, drawing)
    gains = tf.gather(logits, tokens, batch_dims=1) - log_norm[:, 0]
    gains = tf.minimum(gains, 0.0)  # rounding may leave it above
    shape = tf.shape(front.log_probs)
    log_probs = tf.maximum(front.log_probs + tf.reshape(gains, shape), NEVER)
    parents = tf.broadcast_to(tf.range(beam_size), shape)
    return tf.reshape(tokens, shape), parents, log_probs


def _drawn(logits: Tensor, numbers: Tensor, drawing: Drawing) -> Tensor:
    """A token of each row, [rows]; never one whose logit is NEVER."""
    tokens, vocabulary = None, vocabulary_of(logits)
    if drawing.top_k or drawing.top_p < 1.0:
        most = tf.minimum(drawing.top_k or vocabulary, vocabulary)
        logits, tokens = tf.math.top_k(logits, most)  # the likeliest first
    top = tf.reduce_max(logits, axis=-1, keepdims=True)
    probabilities = tf.nn.softmax((logits - top) / drawing.temperature)
    if drawing.top_p < 1.0:
        before = tf.cumsum(probabilities, axis=-1, exclusive=True)
        probabilities = tf.where(before < drawing.top_p, probabilities, 0.0)
    places = _places(probabilities, numbers)
    return places if tokens is None else tf.gather(tokens, places, batch_dims=1)


def _places(probabilities: Tensor, numbers: Tensor) -> Tensor:
    """Where the sum of probabilities passes a number, [rows]; never where one is 0.

    They need not add up to one. Rounding may keep a sum from getting that far: then
    it is the first place that is not 0.
    """
    size = vocabulary_of(probabilities)
    sums = tf.cumsum(probabilities, axis=-1)
    passed = sums > numbers[:, None] * sums[:, -1:]
    order = tf.range(size) + tf.where(passed, 0, size)
    order = tf.where(probabilities > 0.0, order, 2 * size)
    return tf.reduce_min(order, axis=-1) % size
