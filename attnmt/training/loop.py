"""The training of a run: epochs of updates, validations, checkpoints."""

import math
from collections.abc import Iterator
from itertools import islice

import numpy as np

from attnmt import checkpoint
from attnmt.config.schema import Config
from attnmt.errors import DivergedError
from attnmt.layers.attention import Tensor
from attnmt.model import Seq2Seq, named_weights
from attnmt.run import Run
from attnmt.text.batches import Batch, make_batch, plan_epoch, prefetch
from attnmt.text.encoded import EncodedCorpus
from attnmt.text.id_files import Side
from attnmt.training.guidance import GuidedBatch, guided_batch
from attnmt.training.objective import Totals
from attnmt.training.progress import Journal, Progress, Stopwatch, clock
from attnmt.training.schedule import learning_rate
from attnmt.training.signals import Interrupted, Interruption
from attnmt.training.step import Trainer
from attnmt.training.validation import HIGHER_IS_BETTER, Validator


class Loop:
    """Runs a training from a state, to its end or to an interruption."""

    def __init__(
        self,
        config: Config,
        run: Run,
        model: Seq2Seq,
        trainer: Trainer,
        corpora: list[EncodedCorpus],
        validator: Validator | None,
        state: checkpoint.State,
        links: list[Side] | None = None,
    ) -> None:
        self.config, self.run, self.state = config, run, state
        self.trainer, self.corpora, self.validator = trainer, corpora, validator
        self.links = links  # of the corpora, for guided alignment
        self.weights = named_weights(model)
        self.progress = Progress()
        self.journal = Journal(run, state.step)
        count, unit = config.validation.every.split()
        self._every_epochs = int(count) if unit.startswith("epoch") else 0
        self._every_steps = int(count) if unit.startswith("step") else 0
        self._interruption = Interruption()
        self._batches = 1  # in this epoch
        self._unreported: list[tuple[Totals, Tensor]] = []
        self._watch = Stopwatch()

    def run_to_end(self) -> None:
        """Train until the last epoch, the last step or early stopping."""
        with self.progress.running(), self._interruption.watched():
            while not self.is_over():
                self._epoch()

    def is_over(self) -> bool:
        """Whether there is nothing left to train."""
        return self.ended_by() is not None

    def ended_by(self) -> str | None:
        """The setting that ends the training where it is, None while it goes on."""
        options, state = self.config.training, self.state
        patience = self.config.validation.early_stopping.patience
        if state.epoch >= options.max_epochs:
            return "training.max_epochs"
        if state.step >= (options.max_steps or math.inf):
            return "training.max_steps"
        if state.bad_validations >= (patience or math.inf):
            return "validation.early_stopping.patience"
        return None

    def _epoch(self) -> None:
        options, state = self.config.training, self.state
        weights = [corpus.weight for corpus in self.config.data.train]
        plan = plan_epoch(
            self.corpora, weights, options.batch_tokens, self.config.seed, state.epoch
        )
        self._batches = len(plan)
        rest = (self._make_batch(indices) for indices in plan[state.batch :])
        for batches in prefetch(_groups(rest, options.accumulate)):
            self._update(batches)
            if state.batch < len(plan):  # else the end of the epoch sees to it all
                self._in_between()
                self._stop_if_asked()
                if self.is_over():
                    return
        state.epoch, state.batch = state.epoch + 1, 0
        every, last = self._every_epochs, state.epoch == options.max_epochs
        due = every and (last or state.epoch % every == 0)
        if due or self._validation_is_due():
            self._validate()
        self._save()
        self._stop_if_asked()

    def _make_batch(self, indices: np.ndarray) -> Batch | GuidedBatch:
        if self.links:
            return guided_batch(self.corpora, self.links, indices)
        return make_batch(self.corpora, indices)

    def _stop_if_asked(self) -> None:
        if self._interruption.asked:
            self._save()
            self.progress.tell(
                f"interrupted: step {self.state.step} is saved; the same command "
                "goes on from there"
            )
            raise Interrupted(self._interruption.asked)

    def _in_between(self) -> None:
        if due := self._validation_is_due():
            self._validate()
        if due or self.state.step % self.config.training.save_every == 0:
            self._save()

    def _validation_is_due(self) -> bool:
        step, every = self.state.step, self._every_steps
        last = step == self.config.training.max_steps
        return last or (every > 0 and step % every == 0)

    def _update(self, batches: list[Batch | GuidedBatch]) -> None:
        options, state = self.config.training, self.state
        rate = learning_rate(options, state.step + 1, self._share(), state.rate_scale)
        result = self.trainer.update(batches, self.config.seed, state.step, rate)
        self._unreported.append(result)
        self._rate = rate
        state.step += 1
        state.batch += len(batches)
        if state.step % options.report_every == 0 or state.step == 1:
            self._report()

    def _share(self) -> float:
        """How much of the training is done, 0 to 1, if it is not stopped early."""
        options, state = self.config.training, self.state
        epochs = state.epoch + state.batch / self._batches
        share = epochs / options.max_epochs
        return (
            max(share, state.step / options.max_steps) if options.max_steps else share
        )

    def _report(self) -> None:
        if not self._unreported:
            return
        state = self.state
        results, norms = zip(*self._unreported, strict=True)
        loss, log_loss, correct, tokens = np.array(results, float).sum(axis=0)
        norm = float(np.mean(np.array(norms, float)))
        self._unreported.clear()
        if not math.isfinite(loss + norm):
            raise DivergedError(
                f"step {state.step}: the loss is {loss / tokens}, the norm of its "
                f"gradient {norm}: lower training.learning_rate, "
                "lengthen training.schedule.warmup_steps or lower training.clip_norm; "
                f"the checkpoints in {self.run.checkpoints_dir} are from before"
            )
        seconds = self._watch.lap()
        state.seconds += seconds
        state.tokens += int(tokens)
        share = self._share()
        values = {
            "epoch": round(state.epoch + state.batch / self._batches, 3),
            "loss": loss / tokens,
            "perplexity": math.exp(min(700.0, log_loss / tokens)),
            "accuracy": correct / tokens,
            "learning_rate": self._rate,
            "gradient_norm": norm,
            "tokens_per_second": tokens / seconds,
            "seconds": state.seconds,
        }
        self.journal.write("train", state.step, values)
        remaining = state.seconds * (1.0 - share) / max(share, 1e-9)
        if state.step == 1:  # the time went into compiling
            remaining = None
        line = (
            f"epoch {values['epoch']:.2f} step {state.step}: loss {loss / tokens:.3f}, "
            f"rate {self._rate:.2g}, {tokens / seconds:,.0f} tokens/s, "
            f"{clock(state.seconds)}"
        )
        self.progress.report(line, share, remaining)

    def _validate(self) -> None:
        if self.validator is None:
            return
        self._report()
        state = self.state
        folder = self.run.validation_dir / f"{state.step:09d}"
        measured, samples = self.validator.measure(folder)
        seconds = self._watch.lap()
        state.seconds += seconds
        self.journal.write("validation", state.step, {**measured, "seconds": seconds})
        better = self._note(measured)
        figures = ", ".join(f"{name} {value:.3f}" for name, value in measured.items())
        best = " (best so far)" if better else ""
        self.progress.tell(f"validation at step {state.step}: {figures}{best}")
        for source, reference, hypothesis in samples:
            self.progress.tell(f"  source     {source}\n  reference  {reference}")
            self.progress.tell(f"  hypothesis {hypothesis}")

    def _note(self, measured: dict[str, float]) -> bool:
        """Take a validation into the state; True when it is the best so far."""
        state, metric = self.state, self.config.validation.early_stopping.metric
        value, schedule = measured[metric], self.config.training.schedule
        if state.best_value is None:
            better = math.isfinite(value)
        elif HIGHER_IS_BETTER[metric]:
            better = value > state.best_value
        else:
            better = value < state.best_value
        if better:
            state.best_value, state.best_step = value, state.step
            state.bad_validations = 0
            return True
        state.bad_validations += 1
        waited = state.bad_validations % (schedule.patience + 1) == 0
        if schedule.type == "plateau" and waited:
            state.rate_scale *= schedule.factor
            self.progress.tell(f"learning rate times {schedule.factor}: no improvement")
        return False

    def _save(self) -> None:
        self._report()
        run, state = self.run, self.state
        state.finished = self.is_over()
        weights, optimizer = (
            {name: np.asarray(variable) for name, variable in named.items()}
            for named in (self.weights, self.trainer.named_state(self.weights))
        )
        folder = checkpoint.save(run.checkpoints_dir, weights, optimizer, state)
        point(run, state)
        # This one is named too: what is newer by its name may be damaged.
        needed = {folder.name, f"{state.best_step:09d}"}
        checkpoint.prune(run.checkpoints_dir, self.config.training.keep, needed)


def point(run: Run, state: checkpoint.State) -> None:
    """Let the files `last` and `best` name the checkpoints that a state speaks of."""
    run.point("last", run.checkpoints_dir / f"{state.step:09d}")
    if state.best_step:
        run.point("best", run.checkpoints_dir / f"{state.best_step:09d}")


def _groups(
    batches: Iterator[Batch | GuidedBatch], size: int
) -> Iterator[list[Batch | GuidedBatch]]:
    while group := list(islice(batches, size)):
        yield group
