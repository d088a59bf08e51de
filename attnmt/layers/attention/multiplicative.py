"""Multiplicative attention: dot, scaled dot, general, scaled general."""

import math

import keras
import tensorflow as tf

from attnmt.errors import ConfigError
from attnmt.layers.attention.base import Attention, Memory, State, Tensor


class DotAttention(Attention):
    """score = query . key. Luong et al. (2015), eq. 8, "dot"."""

    advice = (
        "make model.decoder.units the encoder's depth (its units, twice that when "
        "bidirectional), or use type: general without units"
    )

    def score(self, query: Tensor, memory: Memory, state: State) -> Tensor:
        if query.shape[-1] != memory.keys.shape[-1]:
            raise ConfigError(
                f"model.attention: {type(self).__name__} expected queries and keys of "
                f"one depth, found queries of {query.shape[-1]} and keys of "
                f"{memory.keys.shape[-1]}: {self.advice}"
            )
        # Keys turned round beforehand would be kept for the gradient at every step.
        keys = tf.cast(memory.keys, query.dtype)
        return tf.matmul(query, keys, transpose_b=True)  # [batch, target, source]


class ScaledDotAttention(DotAttention):
    """score = query . key / sqrt(depth). Vaswani et al. (2017), eq. 1."""

    def score(self, query: Tensor, memory: Memory, state: State) -> Tensor:
        return super().score(query, memory, state) / math.sqrt(query.shape[-1])


class GeneralAttention(DotAttention):
    """score = query . W key. Luong et al. (2015), eq. 8, "general".

    `units` must be the depth of the query.
    """

    advice = "leave out units, which are model.decoder.units then"

    def __init__(self, units: int, name: str = "attention") -> None:
        super().__init__(units, name)
        self.key_layer = keras.layers.Dense(units, use_bias=False)

    def project_keys(self, values: Tensor) -> Tensor:
        return self.key_layer(values)  # [batch, source, units]


class ScaledGeneralAttention(GeneralAttention):
    """score = g query . W key, with a learned number g that begins as 1.

    Luong et al. (2015), eq. 8, "general", with the scale of TensorFlow 1's
    scaled_luong (tensorflow/nmt). `units` must be the depth of the query.
    """

    def __init__(self, units: int, name: str = "attention") -> None:
        super().__init__(units, name)
        self.scale = self.add_weight(shape=(), initializer="ones", name="scale")

    def score(self, query: Tensor, memory: Memory, state: State) -> Tensor:
        scores = super().score(query, memory, state)  # [batch, target, source]
        return scores * tf.cast(self.scale, scores.dtype)
