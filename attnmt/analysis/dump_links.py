"""Word links of a whole dump: one row for each input line, of its best hypothesis."""

from collections.abc import Iterator

from attnmt.analysis.alignments import (
    Link,
    Linking,
    Symmetrisation,
    links_of,
    symmetrise,
)
from attnmt.analysis.dump import Dump
from attnmt.analysis.record import Record
from attnmt.errors import DataError


def best_records(dump: Dump, rank: int = 0) -> Iterator[Record]:
    """The best hypothesis of every input line, in order, or that of another rank.

    Raises DataError for attention over memory slots, which aligns no words, and when
    an input line is missing or has no hypothesis of that rank.
    """
    expected = last = 0
    for record in dump:
        last = record.id
        if record.rank != rank:
            continue
        if record.align_kind == "slot":
            raise DataError(
                f"{dump.path}: the attention is over memory slots, not source tokens: "
                "it aligns no words"
            )
        if record.id != expected:
            raise _gap(dump, expected, rank)
        expected += 1
        yield record
    if last >= expected and len(dump):
        raise _gap(dump, expected, rank)


def dump_links(dump: Dump, linking: Linking) -> Iterator[list[Link]]:
    """The links of every input line, as `links_of` reads them."""
    for record in best_records(dump):
        yield links_of(record.word_weights(), linking)


def symmetrised_links(
    forward: Dump,
    reverse: Dump,
    symmetrisation: Symmetrisation,
    linking: Linking,
) -> Iterator[list[Link]]:
    """One alignment of two dumps, `reverse` from the target language to the source.

    Both have to be of the same sentence pairs. Raises DataError where they are not.
    """
    count = sum(1 for _ in best_records(forward))
    other = sum(1 for _ in best_records(reverse))
    if count != other:
        raise DataError(
            f"expected dumps of the same sentence pairs, found {count} in "
            f"{forward.path} and {other} in {reverse.path}"
        )
    pairs = zip(best_records(forward), best_records(reverse), strict=True)
    for one, two in pairs:
        _check_pair(one, two, forward, reverse)
        swapped = links_of(two.word_weights(), linking)
        yield symmetrise(
            links_of(one.word_weights(), linking),
            [(source, target) for target, source in swapped],
            symmetrisation,
        )


def _gap(dump: Dump, line: int, rank: int) -> DataError:
    return DataError(
        f"{dump.path}: expected a hypothesis of rank {rank} for input line {line} next "
        "(from 0), found none: a line for every input line cannot be made"
    )


def _check_pair(one: Record, two: Record, forward: Dump, reverse: Dump) -> None:
    if not one.source_pieces or not two.source_pieces:
        return  # blank or translated in parts: nothing of it is linked
    words = len(one.source_words), len(one.target_words)
    swapped = len(two.target_words), len(two.source_words)
    if words != swapped:
        raise DataError(
            f"{reverse.path}: id {two.id}: expected the sentence pair of "
            f"{forward.path} the other way round, with {words[1]} source and "
            f"{words[0]} target words, found {swapped[1]} and {swapped[0]}"
        )
