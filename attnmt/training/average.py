"""A moving average of the weights, which is what validation and translation use."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import keras
import tensorflow as tf

from attnmt.layers.attention import Tensor

Named = Mapping[str, keras.Variable]


class Average:
    """mean <- d * mean + (1 - d) * weight after every update, beside the weights.

    After `n` updates d = min(decay, n / (9 + n)), so that the initial weights are soon
    forgotten.
    """

    def __init__(self, weights: Sequence[keras.Variable], decay: float) -> None:
        self.weights, self.decay = weights, decay
        # A copy: Keras would take the TensorFlow variable itself for its own.
        starts = [tf.identity(weight.value) for weight in weights]
        self.means = [keras.Variable(start, trainable=False) for start in starts]

    def follow(self, updates: Tensor) -> None:
        """Take in the weights as they are after so many updates."""
        n = tf.cast(updates, tf.float32)
        share = 1.0 - tf.minimum(self.decay, n / (9.0 + n))
        for mean, weight in zip(self.means, self.weights, strict=True):
            mean.value.assign_sub(share * (mean.value - weight.value))

    def named(self, weights: Named) -> dict[str, keras.Variable]:
        """The same names with the means of these weights, if they have one."""
        ids = map(id, self.weights)
        means = dict(zip(ids, self.means, strict=True))
        return {name: means.get(id(w), w) for name, w in weights.items()}

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Let the model have the means while the block runs."""
        self._exchange()
        try:
            yield
        finally:
            self._exchange()

    def _exchange(self) -> None:
        for mean, weight in zip(self.means, self.weights, strict=True):
            kept = tf.identity(weight.value)
            weight.assign(mean.value)
            mean.assign(kept)
