"""Another mechanism's context, read with other weights than its own.

To find out what a model makes of its attention: the mechanism computes its weights and
carries its state as ever, and only what is read of the source, and reported, changes.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import tensorflow as tf

from attnmt.layers.attention.base import Attention, State, Tensor

SEED = 1  # of the permutations


class ChangedMemory(NamedTuple):
    """The memory of the mechanism, and what may be read of it."""

    inner: Any
    mask: Tensor  # [batch, source], True where there is a token
    keep: Tensor  # [batch, source], True where `kept` leaves weights


class Reading(NamedTuple):
    """What a change of weights [batch, (head,) 1, source] may look at."""

    mask: Tensor  # [batch, (1,) 1, source], as are those of the memory
    keep: Tensor
    first: Tensor  # [batch, (head,) 1, source], the weights of the first position
    step: Tensor  # the target position, from 0


Change = Callable[[Tensor, Reading], Tensor]


class ChangedAttention(Attention):
    """Reads what another mechanism reads, with its weights changed.

    `choice` is the number of the change; as a variable it can be set for functions that
    are compiled already.
    State: that of the mechanism, the target position and the first position's weights;
    it takes one target position at a time. `query_depth` is that of the queries.
    """

    def __init__(
        self,
        inner: Attention,
        changes: Sequence[Change],
        query_depth: int,
        choice: Any = 0,
        name: str = "attention",
    ) -> None:
        super().__init__(inner.units, name)
        self.inner, self.changes, self.query_depth = inner, changes, query_depth
        self.choice = choice
        self.align_kind, self.sums_to_one = inner.align_kind, inner.sums_to_one

    def prepare(self, values: Tensor, mask: Tensor) -> Any:
        return ChangedMemory(self.inner.prepare(values, mask), mask, mask)

    def initial_state(self, memory: Any) -> State:
        inner = self.inner.initial_state(memory.inner)
        batch = tf.shape(memory.mask)[0]
        # Only a reading tells what the weights look like: with heads or without.
        query = tf.zeros([batch, 1, self.query_depth], self.inner.compute_dtype)
        _, weights, _ = self.inner(query, memory.inner, inner)
        return inner, tf.zeros([batch], tf.int32), tf.zeros_like(weights)

    def call(
        self, query: Tensor, memory: Any, state: State = ()
    ) -> tuple[Tensor, Tensor, State]:
        inner, steps, first = state
        _, weights, inner = self.inner(query, memory.inner, inner)
        step = tf.reduce_max(steps)  # all rows are at the same one
        first = tf.where(step == 0, weights, first)
        mask, keep = _like(weights, memory.mask), _like(weights, memory.keep)
        reading = Reading(mask, keep, first, step)
        changed = tf.switch_case(
            tf.convert_to_tensor(self.choice),
            [partial(change, weights, reading) for change in self.changes],
        )
        context = self.inner.read(memory.inner, changed)
        return context, changed, (inner, steps + 1, first)

    def extras(self, query: Tensor, memory: Any, state: State) -> dict[str, Tensor]:
        return self.inner.extras(query, memory.inner, state[0])


def own(weights: Tensor, reading: Reading) -> Tensor:
    """No change."""
    return weights


def uniform(weights: Tensor, reading: Reading) -> Tensor:
    """The same at every source position; a row keeps its sum."""
    even = tf.cast(reading.mask, weights.dtype)
    count = tf.reduce_sum(even, axis=-1, keepdims=True)
    total = tf.reduce_sum(weights, axis=-1, keepdims=True)
    return total * tf.math.divide_no_nan(even, count)


def permuted(weights: Tensor, reading: Reading) -> Tensor:
    """The same numbers in a random order, another for each row."""
    chances = tf.random.stateless_uniform(
        tf.shape(weights), tf.stack([SEED, reading.step])
    )
    chances = tf.where(reading.mask, chances, 2.0)  # padding stays behind
    order = tf.argsort(chances, axis=-1)
    return tf.gather(weights, order, axis=-1, batch_dims=weights.shape.rank - 1)


def frozen(weights: Tensor, reading: Reading) -> Tensor:
    """Those of the first target position, at all positions."""
    return reading.first


def nothing(weights: Tensor, reading: Reading) -> Tensor:
    """Zeros: the source is not read at all."""
    return tf.zeros_like(weights)


def kept(weights: Tensor, reading: Reading) -> Tensor:
    """None outside of `keep`; a row keeps its sum, unless there is nothing left.

    For weights by softmax that is what masking the other positions gives.
    """
    left = tf.where(reading.keep, weights, 0.0)
    total, rest = (tf.reduce_sum(x, -1, keepdims=True) for x in (weights, left))
    return total * tf.math.divide_no_nan(left, rest)


def _like(weights: Tensor, mask: Tensor) -> Tensor:
    """[batch, source] -> [batch, 1, source], with heads [batch, 1, 1, source]."""
    mask = mask[:, None]
    return mask if weights.shape.rank == 3 else mask[:, None]
