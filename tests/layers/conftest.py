"""What the tests of layers share."""

from collections.abc import Callable, Iterator

import keras
import pytest
import tensorflow as tf
from keras import ops

from attnmt.layers.attention import AdditiveAttention, Memory, State, Tensor


@pytest.fixture(scope="session", autouse=True)
def exact_products() -> Iterator[None]:
    """No shortened factors on a GPU, so that oracles in double precision agree."""
    before = tf.config.experimental.tensor_float_32_execution_enabled()
    tf.config.experimental.enable_tensor_float_32_execution(False)
    yield
    tf.config.experimental.enable_tensor_float_32_execution(before)


@pytest.fixture
def policy() -> Iterator[Callable[[str], None]]:
    """A function that sets the precision of new layers, for one test."""
    before = keras.config.dtype_policy()
    yield keras.config.set_dtype_policy
    keras.config.set_dtype_policy(before)


class CoverageAttention(AdditiveAttention):
    """A mechanism with a state: how much of each source position was read so far."""

    def initial_state(self, memory: Memory) -> State:
        return (ops.zeros_like(memory.mask, dtype="float32"),)

    def score(self, query: Tensor, memory: Memory, state: State) -> Tensor:
        scores = super().score(query, memory, state)
        return ops.subtract(scores, 2.0 * state[0][:, None, :])

    def next_state(self, state: State, weights: Tensor) -> State:
        return (state[0] + ops.sum(weights, axis=1),)


@pytest.fixture(scope="session")
def coverage_attention() -> type[AdditiveAttention]:
    """A user's own mechanism."""
    return CoverageAttention
