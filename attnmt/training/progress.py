"""How a training is told about: terminal, plain lines, metrics.jsonl, TensorBoard."""

import json
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from attnmt.run import Run, write_atomically
from attnmt.text.printable import printable_lines


def say(message: str) -> None:
    """A line for the user, on standard error."""
    print(message, file=sys.stderr, flush=True)


class Journal:
    """metrics.jsonl and TensorBoard: one entry per report."""

    def __init__(self, run: Run, resumed_step: int) -> None:
        import tensorflow as tf

        self.file = run.metrics_file
        _forget_after(self.file, resumed_step)
        self._writer = tf.summary.create_file_writer(str(run.tensorboard_dir))
        self._scalar = tf.summary.scalar

    def write(self, kind: str, step: int, values: Mapping[str, float | int]) -> None:
        """Append an entry; `kind` is 'train' or 'validation'."""
        entry = {"kind": kind, "step": step, **values}
        with open(self.file, "a", encoding="utf-8", newline="\n") as file:
            file.write(json.dumps(entry) + "\n")
        with self._writer.as_default():
            for name, value in values.items():
                self._scalar(f"{kind}/{name}", value, step=step)
        self._writer.flush()


def _forget_after(file: Path, step: int) -> None:
    """Drop what an interrupted training wrote after the checkpoint it resumes from."""
    if not file.exists():
        return
    kept = []
    for line in file.read_text("utf-8").split("\n"):
        try:
            if json.loads(line)["step"] <= step:
                kept.append(line + "\n")
        except (ValueError, KeyError, TypeError):  # the torn last line of a killed run
            continue
    write_atomically(file, "".join(kept))


class Progress:
    """One line per report; a bar besides when standard error is a terminal."""

    def __init__(self) -> None:
        self._bar = None

    @contextmanager
    def running(self) -> Iterator["Progress"]:
        """Show the bar while the block runs."""
        if not sys.stderr.isatty():
            yield self
            return
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            TaskProgressColumn,
            TextColumn,
            TimeElapsedColumn,
        )
        from rich.progress import Progress as Bar

        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[remaining]}"),
        )
        with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
            self._bar = bar
            self._task = bar.add_task("training", total=1.0, remaining="")
            yield self
        self._bar = None

    def report(self, line: str, share: float, remaining: float | None) -> None:
        """A report; `share` of the training is done, `remaining` seconds are left.

        None: nobody knows yet.
        """
        left = "" if remaining is None else f", {clock(remaining)} left"
        if self._bar is None:
            say(f"{line}{left}")
        else:
            self._bar.update(
                self._task, completed=share, description=line, remaining=left[2:]
            )

    def tell(self, message: str) -> None:
        """A message that stays above the bar; what it quotes steers no terminal."""
        message = printable_lines(message)
        if self._bar is None:
            say(message)
        else:
            self._bar.console.print(message, markup=False, emoji=False, highlight=False)

    def tell_validation(
        self,
        step: int,
        measured: Mapping[str, float],
        better: bool,
        samples: Iterable[tuple[str, str, str]],
    ) -> None:
        """What a validation came to; a sample is source, reference, hypothesis."""
        figures = ", ".join(f"{name} {value:.3f}" for name, value in measured.items())
        best = " (best so far)" if better else ""
        self.tell(f"validation at step {step}: {figures}{best}")
        for source, reference, hypothesis in samples:
            self.tell(f"  source     {source}\n  reference  {reference}")
            self.tell(f"  hypothesis {hypothesis}")


def report_line(step: int, values: Mapping[str, float]) -> str:
    """The line of a report of training."""
    return (
        f"epoch {values['epoch']:.2f} step {step}: loss {values['loss']:.3f}, "
        f"rate {values['learning_rate']:.2g}, "
        f"{values['tokens_per_second']:,.0f} tokens/s, {clock(values['seconds'])}"
    )


def clock(seconds: float) -> str:
    """Seconds as h:mm:ss or m:ss."""
    minutes, rest = divmod(int(max(0.0, seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


class Stopwatch:
    """Seconds since the last lap."""

    def __init__(self) -> None:
        self._start = time.perf_counter()

    def lap(self) -> float:
        now = time.perf_counter()
        seconds, self._start = now - self._start, now
        return seconds
