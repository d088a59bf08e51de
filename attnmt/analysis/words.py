"""From pieces to words: attention between the words of two texts."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence

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


def merge_words(
    weights: np.ndarray,
    source_words: Sequence[int],
    target_words: Sequence[int],
    *,
    counts: tuple[int, int] | None = None,
) -> np.ndarray:
    """Attention between words: summed over source, averaged over target pieces.

    weights [..., target, source] between pieces, with the word of each piece (-1: the
    piece is none of a word's). Returns [..., target words + 1, source words + 1]; the
    last row and column stand for the pieces at -1, which are `</s>` and rarely more.
    A row keeps its sum; a target word without pieces has a row of zeros. `counts` are
    the numbers of source and target words, when some at the end may have no piece.
    """
    sources, targets = counts or (
        max(source_words, default=-1) + 1,
        max(target_words, default=-1) + 1,
    )
    columns = _membership(source_words, sources)  # [source, source words + 1]
    rows = _membership(target_words, targets)  # [target, target words + 1]
    rows /= np.maximum(rows.sum(axis=0), 1)
    return rows.T @ np.asarray(weights, np.float32) @ columns


def _membership(words: Sequence[int], count: int) -> np.ndarray:
    member = np.zeros((len(words), count + 1), np.float32)
    member[np.arange(len(words)), list(words)] = 1  # -1 is the last column
    return member
