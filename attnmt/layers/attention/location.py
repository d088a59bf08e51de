"""Location-sensitive attention."""

import keras
from keras import ops

from attnmt.layers.attention import options
from attnmt.layers.attention.additive import AdditiveAttention
from attnmt.layers.attention.base import Memory, State, Tensor


class LocationAttention(AdditiveAttention):
    """score = v . tanh(W query + V key + U f + b), f = F * the previous weights.

    Chorowski et al. (2015), eq. 8 and 9: F holds `filters` one-dimensional filters of
    `width` source positions, centred on the position that they describe. Before the
    first target position nothing was read: the previous weights are zeros. The
    smoothing of eq. 11 is left out. `units`: rows of W, V and U.
    State: the previous weights, float32 [batch, source].
    """

    def __init__(
        self, units: int, filters: int = 10, width: int = 31, name: str = "attention"
    ) -> None:
        super().__init__(units, name)
        self.filter_layer = keras.layers.Conv1D(
            options.whole("filters", filters),
            options.odd("width", width),
            padding="same",
            use_bias=False,
        )
        self.location_layer = keras.layers.Dense(units, use_bias=False)

    def initial_state(self, memory: Memory) -> State:
        return ops.zeros_like(memory.mask, dtype="float32")

    def score(self, query: Tensor, memory: Memory, state: State) -> Tensor:
        features = self.filter_layer(state[:, :, None])  # [batch, source, filters]
        keys = memory.keys + self.location_layer(features)  # [batch, source, units]
        return super().score(query, memory._replace(keys=keys), state)

    def next_state(self, state: State, weights: Tensor) -> State:
        return weights[:, -1]  # [batch, source]
