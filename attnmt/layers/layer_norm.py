"""Layer normalisation, with a gradient of its own."""

from typing import Any

import keras
import tensorflow as tf

from attnmt.layers.attention import Tensor

EPSILON = 1e-5  # added to a variance


class LayerNorm(keras.layers.Layer):
    """gain * (x - mean) / deviation + bias, Ba et al. (2016), eq. 4.

    Numbers side by side, `widths` of them, are normalised group by group. A bias that
    something else adds anyway is left out.
    """

    def __init__(self, *widths: int, bias: bool = True) -> None:
        super().__init__()
        self.widths = list(widths)
        shape = (sum(widths),)
        self.gain = self.add_weight(shape=shape, initializer="ones", name="gain")
        if bias:
            self.bias = self.add_weight(shape=shape, initializer="zeros", name="bias")
        self.biased = bias
        self.built = True

    def call(self, x: Tensor) -> Tensor:
        """[..., sum of the widths] -> the same shape."""
        groups = tf.split(x, self.widths, axis=-1)
        parts: list[Tensor] = [standardise(group) for group in groups]
        standard = tf.concat(parts, axis=-1)
        scaled = standard * tf.cast(self.gain, x.dtype)
        return scaled + tf.cast(self.bias, x.dtype) if self.biased else scaled


@tf.custom_gradient
def standardise(x: Tensor) -> Any:
    """[..., depth] with mean 0 and variance 1 over the depth."""
    exact = tf.cast(x, tf.float32)
    mean, variance = tf.nn.moments(exact, [-1], keepdims=True)
    scale = tf.math.rsqrt(variance + EPSILON)
    standard = tf.cast((exact - mean) * scale, x.dtype)

    def gradient(upstream: Tensor) -> Tensor:
        pull, back = tf.cast(upstream, tf.float32), tf.cast(standard, tf.float32)
        along = tf.reduce_mean(pull * back, axis=-1, keepdims=True)
        level = tf.reduce_mean(pull, axis=-1, keepdims=True)
        return tf.cast((pull - level - back * along) * scale, x.dtype)

    return standard, gradient
