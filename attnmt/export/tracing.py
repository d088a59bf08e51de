"""Tracing of functions that LiteRT can run, whoever wrote the layers in them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import tensorflow as tf

from attnmt.layers.attention import Tensor
from attnmt.layers.unroll import without_stacks


@contextmanager
def for_litert() -> Iterator[None]:
    """What is traced within has neither stacks nor new axes in brackets.

    LiteRT's converter takes expand_dims of any tensor, but x[:, None] only of one with
    at most one unknown size: here every batch and every source is of unknown size.
    Products with a matrix are such, where TensorFlow would reshape before and after to
    sizes that are known only when it runs; so would be those of all that follows.
    """
    own: Any = tf.Tensor.__getitem__
    tensorflow: Any = tf  # where layers find it
    tensordot = tensorflow.tensordot

    def product(a: Tensor, b: Tensor, axes: Any, name: str | None = None) -> Tensor:
        a, b = tf.convert_to_tensor(a), tf.convert_to_tensor(b)
        if axes in (1, [[-1], [0]]) and a.shape.rank and b.shape.rank == 2:
            return tf.matmul(a, b, name=name)
        return tensordot(a, b, axes, name)

    def getitem(x: Tensor, key: Any) -> Tensor:
        keys = key if isinstance(key, tuple) else (key,)
        if not any(k is None for k in keys):
            return own(x, key)
        rest = tuple(k for k in keys if k is not None)
        x = x if all(map(_is_whole, rest)) else own(x, rest)
        for axis in _new_axes(keys, x.shape.rank):
            x = tf.expand_dims(x, axis)
        return x

    tf.Tensor.__getitem__ = getitem  # type: ignore[method-assign]
    tensorflow.tensordot = product
    try:
        with without_stacks():
            yield
    finally:
        tf.Tensor.__getitem__ = own  # type: ignore[method-assign]
        tensorflow.tensordot = tensordot


def _new_axes(keys: tuple[Any, ...], rank: int) -> Iterator[int]:
    """Where the None of `keys` stand in what is sliced by the others, of that rank."""
    named = sum(isinstance(key, slice) for key in keys)
    axis = 0
    for key in keys:
        if key is None:
            yield axis
        if key is None or isinstance(key, slice):
            axis += 1
        elif key is Ellipsis:
            axis += rank - named


def _is_whole(key: Any) -> bool:
    return key is Ellipsis or isinstance(key, slice) and key == slice(None)
