"""The training of a run: epochs of updates, validations, checkpoints."""

import math
from collections.abc import Iterator, Mapping
from itertools import islice

import numpy as np

from attnmt import checkpoint
from attnmt.config.schema import Config
from attnmt.errors import DataError
from attnmt.model import Seq2Seq, named_weights
from attnmt.run import Run
from attnmt.text.batches import Batch, make_batch, plan_epoch, prefetch
from attnmt.text.encoded import EncodedCorpus
from attnmt.text.id_files import Side
from attnmt.training.disk import Disk
from attnmt.training.faults import Faults, Setback, Update, refuse_infinite
from attnmt.training.guidance import GuidedBatch, guided_batch
from attnmt.training.memory import update_in_parts
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
        self._unreported: list[Update] = []
        self._disk = Disk(run.path, self.progress.tell)
        self._faults = Faults(config, run, self.progress.tell, self._note_down)
        self._watch = Stopwatch()

    def run_to_end(self) -> None:
        """Train until the last epoch, the last step or early stopping."""
        with self.progress.running(), self._interruption.watched():
            if self._validation_is_due():  # it was interrupted
                self._validate()
                self._save()
            while not self.is_over():
                try:
                    self._epoch()
                except Setback as setback:
                    self._go_back(setback)
        if lost := self._disk.lost(self.state.step):
            raise DataError(lost)

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
        if self._validation_is_due():
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
            saved = (
                f"step {self.state.step} is saved; the same command goes on from there"
            )
            self.progress.tell(
                f"interrupted: {self._disk.lost(self.state.step) or saved}"
            )
            raise Interrupted(self._interruption.asked)

    def _in_between(self) -> None:
        if due := self._validation_is_due():
            self._validate()
        step, options = self.state.step, self.config.training
        if due or step % options.save_every == 0 or step == options.max_steps:
            self._save()

    def _validation_is_due(self) -> bool:
        """Whether the state is one to validate and that has not been done."""
        state, options = self.state, self.config.training
        if self.validator is None or state.step in (0, state.validated):
            return False
        if state.step == options.max_steps:
            return True
        if self._every_steps:
            return state.step % self._every_steps == 0
        last = state.epoch == options.max_epochs
        return state.batch == 0 and (last or state.epoch % self._every_epochs == 0)

    def _update(self, batches: list[Batch | GuidedBatch]) -> None:
        options, state = self.config.training, self.state
        rate = learning_rate(options, state.step + 1, self._share(), state.rate_scale)
        totals, norm = update_in_parts(
            self.trainer, batches, self.config.seed, state, rate, self.progress.tell
        )
        self._rate = rate
        state.step += 1
        self._unreported.append(Update(state.step, batches, totals, norm))
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
        state, updates = self.state, self._unreported
        self._unreported = []
        if not (figures := self._faults.finite(updates, state)):
            return
        loss, log_loss, correct, tokens, norm = np.sum(figures, axis=0)
        norm /= len(figures)
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
        self._note_down("train", state.step, values)
        remaining = state.seconds * (1.0 - share) / max(share, 1e-9)
        if state.step == 1:  # the time went into compiling
            remaining = None
        line = (
            f"epoch {values['epoch']:.2f} step {state.step}: loss {loss / tokens:.3f}, "
            f"rate {self._rate:.2g}, {tokens / seconds:,.0f} tokens/s, "
            f"{clock(state.seconds)}"
        )
        self.progress.report(line, share, remaining)

    def _note_down(self, kind: str, step: int, values: Mapping[str, float]) -> None:
        with self._disk.writing():
            self.journal.write(kind, step, values)

    def _go_back(self, setback: Setback) -> None:
        self._unreported.clear()
        folder, self.state = self._faults.back(setback, self.state)
        checkpoint.restore(folder, self.weights, self.trainer.named_state(self.weights))

    def _validate(self) -> None:
        assert self.validator is not None
        self._report()
        state = self.state
        folder = self.run.validation_dir / f"{state.step:09d}"
        try:
            with self._interruption.at_once():
                measured, samples = self.validator.measure(folder, self._disk)
        except Interrupted:
            self._stop_if_asked()
            raise
        state.validated = state.step
        seconds = self._watch.lap()
        state.seconds += seconds
        self._note_down("validation", state.step, {**measured, "seconds": seconds})
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
        if not math.isfinite(value):
            better = False
        elif state.best_value is None:
            better = True
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
        state.finished = self.is_over() and not self._validation_is_due()
        weights, optimizer = (
            {name: np.asarray(variable) for name, variable in named.items()}
            for named in (self.weights, self.trainer.named_state(self.weights))
        )
        refuse_infinite(weights, state.step)
        with self._disk.writing():
            folder = checkpoint.save(run.checkpoints_dir, weights, optimizer, state)
            point(run, state)
            # This one is named too: what is newer by its name may be damaged.
            needed = {folder.name, f"{state.best_step:09d}"}
            checkpoint.prune(run.checkpoints_dir, self.config.training.keep, needed)
            self._disk.saved()
            self._faults.saved(state.step)


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
