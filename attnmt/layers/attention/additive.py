"""Additive attention."""

import keras
from keras import ops

from attnmt.layers.attention.base import Attention, Memory, State, Tensor


class AdditiveAttention(Attention):
    """score = v . tanh(W query + U key + b).

    Bahdanau et al. (2015), section A.1.2, which leaves biases out of its formulas.
    Luong et al. (2015), eq. 8, "concat", v . tanh(W [query; key]), is the same with W
    and U side by side in one matrix: `additive` and `concat` are two names of this
    class. `units`: rows of W and U.
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


class NormedAdditiveAttention(AdditiveAttention):
    """score = g v / |v| . tanh(W query + U key + b), with a learned number g.

    Weight normalisation, Salimans & Kingma (2016), eq. 2, of additive attention, as in
    the normed Bahdanau attention of TensorFlow 1: g begins as sqrt(1 / units). `units`:
    rows of W and U.
    """

    def __init__(self, units: int, name: str = "attention") -> None:
        super().__init__(units, name)
        initial = keras.initializers.Constant(units**-0.5)
        self.scale = self.add_weight(
            shape=(), initializer=initial, name="scale", autocast=False
        )

    def score(self, query: Tensor, memory: Memory, state: State) -> Tensor:
        scores = super().score(query, memory, state)  # [batch, target, source]
        length = ops.norm(ops.cast(self.energy_layer.kernel, "float32"))
        return scores * ops.cast(self.scale / length, scores.dtype)
