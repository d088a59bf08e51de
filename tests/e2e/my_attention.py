"""Attention with a memory of its own: it knows what it has read already."""

from keras import layers, ops

from attnmt.layers.attention import AdditiveAttention


class ReadSoFar(AdditiveAttention):
    """Adds to each key how much its piece was read so far (Tu et al., 2016)."""

    def __init__(self, units, name="attention"):
        super().__init__(units, name)
        self.coverage_layer = layers.Dense(units, use_bias=False)

    def initial_state(self, memory):
        return ops.zeros_like(memory.mask, dtype="float32")  # [batch, source]

    def score(self, query, memory, coverage):
        seen = self.coverage_layer(coverage[:, :, None])  # [batch, source, units]
        return super().score(query, memory._replace(keys=memory.keys + seen), coverage)

    def next_state(self, coverage, weights):
        return coverage + ops.sum(weights, axis=1)
