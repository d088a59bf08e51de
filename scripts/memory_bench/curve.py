"""The memory of a command, sampled while it runs."""

import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

PAUSE = 1.0  # seconds between two samples
WARM_UP = 0.2  # share of a curve that flatness is not asked of


class Sample(NamedTuple):
    """The memory of a process at a time."""

    seconds: float
    megabytes: float  # of its own
    mapped: float  # MB of files that are in memory; the system may take them back
    progress: str  # what the command has told last


class Curve(NamedTuple):
    """All samples of a command."""

    name: str
    samples: list[Sample]
    ended: bool  # by itself, before its time was over

    @property
    def growth(self) -> float:
        """MB that the last fifth has more than the fifth after the warm-up."""
        values = [sample.megabytes for sample in self.samples]
        fifth = max(1, int(len(values) * WARM_UP))
        return median(values[-fifth:]) - median(values[fifth : 2 * fifth] or values)

    @property
    def highest(self) -> float:
        """The most MB of its own that it had."""
        return max(sample.megabytes for sample in self.samples)


def record(
    name: str,
    command: Sequence[str],
    log: Path,
    seconds: float,
    progress: Callable[[], str],
) -> Curve:
    """Run a command for at most so many seconds; raises SystemExit when it fails.

    `progress` says how far it has come; `log` gets its standard error.
    """
    begin, samples = time.monotonic(), list[Sample]()
    with log.open("wb") as errors, log.with_suffix(".out").open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=errors)
        while process.poll() is None and time.monotonic() - begin < seconds:
            own, mapped = memory(process.pid)
            passed = time.monotonic() - begin
            samples.append(Sample(round(passed, 1), own, mapped, progress()))
            time.sleep(PAUSE)
        ended = process.poll() is not None
        process.kill()
        if process.wait() and ended:
            sys.exit(f"{name}: the command failed, see {log}")
    return Curve(name, samples, ended)


def memory(pid: int) -> tuple[float, float]:
    """MB of a process: its own, and of mapped files; none when it has just ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text("utf-8").splitlines()
    except FileNotFoundError:
        lines = []
    sizes = dict(line.split(":", 1) for line in lines)
    own, mapped = (
        int(sizes.get(name, "0 kB").split()[0]) for name in ("RssAnon", "RssFile")
    )
    return own / 1024, mapped / 1024
