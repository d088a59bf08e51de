"""Dropout as a pure function of its seed, so that a resumed training repeats it."""

import tensorflow as tf

from attnmt.layers.attention import Tensor

Seed = Tensor | None  # int32 [2]; None switches dropout off


def fold_in(seed: Seed, site: int) -> Seed:
    """A seed of its own for each place (or layer) that drops something."""
    if seed is None:
        return None
    return tf.random.fold_in(seed, site)


def dropout(x: Tensor, rate: float, seed: Seed, along: int | None = None) -> Tensor:
    """Zero single numbers and scale up the rest; the same ones `along` that axis."""
    if seed is None or rate == 0.0:
        return x
    shape = None
    if along is not None:
        shape = tf.unstack(tf.shape(x))
        shape[along] = 1
    return tf.nn.experimental.stateless_dropout(x, rate, seed, noise_shape=shape)


def word_dropout(embedded: Tensor, rate: float, seed: Seed) -> Tensor:
    """Zero whole vectors of [batch, time, size], Gal & Ghahramani (2016), section 4."""
    return dropout(embedded, rate, seed, along=-1)


def dropout_mask(like: Tensor, depth: int, rate: float, seed: Seed) -> Tensor | None:
    """A [batch, depth] mask to multiply with at every time step, None for nothing.

    Gal & Ghahramani (2016), eq. 7: the same numbers are dropped at all times.
    """
    if seed is None or rate == 0.0:
        return None
    ones = tf.ones([tf.shape(like)[0], depth], like.dtype)
    return tf.nn.experimental.stateless_dropout(ones, rate, seed)
