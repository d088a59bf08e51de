"""Words for words: target pieces chosen by the source words that are read."""

import keras
import tensorflow as tf

from attnmt.layers.attention import Tensor
from attnmt.layers.heads import mean_of_heads


class Lexical(keras.layers.Layer):
    """The lexical module of Nguyen & Chiang (2018), section 4.

    What it tells, `l`, adds `kernel` l to the logits.
    """

    def __init__(self, size: int, vocabulary: int) -> None:
        super().__init__()
        self.hidden = keras.layers.Dense(size, "tanh", use_bias=False)
        self.hidden.build((None, size))
        self.kernel = self.add_weight(shape=(vocabulary, size), name="kernel")
        self.built = True

    def call(self, weights: Tensor, embedded: Tensor) -> Tensor:
        """What is read of embedded words [batch, source, size], [batch, target, size].

        l = tanh(W f) + f, where f is the tanh of the sum of the words by `weights`
        [batch, (head,) target, source], of several heads by their mean.
        """
        weights = tf.cast(mean_of_heads(weights), embedded.dtype)
        read = tf.tanh(tf.matmul(weights, embedded))
        return self.hidden(read) + read
