"""Self-attention over the states of the encoder."""

import keras

from attnmt.config import schema
from attnmt.layers.attention import Memory, Tensor
from attnmt.layers.attention.multi_head import MultiHeadAttention
from attnmt.layers.attention.multiplicative import ScaledDotAttention
from attnmt.layers.dropout import Seed, dropout


class SelfAttention(keras.layers.Layer):
    """y = LayerNorm(x + MultiHead(x, x, x)), Vaswani et al. (2017), section 3.1, 3.2.2.

    Every source position reads all others; dropout is of what it read.
    """

    def __init__(self, depth: int, heads: int, drops: schema.Dropout) -> None:
        super().__init__()
        self.rate = drops.output
        self.along = 1 if drops.variational else None
        parts = [ScaledDotAttention(depth // heads) for _ in range(heads)]
        self.attention = MultiHeadAttention(parts, depth)
        self.norm = keras.layers.LayerNormalization(epsilon=1e-6)
        self.norm.build((None, None, depth))
        self.built = True

    def call(self, values: Tensor, mask: Tensor, seed: Seed = None) -> Tensor:
        """[batch, source, depth] -> the same shape; `mask` [batch, source]."""
        memory: Memory = self.attention.prepare(values, mask)
        read, _, _ = self.attention(values, memory)
        return self.norm(values + dropout(read, self.rate, seed, self.along))
