"""Attention over a fixed number of memory slots in place of the source positions."""

import keras
import tensorflow as tf
from keras import ops

from attnmt.layers.attention import options
from attnmt.layers.attention.base import Memory, Tensor
from attnmt.layers.attention.multiplicative import GeneralAttention
from attnmt.layers.attention.normalisers import Softmax


class LinformerAttention(GeneralAttention):
    """score_k = query . W slot_k, with slot_k = sum_j softmax_j(A value)_jk value_j.

    Keys and values are both those of the slots, Wang et al. (2020), eq. 7; a position's
    share of a slot depends on what stands there and not on where, as in Britz et al.
    (2017), so that the source may be of any length. The columns of the weights are
    slots: they tell nothing of source tokens. `slots`: how many.
    """

    align_kind = "slot"

    def __init__(self, units: int, slots: int = 32, name: str = "attention") -> None:
        super().__init__(units, name)
        self.slots = options.whole("slots", slots)
        self.slot_layer = keras.layers.Dense(slots, use_bias=False)
        self.shares = Softmax()

    def prepare(self, values: Tensor, mask: Tensor) -> Memory:
        """[batch, source, depth] -> a memory of [batch, slots, depth]."""
        scores = ops.swapaxes(self.slot_layer(values), 1, 2)  # [batch, slots, source]
        shares = ops.cast(self.shares(scores, mask[:, None]), values.dtype)
        slots = ops.matmul(shares, values)  # [batch, slots, depth]
        # Without any source token no slot holds anything.
        filled = tf.repeat(tf.reduce_any(mask, 1, keepdims=True), self.slots, axis=1)
        return super().prepare(slots, filled)  # with a mask [batch, slots]
