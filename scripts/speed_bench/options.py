"""What the command line asks of the parts."""

from pathlib import Path
from typing import NamedTuple


class Options(NamedTuple):
    """What to measure, and how long."""

    peers: tuple[str, ...]
    engines: tuple[str, ...]  # of attnmt translate
    run: Path | None  # whose weights translate; none: initial weights
    rounds: int
    seconds: float  # of a turn in training
    minutes: float  # of a training in quality
