"""AER of links as they are and shifted by a word, for a corpus and each sentence."""

import json
from collections.abc import Collection, Sequence
from typing import Any

from attnmt.analysis.alignments import Link
from attnmt.errors import DataError
from attnmt.evaluation.alignment_error import AlignmentScore, Gold, alignment_error

OFFSETS = (-1, 0, 1)


def shifted(links: Collection[Link], offset: int, last: int) -> set[Link]:
    """The links with every target word moved by `offset`; none outside 0 to `last`.

    A decoder may attend for the word that it writes, or already for the next: then
    +1 has the lower error.
    """
    moved = {(source, target + offset) for source, target in links}
    return {link for link in moved if 0 <= link[1] <= last}


def scores_by_offset(
    links: Sequence[Collection[Link]], gold: Sequence[Gold]
) -> dict[int, AlignmentScore]:
    """The figures at the offsets -1, 0 and +1 of the target word."""
    lasts = list(map(_last_word, links, gold))
    by_offset = {
        offset: [
            shifted(row, offset, last) for row, last in zip(links, lasts, strict=True)
        ]
        for offset in OFFSETS
    }
    sure = any(each.sure for each in gold)
    return {
        offset: alignment_error(moved, gold)
        for offset, moved in by_offset.items()
        if sure or any(moved) or not offset  # else nothing is left to compare
    }


def _last_word(links: Collection[Link], gold: Gold) -> int:
    """The last target word that anything is linked to."""
    return max((word for _, word in {*links, *gold.sure, *gold.possible}), default=0)


def sentence_lines(
    links: Sequence[Collection[Link]], gold: Sequence[Gold]
) -> list[str]:
    """A line of JSON for every sentence; aer is null where neither side has a link."""
    return [
        json.dumps({"id": number} | _figures(found, expected))
        for number, (found, expected) in enumerate(zip(links, gold, strict=True))
    ]


def table(scores: dict[int, AlignmentScore]) -> str:
    """The figures as text, an offset a line."""
    lines = [f"{'offset':>6} {'AER':>6} {'precision':>9} {'recall':>6}"]
    for offset, found in scores.items():
        name = f"{offset:+d}" if offset else "0"
        lines.append(
            f"{name:>6} {found.aer:>6.3f} {found.precision:>9.3f} {found.recall:>6.3f}"
        )
    found = scores[0]
    lines.append(
        f"{found.links} links; gold: {found.sure} sure, {found.possible} possible"
    )
    return "\n".join(lines)


def to_json(scores: dict[int, AlignmentScore]) -> dict[str, Any]:
    """The figures at offset 0, and the error rates at all offsets."""
    rates = {str(offset): found.aer for offset, found in scores.items()}
    return scores[0]._asdict() | {"aer_by_offset": rates}


def _figures(links: Collection[Link], gold: Gold) -> dict[str, Any]:
    try:
        return alignment_error([links], [gold])._asdict()
    except DataError:  # without any link there is no rate
        return {"aer": None, "links": 0, "sure": 0, "possible": len(gold.possible)}
