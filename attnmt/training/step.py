"""One update of the weights, compiled once for all batch shapes."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import keras
import numpy as np
import tensorflow as tf

from attnmt.compiled import compiled
from attnmt.config import schema
from attnmt.layers.attention import Tensor
from attnmt.layers.dropout import fold_in
from attnmt.model import IDS, Seq2Seq
from attnmt.text.batches import Batch
from attnmt.training.attention_loss import Guide
from attnmt.training.average import Average
from attnmt.training.draws import Draws
from attnmt.training.guidance import GuidedBatch
from attnmt.training.minimum_risk import Risks, risk_totals
from attnmt.training.objective import Totals, totals
from attnmt.training.optimizer import make_optimizer
from attnmt.training.scheduled_sampling import share_at, with_own_pieces
from attnmt.weights import named_weights

_BATCH = [IDS, IDS, IDS]
_GUIDE = [IDS, tf.TensorSpec([None], tf.float32), tf.TensorSpec([], tf.float32)]
_RISKS = [tf.TensorSpec([None], tf.int32), tf.TensorSpec([None], tf.float32)]
_SEED = tf.TensorSpec([2], tf.int32)  # of the dropout of a batch
_OWN_PIECES = 100  # what is folded into it for draws; `Seq2Seq.read` folds in less


class Trainer:
    """Applies batches to a model: gradients, clipping, update.

    With `draws` the loss is the expected risk of what they draw.
    """

    def __init__(
        self,
        model: Seq2Seq,
        config: schema.Training,
        precision: str = "float32",
        draws: Draws | None = None,
    ) -> None:
        self.model, self.config, self.draws = model, config, draws
        self.variables = model.trainable_variables
        self.optimizer = make_optimizer(config, precision, self.variables)
        decay = config.average
        self.average = Average(self.variables, decay) if decay else None
        self._guided = config.guided_alignment.weight > 0.0
        # Then gradients are of the size that a cross entropy's have, whatever alpha:
        # learning rates, clipping and what the optimizer has learnt before fit.
        self._unit = config.minimum_risk.alpha if draws else 1.0
        more = _RISKS if draws else _GUIDE if self._guided else []
        takes = [*_BATCH, *more, _SEED]
        self._gradients = compiled(self._compute, takes)
        self._update = compiled(self._compute_and_apply, takes)
        self._apply_sums = compiled(self._apply)

    def update(
        self,
        batches: Sequence[Batch | GuidedBatch],
        seed: int,
        step: int,
        rate: float,
    ) -> tuple[Totals, Tensor]:
        """One update from all `batches`; returns their totals and the gradient norm.

        What is random is a function of `seed`, `step` and the place of a batch. The
        norm is that before clipping, per token; 0 for an update left out by a loss
        scale that was too large for float16. Where loss or norm is no finite number
        nothing is changed.
        """
        self.optimizer.learning_rate = rate
        first = step * self.config.accumulate
        seeds = [tf.constant([seed, first + i]) for i in range(len(batches))]
        given: Sequence[tuple[np.ndarray, ...]] = batches
        if draws := self.draws:
            given = [
                draws(batch.source, batch.target_out, seed, first + i)
                for i, batch in enumerate(batches)
            ]
        guide = [tf.constant(self._guide_weight(step))] if self._guided else []
        if len(given) == 1:
            return self._update(*given[0], *guide, seeds[0])
        summed: list[Tensor] = []
        results: list[Totals] = []
        for batch, batch_seed in zip(given, seeds, strict=True):
            result, gradients = self._gradients(*batch, *guide, batch_seed)
            results.append(result)
            if summed:
                gradients = [a + b for a, b in zip(summed, gradients, strict=True)]
            summed = gradients
        total = Totals(*(tf.add_n(list(parts)) for parts in zip(*results, strict=True)))
        return total, self._apply_sums(summed, total)

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Let the model have its averaged weights, if any, while the block runs."""
        if self.average is None:
            yield
            return
        with self.average.in_place():
            yield

    def named_weights(self) -> dict[str, keras.Variable]:
        """The weights that translate: those of the model, or their averages."""
        weights = named_weights(self.model)
        return self.average.named(weights) if self.average else weights

    def named_state(self) -> dict[str, keras.Variable]:
        """What else goes on: the optimizer by slot and weight, momentums.encoder....

        Beside averages also the weights that they are of, trained.encoder.... These
        names are the file format of a checkpoint.
        """
        weights = named_weights(self.model)
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
        if self.average:
            averaged = zip(order, self.variables, strict=True)
            slots |= {f"trained.{name}": variable for name, variable in averaged}
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
        """Totals of a batch and the gradients of its loss sum; last comes a seed."""
        if self.config.scheduled_sampling.share > 0.0:
            target_in = self._with_own_pieces(source, target_in, rest[-1])
        with tf.GradientTape() as tape:
            result = self._totals(source, target_in, target_out, *rest)
            loss = self.optimizer.scale_loss(result.loss / self._unit)
        variables = [variable.value for variable in self.variables]
        zero = tf.UnconnectedGradients.ZERO
        gradients = tape.gradient(loss, variables, unconnected_gradients=zero)
        # That of an embedding of the user's may be sparse, with rows told twice.
        return result, [tf.convert_to_tensor(gradient) for gradient in gradients]

    def _with_own_pieces(self, source, target_in, seed):
        update = seed[1] // self.config.accumulate
        share = share_at(self.config.scheduled_sampling, update)
        seed = fold_in(seed, _OWN_PIECES)
        return with_own_pieces(self.model, source, target_in, share, seed)

    def _totals(self, source, target_in, target_out, *rest):
        """The rest is a seed, after the parts of a Guide or of Risks, if any."""
        *more, seed = rest
        batch, options = (self.model, source, target_in, target_out), self.config
        if self.draws:
            alpha = options.minimum_risk.alpha
            return risk_totals(*batch, Risks(*more), alpha, seed)
        return totals(
            *batch,
            options.label_smoothing,
            seed,
            options.coverage_loss,
            Guide(*more) if more else None,
            options.consistency,
        )

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
        if self.average:
            self.average.follow(self.optimizer.iterations)
        return True
