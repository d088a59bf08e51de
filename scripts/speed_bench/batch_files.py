"""Batches in a file, for sides that have no attnmt."""

from collections.abc import Iterable, Iterator
from itertools import cycle
from pathlib import Path
from typing import NamedTuple

import numpy as np

PAD = 0
Arrays = tuple[np.ndarray, np.ndarray, np.ndarray]  # source, target in, target out


class Counts(NamedTuple):
    """Places of batches."""

    source: int  # real tokens, ends included
    target: int
    padded_source: int  # all places
    padded_target: int
    pairs: int  # of real source and target tokens of one sentence


def save_batches(path: Path, batches: Iterable[Arrays]) -> None:
    """Write batches; ids are int32."""
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays = {f"{i}.{j}": x for i, b in enumerate(batches) for j, x in enumerate(b)}
    np.savez(path, **arrays)  # pyright: ignore[reportArgumentType]


def load_batches(path: Path) -> list[Arrays]:
    """The batches of a file in their order."""
    with np.load(path) as file:
        count = len(file.files) // 3
        return [(file[f"{i}.0"], file[f"{i}.1"], file[f"{i}.2"]) for i in range(count)]


def count(batch: Arrays) -> Counts:
    """Count the tokens and the places of a batch."""
    source, target = batch[0] != PAD, batch[2] != PAD
    lengths = source.sum(1, dtype=int), target.sum(1, dtype=int)
    return Counts(
        int(lengths[0].sum()),
        int(lengths[1].sum()),
        source.size,
        target.size,
        int((lengths[0] * lengths[1]).sum()),
    )


def total(counts: Iterable[Counts]) -> Counts:
    """The sums."""
    return Counts(*map(sum, zip(*counts, strict=True)))


def padding_share(counts: Counts) -> float:
    """The share of places on both sides that hold no token."""
    places = counts.padded_source + counts.padded_target
    return 1.0 - (counts.source + counts.target) / places


def endless(batches: list[Arrays]) -> Iterator[tuple[Arrays, Counts]]:
    """The batches again and again, with their counts."""
    return cycle([(batch, count(batch)) for batch in batches])
