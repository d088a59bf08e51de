"""Parallel text of any size, made of made-up words; it takes constant memory."""

from collections.abc import Iterator
from itertools import product
from pathlib import Path

import numpy as np

from attnmt.text.lines import write_lines

_CHUNK = 50_000  # lines that are made together
_SYLLABLES = ("ba", "ke", "li", "mo", "nu", "pra", "sti", "to", "vo", "za")
_WORDS = np.array(
    ["".join(word) for n in (1, 2, 3, 4) for word in product(_SYLLABLES, repeat=n)],
    dtype=object,
)


def write_pairs(source: Path, target: Path, count: int) -> None:
    """Write `count` lines of 4 to 16 words into both files; equal calls, equal text."""
    for path, seed in ((source, 1), (target, 2)):
        write_lines(path, _lines(count, seed))


def _lines(count: int, seed: int) -> Iterator[str]:
    draw = np.random.default_rng(seed)
    for begin in range(0, count, _CHUNK):
        lengths = draw.integers(4, 17, min(_CHUNK, count - begin))
        # The share of a word falls with its rank, as in a language (Zipf).
        ranks = np.exp(draw.uniform(0.0, np.log(len(_WORDS)), lengths.sum()))
        text = iter(_WORDS[ranks.astype(int) - 1])
        yield from (" ".join(next(text) for _ in range(n)) for n in lengths)
