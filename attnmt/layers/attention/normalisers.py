"""From scores to weights: rows that sum to one, exactly zero on padding."""

from typing import Any

import keras
from keras import ops

Tensor = Any  # Keras has no public tensor type that covers its backends


class Normaliser(keras.layers.Layer):
    """Turns scores into weights over the last axis; a subclass defines `call`.

    Scores [..., source] of any real numbers and a mask that broadcasts to them give
    float32 weights: not negative, exactly zero where the mask is False, all zeros
    where it is False throughout.
    """

    def __init__(self) -> None:
        super().__init__(autocast=False)
        self.built = True  # Keras would warn of one that another took the place of

    def call(self, scores: Tensor, mask: Tensor) -> Tensor:
        raise NotImplementedError


class Softmax(Normaliser):
    """exp(score) / sum of exp(scores)."""

    def call(self, scores: Tensor, mask: Tensor) -> Tensor:
        scores = ops.where(mask, ops.cast(scores, "float32"), -1e30)
        return ops.where(mask, ops.softmax(scores, axis=-1), 0.0)
