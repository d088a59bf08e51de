"""From pieces to words: attention between the words of two texts."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np
import regex

WORD_RULE = (
    "runs between whitespace; in Chinese, Japanese, Thai, Lao, Khmer and Burmese "
    "script each grapheme cluster"
)
SPACE_RULE = "runs between whitespace"
# The scripts, with the length mark of kana and the punctuation that both share.
_SCRIPTS = (
    r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
    r"\u30fc\uff70\p{Block=CJK_Symbols_And_Punctuation}！（），：；？"
)
_UNSPACED = regex.compile(rf"[{_SCRIPTS}]")
_WORD = regex.compile(rf"(?=[{_SCRIPTS}])\X|(?:(?![{_SCRIPTS}])\X)+")

TargetPieces = Literal["mean", "first"]
Span = tuple[int, int]  # [begin, end) in bytes of the UTF-8 of a text


def space_spans(text: str) -> list[Span]:
    """Byte spans of the runs of characters between Unicode whitespace."""
    return _byte_spans(text, ((m.start(), m.end()) for m in re.finditer(r"\S+", text)))


def word_spans(text: str) -> list[Span]:
    """Byte spans of the words: as `space_spans`, but a run of a script that is written
    without spaces is as many words as it has characters, with the marks on them.
    """
    if not _UNSPACED.search(text):
        return space_spans(text)
    spans = (
        (run.start() + word.start(), run.start() + word.end())
        for run in re.finditer(r"\S+", text)
        for word in _WORD.finditer(run[0])
    )
    return _byte_spans(text, spans)


def join_sentences(sentences: Iterable[str]) -> str:
    """One text of them, with a space where the scripts on both sides have some."""
    text = ""
    for sentence in sentences:
        unspaced = _UNSPACED.match(text[-1:]) and _UNSPACED.match(sentence[:1])
        text += sentence if unspaced or not text else f" {sentence}"
    return text


def _byte_spans(text: str, spans: Iterable[Span]) -> list[Span]:
    """Spans in characters, in order -> spans in bytes of UTF-8."""
    found, chars, size = [], 0, 0
    for first, last in spans:
        begin = size + len(text[chars:first].encode())
        chars, size = last, begin + len(text[first:last].encode())
        found.append((begin, size))
    return found


def cut(text: str, spans: Iterable[Span]) -> list[str]:
    """The parts of a text that spans name."""
    raw = text.encode()
    return [raw[begin:end].decode() for begin, end in spans]


def piece_words(spans: Sequence[Span], words: Sequence[Span]) -> list[int]:
    """The word that each piece belongs to; -1 after the last word, as for `</s>`.

    It is the first word that ends after the piece begins: a piece may bring the
    space before its word along, be that space alone, or (a byte of a character that
    is spelled in bytes) be empty and stand where its character begins.
    """
    ends = [end for _, end in words]
    found = (bisect_right(ends, begin) for begin, _ in spans)
    return [word if word < len(words) else -1 for word in found]


def piece_ranges(spans: Sequence[Span], words: Sequence[Span]) -> list[tuple[int, int]]:
    """The words [first, last) that each piece has bytes of: several in scripts without
    spaces. One with no byte of any is that of `piece_words`, its -1 being last here.
    """
    begins, ends = [begin for begin, _ in words], [end for _, end in words]
    found = (
        (bisect_right(ends, begin), bisect_left(begins, end)) for begin, end in spans
    )
    return [(first, max(last, first + 1)) for first, last in found]


def word_shares(spans: Sequence[Span], words: Sequence[Span]) -> np.ndarray:
    """What share of each piece belongs to each word: [pieces, words + 1].

    A piece of several words is shared evenly; the last column stands for `</s>`.
    """
    shares = np.zeros((len(spans), len(words) + 1))
    for piece, (first, last) in enumerate(piece_ranges(spans, words)):
        shares[piece, first:last] = 1 / (last - first)
    return shares


def merge_words(
    weights: np.ndarray,
    source: np.ndarray,
    target: np.ndarray,
    target_pieces: TargetPieces = "mean",
) -> np.ndarray:
    """Attention between words: summed over source, averaged over target pieces.

    weights [..., target, source] between pieces, and the shares of each piece as
    `word_shares` gives them: [pieces, words + 1]. Returns [..., target words + 1,
    source words + 1]; the last row and column are those of `</s>`. A row keeps its sum;
    a target word without pieces has a row of zeros. `target_pieces` "first" takes the
    row of a word's first piece in place of the mean.
    """
    if target_pieces == "first":
        target = (target > 0) & (np.cumsum(target > 0, axis=0) == 1)
    rows = target / np.maximum(target.sum(axis=0), 1e-30)
    return (rows.T @ np.asarray(weights, np.float64) @ source).astype(np.float32)
