"""One update of the weights, compiled once for all batch shapes."""

from collections.abc import Mapping, Sequence

import keras
import numpy as np
import tensorflow as tf

from attnmt.config import schema
from attnmt.layers.attention import Tensor
from attnmt.model import IDS, Seq2Seq
from attnmt.text.batches import Batch
from attnmt.training.guidance import GuidedBatch
from attnmt.training.objective import Guide, Totals, totals

_BATCH = [IDS, IDS, IDS]
_GUIDE = [IDS, tf.TensorSpec([None], tf.float32), tf.TensorSpec([], tf.float32)]
_SEED = tf.TensorSpec([2], tf.int32)  # of the dropout of a batch


class Adam(keras.optimizers.Adam):
    """Keras' Adam, which passes over a variable once instead of a dozen times."""

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


def make_optimizer(config: schema.Training, precision: str) -> keras.Optimizer:
    """The optimizer; float16 gets a loss scale that adapts."""
    if config.optimizer == "adam":
        # 0.98: large vocabularies want a shorter memory, Vaswani et al. (2017), 5.3.
        optimizer = Adam(config.learning_rate, beta_2=0.98)
    else:
        optimizer = keras.optimizers.SGD(config.learning_rate)
    if precision == "mixed_float16":
        return keras.optimizers.LossScaleOptimizer(optimizer)
    return optimizer


class Trainer:
    """Applies batches to a model: gradients, clipping, update."""

    def __init__(
        self, model: Seq2Seq, optimizer: keras.Optimizer, config: schema.Training
    ) -> None:
        self.model, self.optimizer, self.config = model, optimizer, config
        self.variables = model.trainable_variables
        optimizer.build(self.variables)
        self._guided = config.guided_alignment.weight > 0.0
        takes = [*_BATCH, *(_GUIDE if self._guided else ()), _SEED]
        self._gradients = tf.function(self._compute, input_signature=takes)
        self._update = tf.function(self._compute_and_apply, input_signature=takes)
        self._apply_sums = tf.function(self._apply)

    def update(
        self,
        batches: Sequence[Batch | GuidedBatch],
        seed: int,
        step: int,
        rate: float,
    ) -> tuple[Totals, Tensor]:
        """One update from all `batches`; returns their totals and the gradient norm.

        Dropout is a function of `seed`, `step` and the place of a batch. The norm is
        that before clipping, per token; 0 for an update left out by a loss scale that
        was too large for float16. Where loss or norm is no finite number nothing is
        changed.
        """
        self.optimizer.learning_rate = rate
        first = step * self.config.accumulate
        seeds = [tf.constant([seed, first + i]) for i in range(len(batches))]
        guide = [tf.constant(self._guide_weight(step))] if self._guided else []
        if len(batches) == 1:
            return self._update(*batches[0], *guide, seeds[0])
        summed: list[Tensor] = []
        results: list[Totals] = []
        for batch, batch_seed in zip(batches, seeds, strict=True):
            result, gradients = self._gradients(*batch, *guide, batch_seed)
            results.append(result)
            if summed:
                gradients = [a + b for a, b in zip(summed, gradients, strict=True)]
            summed = gradients
        total = Totals(*(tf.add_n(list(parts)) for parts in zip(*results, strict=True)))
        return total, self._apply_sums(summed, total)

    def named_state(
        self, weights: Mapping[str, keras.Variable]
    ) -> dict[str, keras.Variable]:
        """The optimizer's variables, by slot and weight: momentums.encoder....

        These names are the file format of a checkpoint.
        """
        names = {id(variable): name for name, variable in weights.items()}
        order = [names[id(variable)] for variable in self.variables]
        optimizer = getattr(self.optimizer, "inner_optimizer", self.optimizer)
        slots = {
            f"{attribute.strip('_')}.{name}": slot
            for attribute, value in sorted(vars(optimizer).items())
            if isinstance(value, list) and attribute in ("_momentums", "_velocities")
            for name, slot in zip(order, value, strict=True)
        }
        known = {id(slot) for slot in slots.values()}
        rest = [v for v in self.optimizer.variables if id(v) not in known]
        return slots | {variable.name: variable for variable in rest}

    def _guide_weight(self, step: int) -> float:
        """It falls evenly to zero, if it is told until when."""
        options = self.config.guided_alignment
        left = 1.0 - step / options.until if options.until else 1.0
        return options.weight * max(0.0, left)

    def _compute_and_apply(self, source, target_in, target_out, *rest):
        result, gradients = self._compute(source, target_in, target_out, *rest)
        return result, self._apply(gradients, result)

    def _compute(self, source, target_in, target_out, *rest):
        """Totals of a batch and the gradients of its loss sum.

        The rest is a seed, after the parts of a Guide if there is one.
        """
        *guide, seed = rest
        with tf.GradientTape() as tape:
            result = totals(
                self.model,
                source,
                target_in,
                target_out,
                self.config.label_smoothing,
                seed,
                self.config.coverage_loss,
                Guide(*guide) if guide else None,
            )
            loss = self.optimizer.scale_loss(result.loss)
        variables = [variable.value for variable in self.variables]
        zero = tf.UnconnectedGradients.ZERO
        return result, tape.gradient(loss, variables, unconnected_gradients=zero)

    def _apply(self, gradients, total):
        """Update from gradients of the loss sum in `total`; returns their norm."""
        norm = tf.linalg.global_norm(gradients) / total.tokens
        scale = self.optimizer.scale_loss(1.0)
        factor = 1.0 / total.tokens
        if self.config.clip_norm > 0.0:
            factor *= tf.minimum(self.config.clip_norm * scale / norm, 1.0)
        if isinstance(self.optimizer, keras.optimizers.LossScaleOptimizer):
            # It leaves out what is not finite itself, and learns from it.
            factor = tf.where(tf.math.is_finite(norm), factor, np.nan)
            self._step(gradients, factor)
            norm = tf.where(tf.math.is_finite(norm), norm, 0.0)  # no divergence
        else:
            finite = tf.math.is_finite(total.loss + norm)
            tf.cond(finite, lambda: self._step(gradients, factor), lambda: False)
        return norm / scale

    def _step(self, gradients, factor):
        self.optimizer.apply([g * factor for g in gradients], self.variables)
        return True
