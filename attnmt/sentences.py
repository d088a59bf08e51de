"""Source lines on their way to the model, hypotheses on their way back to text."""

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple
from zlib import crc32

import numpy as np

from attnmt.analysis.record import Record
from attnmt.search import Hypothesis
from attnmt.text.tokenizer import EOS, PAD, Encoding, Tokenizer

END_PIECE = "</s>"
POSITIONS = 8192  # of a padded batch, so that long lines share with few
AlignKind = Literal["token", "slot"]


class SourceLine(NamedTuple):
    """A line of input, ready to be batched."""

    id: int  # from 0
    source: str
    encoding: Encoding  # with </s>; empty for a blank line
    flags: list[str]


def read_line(tokenizer: Tokenizer, number: int, text: str, longest: int) -> SourceLine:
    """Cut a line into pieces, at most `longest`, and </s>; then it is "truncated"."""
    encoding = tokenizer.encode_with_spans(text)
    flags = ["truncated"] if len(encoding.ids) > longest else []
    return source_line(number, text, encoding.part(0, longest), flags)


def source_line(
    number: int, text: str, encoding: Encoding, flags: Sequence[str] = ()
) -> SourceLine:
    """A line of these pieces, and </s>; without any it is "empty_src"."""
    if not encoding.ids:
        return SourceLine(number, text, encoding, ["empty_src"])
    end = len(text.encode())
    with_end = Encoding(
        [*encoding.ids, EOS],
        [*encoding.pieces, END_PIECE],
        [*encoding.spans, (end, end)],
    )
    return SourceLine(number, text, with_end, [*flags])


def padded(rows: Sequence[Sequence[int]]) -> np.ndarray:
    """Rows of ids -> [batch, longest] int32, padded on the right."""
    array = np.full((len(rows), max(map(len, rows))), PAD, np.int32)
    for i, row in enumerate(rows):
        array[i, : len(row)] = row
    return array


def uniform(
    seed: int, lines: Sequence[SourceLine], limits: Sequence[int], draws: int
) -> np.ndarray:
    """Numbers in [0, 1) to draw translations with, [batch, draws, target].

    Those of a line of at most `limits` pieces hang on nothing beside it, the first of
    them not on how many draws follow. The parts of a long line share its number: their
    text tells them apart.
    """
    numbers = np.zeros((len(lines), draws, max(limits)), np.float32)
    for own, line, limit in zip(numbers, lines, limits, strict=True):
        key = (seed, line.id, crc32(line.source.encode()))
        rng = np.random.default_rng(key)
        own[:, :limit] = rng.random((draws, limit), np.float32)
    return numbers


def by_length(lengths: Sequence[int], most: int) -> Iterator[list[int]]:
    """Places of like length, the longest first, at most `most` at a time; none of 0."""
    rest = [place for place, length in enumerate(lengths) if length]
    rest.sort(key=lambda place: lengths[place], reverse=True)
    while rest:
        size = min(most, max(1, POSITIONS // lengths[rest[0]]))
        yield rest[:size]
        rest = rest[size:]


def to_translation(
    line: SourceLine,
    text: str,
    encoding: Encoding,
    hypothesis: Hypothesis,
    align_kind: AlignKind,
    rank: int = 0,
    n_best: int = 1,
) -> Record:
    """A hypothesis with the text and the pieces it was decoded to (without </s>)."""
    size = len(text.encode())
    ending = [(END_PIECE, (size, size))] if hypothesis.finished else []
    weights = hypothesis.weights  # [target, (head,) source]
    weights = weights[:, None] if weights.ndim == 2 else weights
    return Record(
        id=line.id,
        rank=rank,
        n_best=n_best,
        source=line.source,
        hypothesis=text,
        score=float(hypothesis.log_probs.sum()),
        norm_score=hypothesis.score,
        source_pieces=line.encoding.pieces,
        target_pieces=encoding.pieces + [piece for piece, _ in ending],
        source_ids=line.encoding.ids,
        target_ids=hypothesis.tokens.tolist(),
        source_spans=line.encoding.spans,
        target_spans=encoding.spans + [span for _, span in ending],
        log_probs=hypothesis.log_probs.tolist(),
        weights=np.moveaxis(weights, 1, 0)[None],  # [layer, head, target, source]
        extras=hypothesis.extras,
        align_kind=align_kind,
        flags=flags(line, hypothesis),
    )


def flags(line: SourceLine, hypothesis: Hypothesis) -> list[str]:
    """What is to be known of a translation."""
    return line.flags + ([] if hypothesis.finished else ["unfinished"])


def blank(line: SourceLine, align_kind: AlignKind) -> Record:
    """The translation of a line without pieces: nothing."""
    return bare(line.id, line.source, align_kind, line.flags)


def bare(
    number: int,
    source: str,
    align_kind: AlignKind,
    flags: Sequence[str],
    text: str = "",
    score: float = 0.0,
    norm_score: float = 0.0,
    rank: int = 0,
    n_best: int = 1,
) -> Record:
    """A translation of which neither pieces, words nor attention are told."""
    return Record(
        id=number,
        rank=rank,
        n_best=n_best,
        source=source,
        hypothesis=text,
        score=score,
        norm_score=norm_score,
        source_pieces=[],
        target_pieces=[],
        source_ids=[],
        target_ids=[],
        source_spans=[],
        target_spans=[],
        source_words=[],
        target_words=[],
        log_probs=[],
        extras={},
        weights=np.zeros((1, 1, 0, 0), np.float32),
        align_kind=align_kind,
        flags=[*flags],
    )
