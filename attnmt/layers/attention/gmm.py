"""Gaussian mixture attention."""

import keras
import tensorflow as tf
from keras import ops

from attnmt.layers.attention import options
from attnmt.layers.attention.base import Attention, Memory, State, Tensor


class GaussianMixtureAttention(Attention):
    """score = log sum_k a_k exp(-b_k (c_k - s)^2): Gaussians that only move forwards.

    Graves (2013), eq. 46 to 51, a, b, c being its alpha, beta, kappa: (log a, log b,
    log of c's step) = W query + bias, for `components` Gaussians, and c += step. Source
    positions s count from one, c begins at zero, and a step begins as about one token.
    Graves' weights are the sum itself, without a bound; here the normaliser makes them
    a distribution over the source, as other rows are (Battenberg et al. 2020 normalise
    each Gaussian): when c has left the source the row stays at its end instead of
    vanishing. It reads no keys, so neither content nor `units` matters.
    State: c, float32 [batch, components]. Extra: p_centers, c counted from zero.
    """

    scores_by_keys = False

    def __init__(
        self, units: int, components: int = 10, name: str = "attention"
    ) -> None:
        super().__init__(units, name)
        self.components = options.whole("components", components)
        # Rounded steps would add up to another place.
        self.mixture_layer = keras.layers.Dense(3 * components, dtype="float32")

    def initial_state(self, memory: Memory) -> State:
        return tf.zeros([tf.shape(memory.values)[0], self.components])

    def centres(self, query: Tensor, state: State) -> Tensor:
        """The places c of the Gaussians, float32 [batch, target, components]."""
        steps = tf.exp(self._mixture(query)[2])
        return state[:, None, :] + tf.cumsum(steps, axis=1)

    def score(self, query: Tensor, memory: Memory, state: State) -> Tensor:
        log_a, log_b, _ = self._mixture(query)  # [batch, target, components]
        places = tf.cast(tf.range(tf.shape(memory.mask)[1]) + 1, "float32")
        away = self.centres(query, state)[..., None] - places  # [..., source]
        exponents = log_a[..., None] - tf.exp(log_b)[..., None] * away**2
        return ops.logsumexp(exponents, axis=2)  # [batch, target, source]

    def state_after(
        self, query: Tensor, memory: Memory, state: State, weights: Tensor
    ) -> State:
        return self.centres(query, state)[:, -1]

    def extras(self, query: Tensor, memory: Memory, state: State) -> dict[str, Tensor]:
        return {"p_centers": self.centres(query, state) - 1.0}

    def _mixture(self, query: Tensor) -> list[Tensor]:
        """log a, log b and log of the step, each [batch, target, components]."""
        return tf.split(self.mixture_layer(query), 3, axis=-1)
