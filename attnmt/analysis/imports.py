"""Attention that other tools wrote, as records of a dump."""

import re
from collections.abc import Iterator, Sequence
from itertools import takewhile, zip_longest
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from attnmt.analysis.export import SEPARATOR
from attnmt.analysis.joining import Subwords, join
from attnmt.analysis.record import Record
from attnmt.analysis.views import END
from attnmt.errors import DataError
from attnmt.text.lines import read_lines


class Sentence(NamedTuple):
    """What a file tells of one translation; both sides without `</s>`."""

    place: str  # FILE:LINE
    source: list[str]  # tokens
    target: list[str]
    rows: list[str]  # the weights of each target token, not yet read
    score: float


def marian_sentences(
    path: Path, source: Path, target: Path | None = None
) -> Iterator[Sentence]:
    """Lines `translation ||| a,b,c a,b,c` of `--alignment soft`, without scores.

    `source` has the tokens that Marian read; `target`, where Marian joined its tokens
    to text, the tokens that it wrote.
    """
    targets = None if target is None else read_lines(target)
    lines = zip_longest(read_lines(path), read_lines(source), targets or ())
    for number, (line, tokens, written) in enumerate(lines, 1):
        if line is None or tokens is None or (targets and written is None):
            names = filter(None, (path, source, target))
            raise DataError(
                f"expected as many lines in {' and '.join(map(str, names))}, one of "
                f"them ends before line {number}"
            )
        fields = line.split(SEPARATOR)
        if len(fields) != 2:
            raise DataError(
                f"{path}:{number}: expected translation ||| weights, found "
                f"{len(fields)} fields; lists of n best are not read"
            )
        text = fields[0] if written is None else written
        place = f"{path}:{number}"
        sides = _tokens(tokens), _tokens(text)
        yield Sentence(place, *sides, fields[1].split(), 0.0)


def sockeye_sentences(path: Path) -> Iterator[Sentence]:
    """Blocks of `--output-type translation_with_alignment_matrix`, one for each line.

    A line `id ||| target ||| score ||| source ||| S ||| T`, a line of T weights for
    each source token, as Sockeye 1 writes them whatever its documentation says, an
    empty line. Ids count from 0 or 1; the score is a negative log-probability.
    """
    lines = enumerate(read_lines(path), 1)
    first = None
    for index, (number, line) in enumerate(lines):
        place = f"{path}:{number}"
        try:
            id_, target, score, source, count, _ = line.split(SEPARATOR)
            found, expected = int(id_), int(count)
            value = float(score)
        except ValueError:
            raise DataError(
                f"{place}: expected id ||| target ||| score ||| source ||| S ||| T, "
                f"found {line!r}"
            ) from None
        first = int(found > 0) if first is None else first
        if found != first + index:
            raise DataError(
                f"{place}: expected id {first + index}, one translation for each line, "
                f"found {found}"
            )
        rows = [row for _, row in takewhile(lambda x: x[1], lines)]
        if len(rows) != expected:
            raise DataError(f"{place}: expected {expected} rows, found {len(rows)}")
        columns = [re.split("[, ]", row) for row in rows]
        if len({*map(len, columns)}) > 1:
            raise DataError(f"{place}: expected rows of equally many numbers")
        rows = [" ".join(row) for row in zip(*columns, strict=True)]
        sides = _unended(_tokens(source)), _unended(_tokens(target))
        yield Sentence(place, *sides, rows, 0.0 - value)


def to_record(id_: int, sentence: Sentence, subwords: Subwords = "none") -> Record:
    """The record of a sentence, whose tokens are words or pieces of words.

    Where the rows lack the column of `</s>`, it gets what they lack to one. Flags say
    that it is "imported": log-probabilities are unknown, here 0. Raises DataError when
    numbers do not match.
    """
    place, source, target, rows, score = sentence
    if target and not rows:
        return _without_attention(id_, sentence, subwords)
    if not target and not rows:
        source = []  # nothing was read for nothing: a blank line
    if not source and not target:
        rows = []
    weights = _weights(place, rows, len(source)) if rows else np.zeros((0, 0))
    if len(weights) not in (len(target), len(target) + (len(source) > 0)):
        raise DataError(
            f"{place}: expected {len(target)} rows of weights, as many as target "
            f"tokens, or one more for {END}, found {len(weights)}"
        )
    finished = len(weights) > len(target)
    flags = [] if finished or not rows else ["unfinished"]
    return Record(
        id=id_,
        score=score,
        norm_score=score,
        log_probs=[0.0] * len(weights),
        weights=weights[None, None],
        flags=["imported", *flags, *([] if rows else ["empty_src"])],
        **_side("source", source, bool(rows), subwords, place),
        **_side("target", target, finished, subwords, place),
    )


def _without_attention(id_: int, sentence: Sentence, subwords: Subwords) -> Record:
    """The record of a line of which the text alone is known, translated in parts."""
    source = _side("source", sentence.source, False, subwords, sentence.place)
    target = _side("target", sentence.target, False, subwords, sentence.place)
    nothing = {name: [] for name in (*source, *target) if "_" in name}
    return Record(
        id=id_,
        score=sentence.score,
        norm_score=sentence.score,
        log_probs=[],
        weights=np.zeros((1, 1, 0, 0)),
        flags=["imported", "split"],
        **{**source, **target, **nothing},
    )


def _tokens(text: str) -> list[str]:
    """What stands between spaces; a token may hold other white space."""
    return [token for token in text.split(" ") if token]


def _unended(tokens: list[str]) -> list[str]:
    return tokens[:-1] if tokens[-1:] == [END] else tokens


def _weights(place: str, rows: Sequence[str], source: int) -> np.ndarray:
    """[rows, source + 1]; the numbers stand between commas or spaces."""
    try:
        numbers = [[float(x) for x in re.split("[, ]", row)] for row in rows]
        weights = np.array(numbers, np.float64)
    except ValueError as error:
        raise DataError(f"{place}: expected rows of numbers: {error}") from None
    if weights.shape[1] == source:
        rest = np.maximum(0, 1 - weights.sum(axis=1, keepdims=True))
        return np.concatenate([weights, rest], axis=1)
    if weights.shape[1] != source + 1:
        raise DataError(
            f"{place}: expected {source} weights in a row, as many as source tokens, "
            f"or one more for {END}, found {weights.shape[1]}"
        )
    return weights


def _side(
    side: str, tokens: list[str], ended: bool, subwords: Subwords, place: str
) -> dict[str, Any]:
    """The fields of one side of a record."""
    try:
        text, spans, words = join(tokens, subwords)
    except DataError as error:
        raise DataError(f"{place}: {error}") from error
    size = len(text.encode())
    return {
        "hypothesis" if side == "target" else side: text,
        f"{side}_pieces": [*tokens, *([END] if ended else [])],
        f"{side}_spans": [*spans, *([(size, size)] if ended else [])],
        f"{side}_ids": [-1] * (len(tokens) + ended),
        f"{side}_words": words,
    }
