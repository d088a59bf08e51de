"""The training of a run: epochs of updates, validations, checkpoints."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice

import numpy as np

from attnmt import checkpoint
from attnmt.config.schema import Config
from attnmt.errors import DataError
from attnmt.run import Run
from attnmt.text.batches import Batch, make_batch, plan_epoch, prefetch
from attnmt.text.encoded import EncodedCorpus
from attnmt.text.id_files import Side
from attnmt.training.calendar import Calendar
from attnmt.training.disk import Disk
from attnmt.training.faults import Faults, Setback, Update, refuse_infinite
from attnmt.training.guidance import GuidedBatch, guided_batch
from attnmt.training.judging import judge
from attnmt.training.memory import update_in_parts
from attnmt.training.progress import Journal, Progress, Stopwatch, report_line
from attnmt.training.schedule import learning_rate
from attnmt.training.signals import Interrupted, Interruption
from attnmt.training.step import Trainer
from attnmt.training.validation import Validator


class Loop:
    """Runs a training from a state, to its end or to an interruption.

    `corpora` tells what an epoch reads, `links` the word links of guided alignment.
    """

    def __init__(
        self,
        config: Config,
        run: Run,
        trainer: Trainer,
        corpora: Callable[[int], list[EncodedCorpus]],
        validator: Validator | None,
        state: checkpoint.State,
        links: list[Side] | None = None,
    ) -> None:
        self.config, self.run, self.state = config, run, state
        self.trainer, self.corpora, self.validator = trainer, corpora, validator
        self.links = links
        self.progress = Progress()
        self.journal = Journal(run, state.step)
        self.calendar = Calendar(config, validates=validator is not None)
        self._interruption = Interruption()
        self._batches = 1  # in this epoch
        self._unreported: list[Update] = []
        self._disk = Disk(run.path, self.progress.tell)
        self._faults = Faults(config, run, self.progress.tell, self._note_down)
        self._watch = Stopwatch()

    def run_to_end(self) -> None:
        """Train until the last epoch, the last step or early stopping."""
        with self.progress.running(), self._interruption.watched():
            if self.calendar.validates_at(self.state):  # it was interrupted
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
        return self.calendar.ended_by(self.state) is not None

    def _epoch(self) -> None:
        state = self.state
        corpora = self.corpora(state.epoch)
        plan = self.plan(corpora)
        self._batches = len(plan)
        rest = self.updates(corpora, plan[state.batch :])
        for batches in prefetch(rest):
            self._update(batches)
            if state.batch < len(plan):  # else the end of the epoch sees to it all
                self._in_between()
                self._stop_if_asked()
                if self.is_over():
                    return
        state.epoch, state.batch = state.epoch + 1, 0
        if self.calendar.validates_at(self.state):
            self._validate()
        self._save()
        self._stop_if_asked()

    def plan(self, corpora: list[EncodedCorpus]) -> list[np.ndarray]:
        """The batches of the epoch that the training is in: what each holds."""
        options = self.config.training
        weights = [corpus.weight for corpus in self.config.data.train]
        room = options.batch_tokens // (1 + options.minimum_risk.samples)
        return plan_epoch(corpora, weights, room, self.config.seed, self.state.epoch)

    def updates(
        self, corpora: list[EncodedCorpus], plan: Sequence[np.ndarray]
    ) -> Iterator[list[Batch | GuidedBatch]]:
        """The batches of each update."""
        batches = (self._make_batch(corpora, indices) for indices in plan)
        while group := list(islice(batches, self.config.training.accumulate)):
            yield group

    def _make_batch(
        self, corpora: list[EncodedCorpus], indices: np.ndarray
    ) -> Batch | GuidedBatch:
        if self.links:
            return guided_batch(corpora, self.links, indices)
        return make_batch(corpora, indices)

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
        if due := self.calendar.validates_at(self.state):
            self._validate()
        if due or self.calendar.saves_at(self.state):
            self._save()

    def _update(self, batches: list[Batch | GuidedBatch]) -> None:
        options, state = self.config.training, self.state
        share = self.calendar.share(state, self._batches)
        rate = learning_rate(options, state.step + 1, share, state.rate_scale)
        totals, norm = update_in_parts(
            self.trainer, batches, self.config.seed, state, rate, self.progress.tell
        )
        self._rate = rate
        state.step += 1
        self._unreported.append(Update(state.step, batches, totals, norm))
        state.batch += len(batches)
        if state.step % options.report_every == 0 or state.step == 1:
            self._report()

    def _report(self) -> None:
        state, updates = self.state, self._unreported
        self._unreported = []
        if not (figures := self._faults.finite(updates, state)):
            return
        values = self._values(figures)
        self._note_down("train", state.step, values)
        share = self.calendar.share(state, self._batches)
        remaining = state.seconds * (1.0 - share) / max(share, 1e-9)
        if state.step == 1:  # the time went into compiling
            remaining = None
        self.progress.report(report_line(state.step, values), share, remaining)

    def _values(self, figures: list[np.ndarray]) -> dict[str, float]:
        """What is told of updates since the last report; their time is taken."""
        state = self.state
        loss, log_loss, correct, tokens, norm = np.sum(figures, axis=0)
        seconds = self._watch.lap()
        state.seconds += seconds
        state.tokens += int(tokens)
        return {
            "epoch": round(state.epoch + state.batch / self._batches, 3),
            "loss": loss / tokens,
            "perplexity": math.exp(min(700.0, log_loss / tokens)),
            "accuracy": correct / tokens,
            "learning_rate": self._rate,
            "gradient_norm": norm / len(figures),
            "tokens_per_second": tokens / seconds,
            "seconds": state.seconds,
        }

    def _note_down(self, kind: str, step: int, values: Mapping[str, float]) -> None:
        with self._disk.writing():
            self.journal.write(kind, step, values)

    def _go_back(self, setback: Setback) -> None:
        self._unreported.clear()
        folder, self.state = self._faults.back(setback, self.state)
        trainer = self.trainer
        checkpoint.restore(folder, trainer.named_weights(), trainer.named_state())

    def _validate(self) -> None:
        assert self.validator is not None
        self._report()
        state = self.state
        folder = self.run.validation_dir / f"{state.step:09d}"
        try:
            with self.trainer.averaged(), self._interruption.at_once():
                measured, samples = self.validator.measure(folder, self._disk)
        except Interrupted:
            self._stop_if_asked()
            raise
        state.validated = state.step
        seconds = self._watch.lap()
        state.seconds += seconds
        self._note_down("validation", state.step, {**measured, "seconds": seconds})
        before = state.rate_scale
        if state.best_step and not self.run.checkpoint_dir(state.best_step).is_dir():
            state.best_value = None  # it was lost on a full disk
        better = judge(self.config, state, measured, *self.validator.of)
        if state.rate_scale < before:
            factor = self.config.training.schedule.factor
            self.progress.tell(f"learning rate times {factor}: no improvement")
        self.progress.tell_validation(state.step, measured, better, samples)

    def _save(self) -> None:
        self._report()
        run, state = self.run, self.state
        state.finished = self.is_over() and not self.calendar.validates_at(self.state)
        weights, optimizer = (
            {name: np.asarray(variable) for name, variable in named.items()}
            for named in (self.trainer.named_weights(), self.trainer.named_state())
        )
        refuse_infinite(weights, state.step)
        with self._disk.writing():
            folder = checkpoint.save(run.checkpoints_dir, weights, optimizer, state)
            point(run, state)
            # This one is named too: what is newer by its name may be damaged.
            needed = {folder.name, run.checkpoint_dir(state.best_step).name}
            if (run.path / "best").is_file():  # may be of before a disk that was full
                needed.add(run.pointed("best").name)
            checkpoint.prune(run.checkpoints_dir, self.config.training.keep, needed)
            self._disk.saved()
            self._faults.saved(state.step)


def point(run: Run, state: checkpoint.State) -> None:
    """Let the files `last` and `best` name the checkpoints that a state speaks of."""
    best = run.checkpoint_dir(state.best_step)
    if best.is_dir():  # a full disk may have kept it from being written
        run.point("best", best)
    run.point("last", run.checkpoint_dir(state.step))
