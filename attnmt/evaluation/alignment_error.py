"""How far word alignments are from gold ones (Och and Ney 2003)."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from attnmt.errors import DataError
from attnmt.text.lines import read_lines

if TYPE_CHECKING:  # it brings NumPy along, which two files do not need
    from attnmt.analysis.alignments import Link


class Gold(NamedTuple):
    """What people marked in one sentence pair: (source word, target word) from 0."""

    sure: "Collection[Link]"
    possible: "Collection[Link]"  # need not repeat the sure ones


class AlignmentScore(NamedTuple):
    """Figures for a whole corpus; the three rates are shares of one."""

    aer: float  # alignment error rate
    precision: float
    recall: float
    links: int  # in the hypotheses
    sure: int
    possible: int  # the sure ones among them


def alignment_error(
    hypotheses: "Sequence[Collection[Link]]", gold: Sequence[Gold]
) -> AlignmentScore:
    """Compare links with gold links, counted over the whole corpus.

    AER is 1 - (|A and S| + |A and P|) / (|A| + |S|), with S within P.
    Raises DataError when the counts differ or neither side has a link.
    """
    if len(hypotheses) != len(gold):
        raise DataError(
            f"{len(hypotheses)} lines of alignments but {len(gold)} of gold alignments"
        )
    links = sure = possible = sure_hits = hits = 0
    for found, (must, may) in zip(map(set, hypotheses), gold, strict=True):
        must, may = set(must), {*must, *may}
        links += len(found)
        sure += len(must)
        possible += len(may)
        sure_hits += len(found & must)
        hits += len(found & may)
    if not links + sure:
        raise DataError("neither the alignments nor the gold alignments have a link")
    return AlignmentScore(
        aer=1 - (sure_hits + hits) / (links + sure),
        precision=hits / links if links else 0.0,
        recall=sure_hits / sure if sure else 0.0,
        links=links,
        sure=sure,
        possible=possible,
    )


def read_gold(path: Path, *, one_indexed: bool = False) -> list[Gold]:
    """Read gold links, a sentence a line: `i-j` is sure, `ipj` and `i?j` possible."""
    return [
        Gold(*_parse(line, path, number, one_indexed))
        for number, line in enumerate(read_lines(path), 1)
    ]


def read_links(path: Path, *, one_indexed: bool = False) -> "list[set[Link]]":
    """Read Pharaoh links `i-j`, a sentence a line."""
    return [
        set().union(*_parse(line, path, number, one_indexed))
        for number, line in enumerate(read_lines(path), 1)
    ]


def _parse(
    line: str, path: Path, number: int, one_indexed: bool
) -> "tuple[set[Link], set[Link]]":
    from attnmt.analysis.alignments import parse_pharaoh

    try:
        return parse_pharaoh(line, one_indexed=one_indexed)
    except DataError as error:
        raise DataError(f"{path}:{number}: {error}") from error
