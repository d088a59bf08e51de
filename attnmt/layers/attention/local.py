"""Local attention: only a window of the source is read."""

from typing import Any, NamedTuple

import keras
import tensorflow as tf

from attnmt.layers.attention import options
from attnmt.layers.attention.base import Memory, State, Tensor
from attnmt.layers.attention.multiplicative import GeneralAttention


class Window(NamedTuple):
    """A memory of its own for each target position; row = batch * target."""

    keys: Tensor  # [row, width, units]
    values: Tensor  # [row, width, depth]
    mask: Tensor  # [row, width], True where there is a token within reach
    away: Tensor  # [row, 1, width], how far from the middle, float32


class LocalAttention(GeneralAttention):
    """score = query . W key where |s - p| <= window; a subclass says where p is.

    Nothing else is gathered, scored and read: a step costs the same however long the
    source. The weights [batch, target, source] are for reports and losses.
    """

    def __init__(self, units: int, window: int = 10, name: str = "attention") -> None:
        super().__init__(units, name)
        self.window = options.whole("window", window)

    def centres(self, query: Tensor, memory: Memory, state: State) -> Tensor:
        """The middle p of each window, float32 [batch, target]."""
        raise NotImplementedError

    def extras(self, query: Tensor, memory: Memory, state: State) -> dict[str, Tensor]:
        return {"p_center": self.centres(query, memory, state)}

    def call(
        self, query: Tensor, memory: Memory, state: State = ()
    ) -> tuple[Tensor, Tensor, State]:
        centres = self.centres(query, memory, state)[:, :, None]
        first = tf.cast(tf.math.ceil(centres - self.window), tf.int32)
        places = first + tf.range(2 * self.window + 1)  # [batch, target, width]
        away = tf.abs(tf.cast(places, tf.float32) - centres)
        window = self._look(memory, places, away)
        rows = tf.reshape(query, [-1, 1, query.shape[-1]])
        weights = self.normalise(self.score(rows, window, state), window.mask[:, None])
        context = tf.matmul(tf.cast(weights, window.values.dtype), window.values)
        batch, target, width = tf.unstack(tf.shape(places))
        context = tf.reshape(context, [batch, target, memory.values.shape[-1]])
        weights = tf.reshape(weights, [batch, target, width])
        report = _spread(weights, places, tf.shape(memory.mask)[1])
        return context, report, self.next_state(state, weights)

    def _look(self, memory: Memory, places: Tensor, away: Tensor) -> Any:
        """The Window at places [batch, target, width] that are that far away."""
        source = tf.shape(memory.mask)[1]
        inside = (places >= 0) & (places < source) & (away <= self.window)
        places = tf.clip_by_value(places, 0, source - 1)
        keys, values, mask = (tf.gather(x, places, batch_dims=1) for x in memory)
        parts = (keys, values, mask & inside)
        return Window(
            *(tf.reshape(x, [-1, *x.shape[2:]]) for x in parts),
            away=tf.reshape(away, [-1, 1, away.shape[-1]]),
        )


class LocalMonotonicAttention(LocalAttention):
    """score = query . W key where |s - p| <= window, with p = t: "local-m".

    Luong et al. (2015), section 3.2, eq. 8 "general" for the score. Source positions s
    and target positions t count from zero; past the end of the source the window stays
    at its last token, where the paper's would be empty. `window` is the paper's D.
    `units` must be the depth of the query. State: t, float32 [batch]. Extra: p_center.
    """

    def initial_state(self, memory: Memory) -> State:
        return tf.zeros_like(_lengths(memory))

    def centres(self, query: Tensor, memory: Memory, state: State) -> Tensor:
        ahead = tf.cast(tf.range(tf.shape(query)[1]), tf.float32)  # [target]
        last = _lengths(memory) - 1.0
        return tf.minimum(state[:, None] + ahead, last[:, None])

    def next_state(self, state: State, weights: Tensor) -> State:
        return state + tf.cast(tf.shape(weights)[1], tf.float32)


class LocalPredictiveAttention(LocalAttention):
    """score = query . W key - (s - p)^2 / (2 (window / 2)^2) where |s - p| <= window.

    "local-p" of Luong et al. (2015), section 3.2: eq. 9 predicts the middle of the
    window, p = S sigmoid(v . tanh(W_p query)), with S the number of real source tokens,
    and eq. 10 multiplies the softmax over the window by a Gaussian around p.
    Here the rows of eq. 10 are divided by their sum, which is the same as adding the
    Gaussian's logarithm to the score: the ratios and the order within a row are the
    paper's, and a row stays a distribution, so that its entropy, its coverage and the
    length of the context mean what they mean elsewhere. Positions s count from zero.
    `window` is the paper's D. `units`: rows of W_p, must be the depth of the query.
    Extra: p_center, the paper's p.
    """

    def __init__(self, units: int, window: int = 10, name: str = "attention") -> None:
        super().__init__(units, window, name)
        # bfloat16 would put p several tokens off in a long source.
        self.centre_layer = keras.layers.Dense(
            units, activation="tanh", use_bias=False, dtype="float32"
        )
        self.share_layer = keras.layers.Dense(
            1, activation="sigmoid", use_bias=False, dtype="float32"
        )

    def centres(self, query: Tensor, memory: Memory, state: State) -> Tensor:
        share = self.share_layer(self.centre_layer(query))[..., 0]  # [batch, target]
        return _lengths(memory)[:, None] * share

    def score(self, query: Tensor, memory: Any, state: State) -> Tensor:
        scores = tf.cast(super().score(query, memory, state), tf.float32)
        return scores - memory.away**2 / (2 * (self.window / 2) ** 2)


def _lengths(memory: Memory) -> Tensor:
    """How many real tokens each source has, float32 [batch]."""
    return tf.reduce_sum(tf.cast(memory.mask, tf.float32), axis=1)


def _spread(weights: Tensor, places: Tensor, source: Tensor) -> Tensor:
    """Weights at places, both [batch, target, width], -> [batch, target, source].

    What lies outside of the source weighs nothing; it is added to an end.
    """
    batch, target, width = tf.unstack(tf.shape(weights))
    rows = tf.reshape(tf.range(batch * target), [batch, target, 1])
    cells = rows * source + tf.clip_by_value(places, 0, source - 1)
    flat = tf.math.unsorted_segment_sum(weights, cells, batch * target * source)
    return tf.reshape(flat, [batch, target, source])
