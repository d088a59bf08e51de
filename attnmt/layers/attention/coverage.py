"""Coverage: the score of a source position knows how much of it was read before.

Tu et al. (2016): the energy gets a term V C_j of the coverage C_j of position j. Here
it is added to the key of the position, so that every mechanism that scores by
`memory.keys` can have it; those with `scores_by_keys = False` cannot.
"""

import keras
import tensorflow as tf
from keras import ops

from attnmt.layers.attention.base import Attention, Memory, State, Tensor


class Coverage(keras.layers.Layer):
    """Keeps [batch, source, size] numbers on what was read and adds them to the keys.

    They are the first part of the state, which is nested, batch first and float32. A
    subclass defines `next_state`, and `initial_state` when its state has more parts.
    """

    size = 1  # numbers kept of a source position

    def __init__(self, name: str = "coverage") -> None:
        super().__init__(name=name, autocast=False)

    def make_weights(self, keys: int, values: int) -> None:
        """Make the weights for keys and values of these depths, once."""
        self.key_layer = keras.layers.Dense(keys, use_bias=False)
        self.key_layer.build((None, self.size))

    def initial_state(self, memory: Memory) -> State:
        """Nothing was read."""
        batch, source, _ = tf.unstack(tf.shape(memory.keys))
        return (tf.zeros([batch, source, self.size]),)

    def adjust(self, memory: Memory, state: State) -> Memory:
        """The memory with V C_j added to the key of each position j."""
        return memory._replace(keys=memory.keys + self.key_layer(state[0]))

    def next_state(
        self, state: State, weights: Tensor, memory: Memory, query: Tensor
    ) -> State:
        """The state after reading with weights [batch, 1, source] for that query."""
        raise NotImplementedError


class CountCoverage(Coverage):
    """C_j is the sum of all weights on position j so far.

    Tu et al. (2016), section 3.1.1, without fertility.
    """

    def next_state(
        self, state: State, weights: Tensor, memory: Memory, query: Tensor
    ) -> State:
        return (state[0] + ops.swapaxes(weights, 1, 2),)


class FertilityCoverage(Coverage):
    """C_j is the sum of all weights on position j so far over its fertility.

    Tu et al. (2016), section 3.1.1: fertility_j = N sigmoid(U h_j), the number of
    target pieces expected of position j, at most N = 2.
    """

    most = 2.0  # N

    def make_weights(self, keys: int, values: int) -> None:
        super().make_weights(keys, values)
        self.fertility_layer = keras.layers.Dense(
            1, activation="sigmoid", use_bias=False, dtype="float32"
        )
        self.fertility_layer.build((None, values))

    def initial_state(self, memory: Memory) -> State:
        fertility = self.most * self.fertility_layer(memory.values)
        return (*super().initial_state(memory), fertility)

    def next_state(
        self, state: State, weights: Tensor, memory: Memory, query: Tensor
    ) -> State:
        coverage, fertility = state
        return coverage + ops.swapaxes(weights, 1, 2) / fertility, fertility


class GatedCoverage(Coverage):
    """C_j is a vector that a gated recurrent unit updates.

    Tu et al. (2016), section 3.1.2: C_j = GRU(C_j, [weight_j, h_j, query]), here with
    10 numbers and the gates of Cho et al. (2014), eq. 5 to 8.
    """

    size = 10

    def make_weights(self, keys: int, values: int) -> None:
        super().make_weights(keys, values)
        dense, size = keras.layers.Dense, self.size
        self.value_layer = dense(3 * size, dtype="float32")
        self.value_layer.build((None, values))
        self.weight_layer = dense(3 * size, use_bias=False, dtype="float32")
        self.weight_layer.build((None, 1))
        self.query_layer = dense(3 * size, use_bias=False, dtype="float32")
        self.gate_layer = dense(2 * size, use_bias=False, dtype="float32")
        self.gate_layer.build((None, size))
        self.candidate_layer = dense(size, use_bias=False, dtype="float32")
        self.candidate_layer.build((None, size))

    def initial_state(self, memory: Memory) -> State:
        return (*super().initial_state(memory), self.value_layer(memory.values))

    def next_state(
        self, state: State, weights: Tensor, memory: Memory, query: Tensor
    ) -> State:
        coverage, from_values = state
        inputs = from_values + self.weight_layer(ops.swapaxes(weights, 1, 2))
        inputs = inputs + self.query_layer(query)  # [batch, source, 3 * size]
        of_gates, of_candidate = tf.split(inputs, [2 * self.size, self.size], axis=-1)
        gates = tf.sigmoid(of_gates + self.gate_layer(coverage))
        reset, update = tf.split(gates, 2, axis=-1)
        candidate = tf.tanh(of_candidate + self.candidate_layer(reset * coverage))
        return update * coverage + (1.0 - update) * candidate, from_values


class CoverageAttention(Attention):
    """Another mechanism whose keys a coverage adjusts at every target position."""

    def __init__(
        self, inner: Attention, coverage: Coverage, name: str = "attention"
    ) -> None:
        super().__init__(inner.units, name)
        self.inner, self.coverage = inner, coverage
        self.align_kind, self.sums_to_one = inner.align_kind, inner.sums_to_one

    def prepare(self, values: Tensor, mask: Tensor) -> Memory:
        memory = self.inner.prepare(values, mask)
        if not self.coverage.built:  # only here is it known how deep the keys are
            self.coverage.make_weights(memory.keys.shape[-1], memory.values.shape[-1])
            self.coverage.built = True
        return memory

    def with_values(self, memory: Memory, values: Tensor) -> Memory:
        return self.inner.with_values(memory, values)

    def initial_state(self, memory: Memory) -> State:
        return self.inner.initial_state(memory), self.coverage.initial_state(memory)

    def read(self, memory: Memory, weights: Tensor) -> Tensor:
        return self.inner.read(memory, weights)

    def call(
        self, query: Tensor, memory: Memory, state: State = ()
    ) -> tuple[Tensor, Tensor, State]:
        inner, seen = state
        adjusted = self.coverage.adjust(memory, seen)
        context, weights, inner = self.inner(query, adjusted, inner)
        seen = self.coverage.next_state(seen, weights, memory, query)
        return context, weights, (inner, seen)

    def extras(self, query: Tensor, memory: Memory, state: State) -> dict[str, Tensor]:
        inner, seen = state
        return self.inner.extras(query, self.coverage.adjust(memory, seen), inner)
