"""From pieces to words: attention between the words of two texts."""

import re
from bisect import bisect_right
from collections.abc import Sequence

import numpy as np

Span = tuple[int, int]  # [begin, end) in bytes of the UTF-8 of a text


def word_spans(text: str) -> list[Span]:
    """Byte spans of the words: the runs of characters between Unicode whitespace.

    Scripts without spaces (Chinese, Japanese, Thai) so give one word per clause.
    """
    spans, chars, size = [], 0, 0
    for match in re.finditer(r"\S+", text):
        begin = size + len(text[chars : match.start()].encode())
        size = begin + len(match[0].encode())
        chars = match.end()
        spans.append((begin, size))
    return spans


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
