"""Attention that reads as it is told to at chosen target steps."""

from typing import Any, NamedTuple

import tensorflow as tf

from attnmt.layers.attention.base import Attention, Memory, State, Tensor


class PinnedMemory(NamedTuple):
    """A memory with the weights that are given for some target steps."""

    inner: Memory
    given: Tensor  # [batch, step, source], float32
    pinned: Tensor  # [batch, step], True where they take the place of the own weights

    @property
    def values(self) -> Tensor:
        """What is read, [batch, source, depth]."""
        return self.inner.values

    @property
    def mask(self) -> Tensor:
        """True where there is a source token, [batch, source]."""
        return self.inner.mask


class PinnedAttention(Attention):
    """Another mechanism that reads with given weights where its memory has some.

    All heads alike; the mechanism's state goes on from what was read. Nothing is given
    in a memory that `prepare` makes: put `given` and `pinned` in their place in it.
    State: the target step, int32 [batch], and that of the mechanism. Extra: pinned.
    """

    def __init__(self, inner: Attention, name: str = "attention") -> None:
        super().__init__(inner.units, name)
        self.inner = inner
        self.align_kind, self.sums_to_one = inner.align_kind, inner.sums_to_one

    def prepare(self, values: Tensor, mask: Tensor) -> Any:
        memory = self.inner.prepare(values, mask)
        given = tf.zeros_like(memory.mask, tf.float32)[:, None]
        return PinnedMemory(memory, given, tf.zeros_like(given[..., 0], tf.bool))

    def with_values(self, memory: Any, values: Tensor) -> Any:
        return memory._replace(inner=self.inner.with_values(memory.inner, values))

    def initial_state(self, memory: Any) -> State:
        first = tf.zeros(tf.shape(memory.pinned)[0], tf.int32)
        return first, self.inner.initial_state(memory.inner)

    def call(
        self, query: Tensor, memory: Any, state: State = ()
    ) -> tuple[Tensor, Tensor, State]:
        """Context [batch, 1, depth], weights and the next state."""
        step, carried = state
        reading = (query, memory.inner, carried)
        context, weights, own = self.inner(*reading)
        given, pinned = _at(step, memory)
        given = given[:, None] if len(weights.shape) == 4 else given  # all heads alike
        given = tf.broadcast_to(given, tf.shape(weights))
        told = self.inner.read(memory.inner, given)
        context, weights, carried = tf.nest.map_structure(
            lambda one, other: tf.where(_like(pinned, other), one, other),
            (told, given, self.inner.state_after(*reading, given)),
            (context, weights, own),
        )
        return context, weights, (step + 1, carried)

    def extras(self, query: Tensor, memory: Any, state: State) -> dict[str, Tensor]:
        step, carried = state
        pinned = tf.cast(_at(step, memory)[1], tf.float32)[:, None]
        return self.inner.extras(query, memory.inner, carried) | {"pinned": pinned}


def _at(step: Tensor, memory: PinnedMemory) -> tuple[Tensor, Tensor]:
    """What is given at a step, [batch, 1, source], and whether anything is, [batch]."""
    steps = tf.shape(memory.pinned)[1]
    place = tf.minimum(step, steps - 1)
    given = tf.gather(memory.given, place, batch_dims=1)[:, None]
    return given, tf.gather(memory.pinned, place, batch_dims=1) & (step < steps)


def _like(pinned: Tensor, x: Tensor) -> Tensor:
    """[batch] with as many axes as x."""
    return tf.reshape(pinned, [-1] + [1] * (len(x.shape) - 1))
