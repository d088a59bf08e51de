"""Cosine attention."""

import math

import keras
import tensorflow as tf
from keras import ops

from attnmt.layers.attention import options
from attnmt.layers.attention.base import Memory, State, Tensor
from attnmt.layers.attention.multiplicative import GeneralAttention


class CosineAttention(GeneralAttention):
    """score = b cos(query, W key), with a learned number b above zero.

    Graves et al. (2014), eq. 5 and 6 (content addressing), where b, the key strength,
    is emitted anew at each step; here it is one weight, exp(log_strength), that begins
    as `strength`. An inverse temperature: cosines alone, in [-1, 1], would hardly
    prefer one token. `units` must be the depth of the query.
    """

    def __init__(
        self, units: int, strength: float = 10.0, name: str = "attention"
    ) -> None:
        super().__init__(units, name)
        initial = math.log(options.positive("strength", strength))
        self.log_strength = self.add_weight(
            shape=(),
            initializer=keras.initializers.Constant(initial),
            name="log_strength",
            autocast=False,
        )

    def score(self, query: Tensor, memory: Memory, state: State) -> Tensor:
        # Here and not in project_keys: what a coverage adds turns a key, no more.
        memory = memory._replace(keys=_unit_length(memory.keys))
        cosine = super().score(_unit_length(query), memory, state)
        strength = ops.exp(self.log_strength)
        return ops.multiply(ops.cast(cosine, "float32"), strength)


def _unit_length(x: Tensor) -> Tensor:
    """Vectors [..., depth] of length one; a vector of zeros stays zeros."""
    exact = tf.cast(x, tf.float32)  # squares overflow in float16
    return tf.cast(tf.math.l2_normalize(exact, axis=-1), x.dtype)
