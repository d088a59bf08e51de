"""Additive attention."""

import keras
from keras import ops

from attnmt.layers.attention.base import Attention, Memory, State, Tensor


class AdditiveAttention(Attention):
    """score = v . tanh(W query + U key).

    Bahdanau et al. (2015), section A.1.2; Luong et al. (2015), eq. 8, "concat" is
    the same with W and U side by side in one matrix. `units`: rows of W and U.
    """

    def __init__(self, units: int, name: str = "attention") -> None:
        super().__init__(units, name)
        self.query_layer = keras.layers.Dense(units, use_bias=False)
        self.key_layer = keras.layers.Dense(units)
        self.energy_layer = keras.layers.Dense(1, use_bias=False)

    def project_keys(self, values: Tensor) -> Tensor:
        return self.key_layer(values)  # [batch, source, units]

    def score(self, query: Tensor, memory: Memory, state: State) -> Tensor:
        queries = self.query_layer(query)[:, :, None, :]  # [batch, target, 1, units]
        keys = memory.keys[:, None, :, :]  # [batch, 1, source, units]
        energy = self.energy_layer(ops.tanh(queries + keys))
        return ops.squeeze(energy, axis=-1)  # [batch, target, source]
