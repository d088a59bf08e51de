"""Monotonic attention: reads the source from left to right and never goes back."""

from typing import Any, NamedTuple

import keras
import tensorflow as tf
from keras import ops

from attnmt.layers.attention import options
from attnmt.layers.attention.additive import AdditiveAttention, NormedAdditiveAttention
from attnmt.layers.attention.base import Memory, State, Tensor


class MonotonicAttention(NormedAdditiveAttention):
    """Walks on from the position read last and stops at j with the chance p_j.

    energy = g v / |v| . tanh(W query + U key + b) + r, p_j = sigmoid(energy_j), Raffel
    et al. (2017), eq. 16. The weights are the expected alignment, eq. 9:
    a_j = p_j sum_{k <= j} previous_k prod_{k <= l < j} (1 - p_l), and the state is the
    previous one, at first the first source position.

    `bias`: r at the start; 0 walks on by one position a step, below 0 by more, for
    sources longer than their targets. `mode`: "soft" as above; "hard" stops at the
    first p_j > 0.5, section 2.2, as after a training with "soft" (its gradient takes
    the decision for p itself). `end`: what comes to the last source position is to
    "stay" there, or to "leave", as in the paper: it reads nothing then, a row sums to
    at most one, and later steps read less and less. The noise that the paper adds to
    the energy in training is left out.
    """

    normalises = False

    def __init__(
        self,
        units: int,
        mode: str = "soft",
        bias: float = 0.0,
        end: str = "stay",
        name: str = "attention",
    ) -> None:
        super().__init__(units, name)
        self.hard = options.one_of("mode", mode, ("soft", "hard")) == "hard"
        self.sums_to_one = options.one_of("end", end, ("stay", "leave")) == "stay"
        self.bias = self.add_weight(
            shape=(),
            initializer=keras.initializers.Constant(options.number("bias", bias)),
            name="bias",
        )

    def initial_state(self, memory: Memory) -> State:
        first = tf.zeros(tf.shape(memory.mask)[0], tf.int32)
        return (tf.one_hot(first, tf.shape(memory.mask)[1]),)  # [batch, source]

    def score(self, query: Tensor, memory: Memory, state: State) -> Tensor:
        energy = tf.cast(super().score(query, memory, state), tf.float32)
        return energy + tf.cast(self.bias, tf.float32)  # [batch, target, source]

    def call(
        self, query: Tensor, memory: Memory, state: State = ()
    ) -> tuple[Tensor, Tensor, State]:
        """Context [batch, 1, depth], weights [batch, 1, source] and the next state."""
        energy = self.score(query, memory, state)
        alignment = self.align(energy, memory.mask[:, None], state[0][:, None])
        weights = self.spread(alignment, query, memory)
        return self.read(memory, weights), weights, (alignment[:, 0],)

    def next_state(self, state: State, weights: Tensor) -> State:
        """The walk goes on from where it was made to read."""
        return (weights[:, 0],)

    def align(self, energy: Tensor, mask: Tensor, previous: Tensor) -> Tensor:
        """The expected alignment after `previous`, all [batch, 1, source]."""
        stop = ops.sigmoid(energy)
        walk = ops.sigmoid(-energy)  # 1 - stop, but exact where that is near zero
        if self.hard:
            stop = _decided(stop)
            walk = 1.0 - stop
        stop = ops.where(mask, stop, 0.0)
        walk = ops.where(mask, walk, 1.0)
        if self.sums_to_one:
            behind = tf.cumsum(tf.cast(mask, tf.int32), axis=-1, reverse=True)
            stop = ops.where(mask & (behind == 1), 1.0, stop)
        # Eq. 13 and 14: q_j = (1 - p_{j-1}) q_{j-1} + previous_j and a_j = p_j q_j.
        return stop * _recurrence(_delayed(walk, 1), previous)

    def spread(self, alignment: Tensor, query: Tensor, memory: Any) -> Tensor:
        """The weights around the places where the walk may stop: those alone."""
        return alignment


class ChunkMemory(NamedTuple):
    """A memory with a second set of keys, for the softmax within a chunk."""

    keys: Tensor  # [batch, source, units]
    values: Tensor  # [batch, source, depth]
    mask: Tensor  # [batch, source]
    chunk_keys: Tensor  # [batch, source, units]


class MochaAttention(MonotonicAttention):
    """Monotonic chunkwise attention: a softmax over the `chunk` positions to each stop.

    weight_j = sum_{k = j}^{j + chunk - 1} a_k exp(u_j) / sum_{l = k - chunk + 1}^k
    exp(u_l) with the expected alignment a and u = v . tanh(W query + U key + b) of its
    own weights, Chiu & Raffel (2018), section 2.3. The normaliser is that of a chunk.
    """

    normalises = True

    def __init__(
        self,
        units: int,
        chunk: int = 4,
        mode: str = "soft",
        bias: float = 0.0,
        end: str = "stay",
        name: str = "attention",
    ) -> None:
        super().__init__(units, mode, bias, end, name)
        self.chunk = options.whole("chunk", chunk)
        self.chunk_energy = AdditiveAttention(units)
        self.chunk_energy.built = True  # Keras would warn: only its parts are called

    def prepare(self, values: Tensor, mask: Tensor) -> Any:
        """A ChunkMemory of [batch, source, depth] values."""
        chunk_keys = self.chunk_energy.project_keys(values)
        return ChunkMemory(self.project_keys(values), values, mask, chunk_keys)

    def spread(self, alignment: Tensor, query: Tensor, memory: Any) -> Tensor:
        chunk_memory = Memory(memory.chunk_keys, memory.values, memory.mask)
        energy = self.chunk_energy.score(query, chunk_memory, ())
        mask = ops.cast(memory.mask[:, None], "int32")
        within = self.normalise(self._chunks(energy), self._chunks(mask) > 0)
        parts = alignment[..., None] * within  # [batch, 1, source, chunk]
        return tf.signal.overlap_and_add(parts, 1)[..., self.chunk - 1 :]

    def _chunks(self, x: Tensor) -> Tensor:
        """[batch, 1, source] -> [batch, 1, source, chunk]: the last ones up to each."""
        before = tf.pad(x, [[0, 0], [0, 0], [self.chunk - 1, 0]])
        return tf.signal.frame(before, self.chunk, 1)


@tf.custom_gradient
def _decided(chance: Tensor) -> Any:
    """1 for a chance above one half, else 0; the gradient is that of the chance."""
    return tf.cast(chance > 0.5, chance.dtype), lambda upstream: upstream


def _recurrence(factors: Tensor, terms: Tensor) -> Tensor:
    """y_j = factors_j y_{j-1} + terms_j along the last axis.

    It is solved in log2(source) steps, each of which joins what is twice as far apart.
    Nothing is divided, so that nothing need be clipped as in the paper's appendix C.
    """
    length = tf.shape(terms)[-1]

    def join(reach: Tensor, factors: Tensor, terms: Tensor) -> tuple[Tensor, ...]:
        terms = terms + factors * _delayed(terms, reach)
        return 2 * reach, factors * _delayed(factors, reach), terms

    _, _, solved = tf.while_loop(
        lambda reach, *_: reach < length, join, (1, factors, terms)
    )
    return solved


def _delayed(x: Tensor, by: Tensor) -> Tensor:
    """[batch, 1, source] moved to the right by some positions; zeros come in."""
    moved = tf.pad(x[..., :-by], [[0, 0], [0, 0], [by, 0]])
    return tf.reshape(moved, tf.shape(x))  # known again what is known of the shape
