"""Normalisers with exact zeros: sparsemax, entmax 1.5, entmax of a learned alpha.

All are weight = max((alpha - 1) score - tau, 0) ** (1 / (alpha - 1)), with the tau for
which a row sums to one (Peters et al. 2019, section 3). Each finds tau without
gradients, then writes it as a function of the scores, so that gradients go through it.
"""

from collections.abc import Callable

import tensorflow as tf

from attnmt.layers.attention.normalisers import Normaliser, Tensor

HALVINGS = 24  # of an interval of at most log(source): its end is right to 1e-6


class Sparsemax(Normaliser):
    """max(score - tau, 0), the point of the simplex nearest to the scores.

    Martins & Astudillo (2016), algorithm 1; tau is the largest of its candidates.
    """

    def call(self, scores: Tensor, mask: Tensor) -> Tensor:
        scores = tf.maximum(_from_top(scores, mask), -2.0)  # lower ones weigh nothing
        _, rank, mean = _ordered(scores)
        tau = tf.reduce_max(mean - 1.0 / rank, axis=-1, keepdims=True)
        count, mean, _ = _moments(scores, scores > tf.stop_gradient(tau))
        tau = mean - 1.0 / count
        return tf.where(mask, tf.nn.relu(scores - tau), 0.0)


class Entmax15(Normaliser):
    """max(score / 2 - tau, 0) ** 2: between softmax and sparsemax.

    Peters et al. (2019), algorithm 2, entmax for alpha = 1.5 by sorting.
    """

    def call(self, scores: Tensor, mask: Tensor) -> Tensor:
        scores = tf.maximum(_from_top(scores, mask), -2.0) / 2.0
        ordered, rank, mean = _ordered(scores)
        spread = tf.cumsum(ordered**2, axis=-1) - rank * mean**2
        tau = mean - tf.sqrt(tf.nn.relu(1.0 - spread) / rank)
        tau = tf.where(tau <= ordered, tau, -2.0)
        tau = tf.stop_gradient(tf.reduce_max(tau, axis=-1, keepdims=True))
        count, mean, spread = _moments(scores, scores > tau)
        tau = mean - tf.sqrt((1.0 - spread) / count)
        return tf.where(mask, tf.nn.relu(scores - tau) ** 2, 0.0)


class AlphaEntmax(Normaliser):
    """Entmax with a learned alpha between 1 (softmax) and 2 (sparsemax).

    Correia et al. (2019), section 3, by bisection; alpha = 1 + sigmoid(alpha_logit)
    begins at 1.5. A weight is (1 + a (score - shift)) ** (1 / a) with a = alpha - 1;
    shift = (tau + 1) / a stays finite as alpha goes to 1.
    """

    def __init__(self) -> None:
        super().__init__()
        self.alpha_logit = self.add_weight(
            name="alpha_logit",
            shape=(),
            initializer="zeros",
            dtype="float32",
            autocast=False,
        )

    def call(self, scores: Tensor, mask: Tensor) -> Tensor:
        scores = tf.maximum(_from_top(scores, mask), -1e4)
        a = tf.sigmoid(self.alpha_logit)

        def weigh(shift: Tensor) -> Tensor:
            x = a * (scores - shift)
            inside = x > -1.0
            power = tf.exp(tf.math.log1p(tf.where(inside, x, 0.0)) / a)
            return tf.where(inside, power, 0.0)

        shift = tf.stop_gradient(_bisect(weigh, scores, a))
        # A Newton step from there is exact, and has the gradients of the solution.
        weights = weigh(shift)
        slope = tf.reduce_sum(
            tf.where(weights > 0.0, weights ** (1.0 - a), 0.0), -1, True
        )
        total = tf.reduce_sum(weights, axis=-1, keepdims=True)
        weights = weigh(shift + (total - 1.0) / tf.stop_gradient(slope))
        return tf.where(mask, weights, 0.0)


def _bisect(weigh: Callable[[Tensor], Tensor], scores: Tensor, a: Tensor) -> Tensor:
    """The shift, from below, with which a row of weights sums to one."""
    size = tf.cast(tf.shape(scores)[-1], "float32")
    # With a shift of 0 the best weighs one, at the end of the interval 1 / size.
    low = tf.zeros_like(scores[..., :1])
    width = -tf.math.expm1(-a * tf.math.log(size)) / a
    for _ in range(HALVINGS):
        width = width / 2.0
        enough = tf.reduce_sum(weigh(low + width), axis=-1, keepdims=True) >= 1.0
        low = tf.where(enough, low + width, low)
    return low


def _from_top(scores: Tensor, mask: Tensor) -> Tensor:
    """Float32 scores whose largest is 0, with padding far below."""
    scores = tf.where(mask, tf.cast(scores, "float32"), -1e30)
    top = tf.reduce_max(scores, axis=-1, keepdims=True)
    return scores - tf.stop_gradient(top)


def _ordered(scores: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The scores, largest first; their ranks from 1; the mean of those so far."""
    ordered = tf.sort(tf.stop_gradient(scores), axis=-1, direction="DESCENDING")
    rank = tf.cumsum(tf.ones_like(ordered), axis=-1)
    return ordered, rank, tf.cumsum(ordered, axis=-1) / rank


def _moments(scores: Tensor, chosen: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Number, mean and summed squared deviation of the chosen scores of a row."""

    def total(x: Tensor) -> Tensor:
        return tf.reduce_sum(tf.where(chosen, x, 0.0), axis=-1, keepdims=True)

    count = total(tf.ones_like(scores))
    mean = total(scores) / count
    return count, mean, total((scores - mean) ** 2)
