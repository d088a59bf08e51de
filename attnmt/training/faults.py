"""What a training does about numbers that are none: skip, go back, give up."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from attnmt import checkpoint
from attnmt.config.schema import Config
from attnmt.errors import DivergedError
from attnmt.layers.attention import Tensor
from attnmt.run import Run
from attnmt.text.batches import Batch
from attnmt.text.lines import write_lines
from attnmt.text.tokenizer import load_tokenizers
from attnmt.training.guidance import GuidedBatch
from attnmt.training.objective import Totals

SKIPPED_IN_A_ROW = 5  # so many, and the last checkpoint is taken up again
SETBACKS = 3  # to checkpoints without progress; after that the training ends
SLOWER = 0.5  # times the learning rate, at each
BATCH_FILE = "diverged.tsv"
AnyBatch = Batch | GuidedBatch


class Update(NamedTuple):
    """What an update was made of and what came of it."""

    step: int
    batches: Sequence[AnyBatch]
    totals: Totals
    norm: Tensor


class Setback(Exception):
    """The training cannot go on from where it is; the message says why."""

    def __init__(self, message: str, batches: Sequence[AnyBatch] = ()) -> None:
        super().__init__(message)
        self.batches = batches


class Faults:
    """Counts updates that were no numbers, and decides what follows.

    `tell` has a line for the user, `note` an entry of metrics.jsonl.
    """

    def __init__(
        self,
        config: Config,
        run: Run,
        tell: Callable[[str], None],
        note: Callable[[str, int, Mapping[str, float]], None],
    ) -> None:
        self.config, self.run, self.tell, self.note = config, run, tell, note
        self._in_a_row = 0
        self._setbacks, self._worst_step = 0, 0

    def finite(
        self, updates: Sequence[Update], state: checkpoint.State
    ) -> list[np.ndarray]:
        """Totals and norm, [5], of each good update; the others, skipped, are told.

        Raises Setback for many of them in a row.
        """
        good = []
        for update in updates:
            figures = np.array([*update.totals, update.norm], float)
            if np.isfinite(figures).all():
                self._in_a_row = 0
                good.append(figures)
                continue
            loss, _, _, tokens, norm = figures
            problem = f"the loss is {loss / tokens}, the norm of its gradient {norm}"
            self._in_a_row += 1
            state.skipped += 1
            self.note("skipped", update.step, {"in_all": state.skipped})
            self.tell(f"step {update.step} is skipped: {problem}")
            if self._in_a_row == SKIPPED_IN_A_ROW:
                raise Setback(f"step {update.step}: {problem}", update.batches)
        return good

    def back(
        self, setback: Setback, state: checkpoint.State
    ) -> tuple[Path, checkpoint.State]:
        """The last checkpoint, with a lower learning rate from there on.

        Raises DivergedError when there is none, or it was taken up in vain before.
        """
        self._setbacks, self._in_a_row = self._setbacks + 1, 0
        self._worst_step = max(self._worst_step, state.step)
        found = checkpoint.newest_valid(self.run.checkpoints_dir)
        if found is None or self._setbacks > SETBACKS:
            raise DivergedError(self._advice(setback))
        folder, last = found
        last.skipped = state.skipped
        slower = SLOWER**self._setbacks
        last.rate_scale *= slower
        self.note("setback", last.step, {"rate_scale": last.rate_scale})
        self.tell(f"back to step {last.step}, learning rate times {slower}: {setback}")
        return folder, last

    def saved(self, step: int) -> None:
        """A checkpoint beyond all trouble ends the count of setbacks."""
        if not self._in_a_row and step > self._worst_step:
            self._setbacks = 0

    def _advice(self, setback: Setback) -> str:
        if setback.batches:
            self._write(setback.batches)
        folder, read = self.run.checkpoints_dir, self.run.path / BATCH_FILE
        saved = f"; the checkpoints in {folder} are from before"
        return (
            f"{setback}: in a new run_dir lower training.learning_rate, lengthen "
            "training.schedule.warmup_steps or lower training.clip_norm"
            f"{saved if checkpoint.all_in(folder) else ''}"
            f"{f'; what was read stands in {read}' if setback.batches else ''}"
        )

    def _write(self, batches: Sequence[AnyBatch]) -> None:
        """Write batches as text, source TAB target, for a person to look at."""
        source, target = load_tokenizers(self.config, self.run.tokenizer_dir)
        texts = (
            (source.decode(ids), target.decode(labels))
            for batch in batches
            for ids, labels in zip(batch.source, batch.target_out, strict=True)
        )
        lines = ("\t".join(text.replace("\t", " ") for text in pair) for pair in texts)
        write_lines(self.run.path / BATCH_FILE, lines)


def refuse_infinite(weights: Mapping[str, np.ndarray], step: int) -> None:
    """Raise Setback for weights that no checkpoint should have."""
    for name, array in weights.items():
        if not np.isfinite(array).all():
            raise Setback(f"step {step}: {name} has numbers that are not finite")
