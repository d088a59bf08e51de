"""A mechanism with random weights, something to read, and what it reads."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from attnmt.compiled import compiled
from attnmt.layers.attention import Attention, Tensor
from attnmt.layers.unroll import unroll

Factory = Callable[[int], Attention]
Compiled = Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]
LENGTHS = (5, 3, 0)  # of the sources of a case; the last has no token at all
TARGET = 4


class Reading(NamedTuple):
    """What came of all target positions, in NumPy."""

    context: np.ndarray  # [batch, target, depth]
    weights: np.ndarray  # [batch, (head,) target, source]


class Case(NamedTuple):
    """A mechanism and its inputs."""

    attention: Attention
    query: Tensor  # [batch, target, query depth]
    values: Tensor  # [batch, source, value depth]
    mask: Tensor  # [batch, source]

    def start(self) -> tuple[Any, Any]:
        """The memory and the first state."""
        memory = self.attention.prepare(self.values, self.mask)
        return memory, self.attention.initial_state(memory)

    def read(self, at_once: bool = True) -> tuple[Tensor, Tensor]:
        """Context and weights of all target positions, as tensors.

        A mechanism with a state reads them one by one, as does any without `at_once`.
        """
        memory, state = self.start()
        if at_once and is_stateless(state):
            return self.attention(self.query, memory, state)[:2]
        contexts, weights = [], []
        for position in range(self.query.shape[1]):
            query = self.query[:, position : position + 1]
            context, row, state = self.attention(query, memory, state)
            contexts.append(context)
            weights.append(row)
        return tf.concat(contexts, axis=1), tf.concat(weights, axis=-2)

    def reading(self, at_once: bool = True) -> Reading:
        """The same in NumPy, in float32 at least."""
        return Reading(*map(to_numpy, self.read(at_once)))

    def compiled(self) -> Compiled:
        """`read` of query, values and mask of any size, as training compiles it."""

        def step(memory: Any, query: Tensor, state: Any) -> Any:
            context, weights, state = self.attention(query[:, None], memory, state)
            return (context[:, 0], weights[..., 0, :]), state

        def read(*inputs: Tensor) -> tuple[Tensor, Tensor]:
            case = Case(self.attention, *inputs)
            memory, state = case.start()
            if is_stateless(state):
                return case.read()
            queries = tf.transpose(case.query, [1, 0, 2])
            outputs, _ = unroll(partial(step, memory), queries, state)
            context, weights = outputs
            return tf.einsum("tbd->btd", context), tf.einsum("tb...s->b...ts", weights)

        signature = [
            tf.TensorSpec([None, None, *x.shape[2:]], x.dtype) for x in self[1:]
        ]
        return compiled(read, signature)


def is_stateless(state: Any) -> bool:
    """Whether there is nothing in a state."""
    return not tf.nest.flatten(state)


def to_numpy(x: Tensor) -> np.ndarray:
    """An array that NumPy can compute with, whatever the precision."""
    return np.asarray(tf.cast(x, tf.float32) if x.dtype.is_floating else x)


def make_case(factory: Factory, query_depth: int, value_depth: int) -> Case:
    """A new layer in the present precision; its weights are random, none is zero."""
    draw = np.random.default_rng(7)
    attention = factory(query_depth)
    dtype = attention.compute_dtype
    source = max(LENGTHS)
    query = draw.normal(size=(len(LENGTHS), TARGET, query_depth))
    values = draw.normal(size=(len(LENGTHS), source, value_depth))
    mask = np.arange(source) < np.array(LENGTHS)[:, None]
    case = Case(
        attention, tf.cast(query, dtype), tf.cast(values, dtype), tf.constant(mask)
    )
    case.read()  # makes the weights
    shake(attention)
    return case


def shake(layer: keras.layers.Layer) -> None:
    """The same random weights each time, so that nothing is zero or all alike."""
    draw = np.random.default_rng(11)
    for variable in layer.trainable_weights:
        noise = draw.normal(size=variable.shape)
        if len(variable.shape) > 1:
            variable.assign(noise * 0.5)
        else:  # a bias, a scale: what it begins with may matter
            variable.assign_add(noise * 0.3)


@contextmanager
def precision(policy: str) -> Iterator[None]:
    """Layers are made with this Keras policy; products keep all digits on a GPU."""
    before = keras.config.dtype_policy()
    short = tf.config.experimental.tensor_float_32_execution_enabled()
    keras.config.set_dtype_policy(policy)
    tf.config.experimental.enable_tensor_float_32_execution(False)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
        tf.config.experimental.enable_tensor_float_32_execution(short)


def promise(kept: bool, promised: str, found: str) -> None:
    """Raise AssertionError unless a promise is kept."""
    if not kept:
        raise AssertionError(f"promised: {promised}; found: {found}")


def promise_equal(
    found: Any, expected: Any, promised: str, tolerance: float = 1e-5
) -> None:
    """Raise AssertionError unless two nests of arrays agree, padded with NaN or not."""
    pairs = zip(tf.nest.flatten(found), tf.nest.flatten(expected), strict=True)
    for here, there in pairs:
        here, there = np.asarray(here, np.float64), np.asarray(there, np.float64)
        promise(
            here.shape == there.shape, promised, f"{here.shape} against {there.shape}"
        )
        off = np.abs(here - there) > tolerance * (1.0 + np.abs(there))
        off |= np.isnan(here) != np.isnan(there)
        if off.any():
            place = tuple(int(i) for i in np.argwhere(off)[0])
            difference = f"{here[place]:.6g} against {there[place]:.6g} at {place}"
            promise(False, promised, f"{off.sum()} numbers differ, first {difference}")
