"""Several mechanisms that read side by side."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from attnmt.layers.attention.base import Attention, Memory, State, Tensor


class HeadsMemory(NamedTuple):
    """The memories of the heads."""

    heads: tuple[Memory, ...]
    mask: Tensor  # [batch, source]

    @property
    def values(self) -> Tensor:
        """What all heads read, [batch, source, units]."""
        return tf.concat([memory.values for memory in self.heads], axis=-1)


class MultiHeadAttention(Attention):
    """[head_1, ..., head_n] W_O with head_i = mechanism_i(Q W_Qi, K W_Ki, V W_Vi).

    Vaswani et al. (2017), section 3.2.2; K and V are the values of the source. `units`
    is the depth of all heads together: each works in units / heads numbers. The
    weights are [batch, head, target, source], the state is the tuple of the heads' and
    the memory, an argument and result throughout, is a HeadsMemory.
    """

    def __init__(
        self, heads: Sequence[Attention], units: int, name: str = "attention"
    ) -> None:
        super().__init__(units, name)
        self.heads = list(heads)
        self.align_kind = heads[0].align_kind
        self.sums_to_one = heads[0].sums_to_one
        self.query_layer = keras.layers.Dense(units, use_bias=False)  # all W_Q
        self.key_layer = keras.layers.Dense(units, use_bias=False)  # all W_K
        self.value_layer = keras.layers.Dense(units, use_bias=False)  # all W_V
        self.output_layer: keras.layers.Dense | None = None  # W_O

    def prepare(self, values: Tensor, mask: Tensor) -> Any:
        if self.output_layer is None:  # only here is it known how deep the values are
            self.output_layer = keras.layers.Dense(values.shape[-1], use_bias=False)
            self.output_layer.build((None, self.units))
        memories = []
        keys, values = self._split(self.key_layer(values)), self.value_layer(values)
        for head, key, value in zip(self.heads, keys, self._split(values), strict=True):
            read = head.prepare(value, mask).values  # whatever it makes of values
            memories.append(head.with_values(head.prepare(key, mask), read))
        return HeadsMemory(tuple(memories), mask)

    def with_values(self, memory: Any, values: Tensor) -> Any:
        heads = zip(self.heads, memory.heads, self._split(values), strict=True)
        return memory._replace(heads=tuple(h.with_values(m, v) for h, m, v in heads))

    def initial_state(self, memory: Any) -> State:
        heads = zip(self.heads, memory.heads, strict=True)
        return tuple(head.initial_state(own) for head, own in heads)

    def call(
        self, query: Tensor, memory: Any, state: State = ()
    ) -> tuple[Tensor, Tensor, State]:
        """Context [batch, target, depth], weights [batch, head, target, source]."""
        queries = self._split(self.query_layer(query))
        states = state or ((),) * len(self.heads)
        heads = zip(self.heads, queries, memory.heads, states, strict=True)
        contexts, weights, states = zip(
            *(head(query, own, state) for head, query, own, state in heads), strict=True
        )
        return self._joined(contexts), tf.stack(weights, axis=1), states

    def read(self, memory: Any, weights: Tensor) -> Tensor:
        """The context that weights [batch, head, target, source] read."""
        rows = tf.unstack(weights, num=len(self.heads), axis=1)
        heads = zip(self.heads, memory.heads, rows, strict=True)
        return self._joined([head.read(own, row) for head, own, row in heads])

    def extras(self, query: Tensor, memory: Any, state: State) -> dict[str, Tensor]:
        """Those of the heads, [batch, target, head, ...]."""
        queries = self._split(self.query_layer(query))
        states = state or ((),) * len(self.heads)
        heads = zip(self.heads, queries, memory.heads, states, strict=True)
        found = [head.extras(query, own, state) for head, query, own, state in heads]
        return {n: tf.stack([each[n] for each in found], axis=2) for n in found[0]}

    def _joined(self, contexts: Sequence[Tensor]) -> Tensor:
        assert self.output_layer is not None
        return self.output_layer(tf.concat(contexts, axis=-1))

    def _split(self, x: Tensor) -> list[Tensor]:
        return tf.split(x, len(self.heads), axis=-1)
