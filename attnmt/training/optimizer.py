"""The rules by which an update changes the weights."""

from collections.abc import Sequence

import keras
import tensorflow as tf

from attnmt.config import schema
from attnmt.layers.attention import Tensor


class Adam(keras.optimizers.Adam):
    """Keras' Adam, which passes over a variable once instead of a dozen times.

    With weight decay it is AdamW, Loshchilov & Hutter (2019).
    """

    def update_step(
        self, gradient: Tensor, variable: tf.Variable, learning_rate: Tensor
    ) -> None:
        index = self._get_variable_index(variable)
        slots = self._momentums[index].value, self._velocities[index].value
        step = tf.cast(tf.convert_to_tensor(self.iterations) + 1, tf.float32)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=slots[0].handle,
            v=slots[1].handle,
            beta1_power=tf.pow(self.beta_1, step),
            beta2_power=tf.pow(self.beta_2, step),
            lr=tf.cast(learning_rate, tf.float32),
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=gradient,
        )


def make_optimizer(
    config: schema.Training, precision: str, weights: Sequence[keras.Variable]
) -> keras.Optimizer:
    """The optimizer of these weights; float16 gets a loss scale that adapts."""
    decay = config.weight_decay or None
    if config.optimizer == "adam":
        # 0.98: large vocabularies want a shorter memory, Vaswani et al. (2017), 5.3.
        optimizer = Adam(config.learning_rate, beta_2=0.98, weight_decay=decay)
    else:
        optimizer = keras.optimizers.SGD(config.learning_rate, weight_decay=decay)
    optimizer.exclude_from_weight_decay([w for w in weights if len(w.shape) < 2])
    if precision == "mixed_float16":
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    optimizer.build(weights)
    return optimizer
