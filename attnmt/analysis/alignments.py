"""Word alignments: links read from attention, and the Pharaoh notation."""

import re
from collections.abc import Iterable

import numpy as np

from attnmt.errors import DataError

Link = tuple[int, int]  # (source word, target word), counted from 0

_LINK = re.compile(r"([0-9]+)([-p?])([0-9]+)")


def argmax_links(word_weights: np.ndarray) -> list[Link]:
    """Links every target word to the source word with the largest weight.

    word_weights [..., target, source]: the last row and the last column are those of
    `</s>`, which is never linked; leading axes (layers, heads) are averaged. A target
    word that has no weight on any source word gets no link. Ties go to the left.
    """
    weights = np.asarray(word_weights, np.float32)
    weights = weights.mean(axis=tuple(range(weights.ndim - 2)))
    words = weights[:-1, :-1]  # [target, source]
    if words.size == 0:
        return []
    best = words.argmax(axis=1)
    return [(int(s), t) for t, s in enumerate(best) if words[t, s] > 0]


def pharaoh(links: Iterable[Link]) -> str:
    """Writes links as `0-0 1-2`, in the order of the source."""
    return " ".join(f"{source}-{target}" for source, target in sorted(links))


def parse_pharaoh(line: str, *, one_indexed: bool) -> tuple[set[Link], set[Link]]:
    """Reads sure links `i-j` and possible links `ipj` or `i?j` of one sentence.

    Returns (sure, possible) as (source, target) counted from 0; every sure link is
    also among the possible ones. Raises DataError; the caller adds file and line.
    """
    sure, possible = set(), set()
    for token in line.split():
        match = _LINK.fullmatch(token)
        if match is None:
            raise DataError(f"expected links like 0-1 or 0p1, found {token!r}")
        link = (int(match[1]) - one_indexed, int(match[3]) - one_indexed)
        if min(link) < 0:
            raise DataError(f"expected words counted from 1, found {token!r}")
        possible.add(link)
        if match[2] == "-":
            sure.add(link)
    return sure, possible
