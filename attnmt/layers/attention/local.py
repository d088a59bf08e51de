"""Local attention: only a window of the source is read."""

import keras
import tensorflow as tf
from keras import ops

from attnmt.layers.attention import options
from attnmt.layers.attention.base import Memory, State, Tensor
from attnmt.layers.attention.multiplicative import GeneralAttention

OUTSIDE = -1e30  # the score of what the window leaves out; its weight is exactly zero


class LocalMonotonicAttention(GeneralAttention):
    """score = query . W key where |s - p| <= window, with p = t: "local-m".

    Luong et al. (2015), section 3.2, eq. 8 "general" for the score. Source positions s
    and target positions t count from zero; past the end of the source the window stays
    at its last token, where the paper's would be empty. `window` is the paper's D.
    `units` must be the depth of the query. State: t, float32 [batch].
    """

    def __init__(self, units: int, window: int = 10, name: str = "attention") -> None:
        super().__init__(units, name)
        self.window = options.whole("window", window)

    def initial_state(self, memory: Memory) -> State:
        return ops.zeros_like(_lengths(memory))

    def centres(self, query: Tensor, memory: Memory, state: State) -> Tensor:
        """The middle p of each window, float32 [batch, target]."""
        ahead = tf.cast(tf.range(tf.shape(query)[1]), "float32")  # [target]
        last = _lengths(memory) - 1.0
        return ops.minimum(state[:, None] + ahead, last[:, None])

    def score(self, query: Tensor, memory: Memory, state: State) -> Tensor:
        scores = ops.cast(super().score(query, memory, state), "float32")
        away = _distances(self.centres(query, memory, state), memory)
        return ops.where(away <= self.window, scores, OUTSIDE)

    def next_state(self, state: State, weights: Tensor) -> State:
        return state + tf.cast(tf.shape(weights)[1], "float32")


class LocalPredictiveAttention(GeneralAttention):
    """score = query . W key - (s - p)^2 / (2 (window / 2)^2) where |s - p| <= window.

    "local-p" of Luong et al. (2015), section 3.2: eq. 9 predicts the middle of the
    window, p = S sigmoid(v . tanh(W_p query)), with S the number of real source tokens,
    and eq. 10 multiplies the softmax over the window by a Gaussian around p.
    Here the rows of eq. 10 are divided by their sum, which is the same as adding the
    Gaussian's logarithm to the score: the ratios and the order within a row are the
    paper's, and a row stays a distribution, so that its entropy, its coverage and the
    length of the context mean what they mean elsewhere. Positions s count from zero.
    `window` is the paper's D. `units`: rows of W_p, must be the depth of the query.
    """

    def __init__(self, units: int, window: int = 10, name: str = "attention") -> None:
        super().__init__(units, name)
        self.window = options.whole("window", window)
        # bfloat16 would put p several tokens off in a long source.
        self.centre_layer = keras.layers.Dense(
            units, activation="tanh", use_bias=False, dtype="float32"
        )
        self.share_layer = keras.layers.Dense(
            1, activation="sigmoid", use_bias=False, dtype="float32"
        )

    def centres(self, query: Tensor, memory: Memory) -> Tensor:
        """The middle p of each window, float32 [batch, target]."""
        share = self.share_layer(self.centre_layer(query))[..., 0]  # [batch, target]
        return _lengths(memory)[:, None] * share

    def score(self, query: Tensor, memory: Memory, state: State) -> Tensor:
        scores = ops.cast(super().score(query, memory, state), "float32")
        away = _distances(self.centres(query, memory), memory)
        near = scores - away**2 / (2 * (self.window / 2) ** 2)
        return ops.where(away <= self.window, near, OUTSIDE)


def _lengths(memory: Memory) -> Tensor:
    """How many real tokens each source has, float32 [batch]."""
    return ops.sum(ops.cast(memory.mask, "float32"), axis=1)


def _distances(centres: Tensor, memory: Memory) -> Tensor:
    """From centres [batch, target] to each position, [batch, target, source]."""
    positions = tf.cast(tf.range(tf.shape(memory.mask)[1]), "float32")
    return ops.abs(positions - centres[:, :, None])
