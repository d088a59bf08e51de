"""Linear attention: what is read at a step costs the same however long the source."""

import math
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from attnmt.layers.attention import options
from attnmt.layers.attention.base import Attention, State, Tensor


class Summary(NamedTuple):
    """A memory that is summed up, so that a step need not visit every position."""

    keys: Tensor  # [batch, source, features], of the positive feature map, in float32
    values: Tensor  # [batch, source, depth]
    mask: Tensor  # [batch, source]
    products: Tensor  # [batch, features, depth], the sum of the keys times the values
    total: Tensor  # [batch, features], the sum of the keys
    offset: Tensor  # [batch, features], what the feature map of queries adds


class LinearAttention(Attention):
    """weight_j = phi(W query) . phi(U key_j) / Z, with phi(x) = elu(x) + 1.

    The context is phi(W query) . (sum_j phi(U key_j) value_j) / Z, whose sum is made
    once per source, Katharopoulos et al. (2020), eq. 5 to 7; the weights, which equal
    it, are for reports and losses. `units`: rows of W and U.
    """

    normalises = False
    scores_by_keys = False

    def __init__(self, units: int, name: str = "attention") -> None:
        super().__init__(units, name)
        self.query_layer = keras.layers.Dense(units, use_bias=False)
        self.key_layer = keras.layers.Dense(units, use_bias=False)

    def prepare(self, values: Tensor, mask: Tensor) -> Any:
        """The Summary of [batch, source, depth] values."""
        projected = ops.cast(self.key_layer(values), "float32")
        keys, offset = self.key_features(projected, mask[..., None])
        keys = ops.where(mask[..., None], keys, 0.0)  # [batch, source, features]
        products, total = _products(keys, values), ops.sum(keys, axis=1)
        return Summary(keys, values, mask, products, total, offset)

    def with_values(self, memory: Any, values: Tensor) -> Any:
        """The memory with others in the place of its values."""
        products = _products(memory.keys, values)
        return memory._replace(values=values, products=products)

    def call(
        self, query: Tensor, memory: Any, state: State = ()
    ) -> tuple[Tensor, Tensor, State]:
        """Context [batch, target, depth], weights [batch, target, source], no state."""
        projected = ops.cast(self.query_layer(query), "float32")
        queries = self.query_features(projected, memory.offset[:, None])
        total = ops.matmul(queries, memory.total[..., None])  # [batch, target, 1]
        queries = ops.divide_no_nan(queries, total)
        weights = ops.einsum("btf,bsf->bts", queries, memory.keys)
        context = ops.matmul(queries, memory.products)
        return ops.cast(context, memory.values.dtype), weights, state

    def key_features(self, keys: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """phi of [batch, source, units]; the second is added to queries, here nothing.

        Returns [batch, source, features] and [batch, features].
        """
        return _elu_plus_one(keys), ops.zeros_like(keys[:, 0])

    def query_features(self, queries: Tensor, offset: Tensor) -> Tensor:
        """phi of [batch, target, units] -> [batch, target, features]."""
        return _elu_plus_one(queries)


class PerformerAttention(LinearAttention):
    """Linear attention that approximates that of softmax(query . key / sqrt(units)).

    phi(x)_f = exp(w_f . x - |x|^2 / 2), where x is W query or U key over units^(1/4),
    with `features` random w_f that are orthogonal block by block, Choromanski et al.
    (2021), lemma 1 and section 2.4. They come from a fixed seed and do not train.
    """

    def __init__(
        self, units: int, features: int = 256, name: str = "attention"
    ) -> None:
        super().__init__(units, name)
        directions = _orthogonal_blocks(units, options.whole("features", features))
        self.directions = self.add_weight(
            shape=directions.shape,  # [units, features]
            initializer=lambda shape, dtype: ops.convert_to_tensor(directions, dtype),
            trainable=False,
            name="directions",
            dtype="float32",
            autocast=False,
        )

    def key_features(self, keys: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        # What is the same for all keys cancels in the weights when the queries get it
        # back: the largest key has the feature 1 and Z is never too small.
        powers = tf.where(mask, self._powers(keys), -1e30)
        largest = tf.stop_gradient(tf.reduce_max(powers, axis=1))
        largest = tf.where(tf.reduce_any(mask, axis=1), largest, 0.0)
        return tf.exp(powers - largest[:, None]), largest

    def query_features(self, queries: Tensor, offset: Tensor) -> Tensor:
        powers = self._powers(queries) + offset
        return tf.exp(powers - tf.stop_gradient(tf.reduce_max(powers, -1, True)))

    def _powers(self, x: Tensor) -> Tensor:
        """w_f . x - |x|^2 / 2, [batch, time, units] -> [batch, time, features]."""
        x = x / math.sqrt(math.sqrt(self.units))
        halved = tf.reduce_sum(tf.square(x), axis=-1, keepdims=True) / 2
        return tf.linalg.matmul(x, self.directions.value) - halved


def _products(keys: Tensor, values: Tensor) -> Tensor:
    """[batch, source, features], [batch, source, depth] -> [batch, features, depth]."""
    return tf.matmul(keys, tf.cast(values, tf.float32), transpose_a=True)


def _elu_plus_one(x: Tensor) -> Tensor:
    """x + 1 above zero, exp(x) below."""
    return ops.where(x > 0, x + 1.0, ops.exp(ops.minimum(x, 0.0)))


def _orthogonal_blocks(units: int, features: int) -> np.ndarray:
    """[units, features] columns as long as normal ones, orthogonal within a block."""
    draw = np.random.default_rng(0)
    blocks = -(-features // units)
    squares = draw.normal(size=(blocks, units, units))
    directions = np.concatenate(np.linalg.qr(squares)[0], axis=1)[:, :features]
    return directions * np.linalg.norm(draw.normal(size=(units, features)), axis=0)
