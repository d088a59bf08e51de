"""A view: one attention matrix of a record, with a label for each row and column."""

from typing import NamedTuple

import numpy as np

from attnmt.analysis.record import Record
from attnmt.analysis.words import Span, TargetPieces, cut
from attnmt.errors import DataError
from attnmt.text.printable import printable

END = "</s>"
NOTHING_SHOWN = "no attention: a blank line or translation, or one made in parts"


class View(NamedTuple):
    """What a picture shows.

    `</s>` has the last column, and the last row unless the hypothesis is unfinished.
    Memory slots have the columns "slot 1", "slot 2" and so on.
    """

    source: list[str]
    target: list[str]
    weights: np.ndarray  # [target, source]


def word_view(record: Record, head: int | None = None) -> View:
    """The attention between words, with labels fit to be shown."""
    return _printable(word_matrix(record, head))


def piece_view(record: Record, head: int | None = None) -> View:
    """The attention between pieces, with labels fit to be shown."""
    return _printable(piece_matrix(record, head))


def word_matrix(
    record: Record, head: int | None = None, target_pieces: TargetPieces = "mean"
) -> View:
    """The attention between words; mean over layers and, without `head`, heads."""
    if not record.source_pieces:
        return View([], [], np.zeros((0, 0), np.float32))
    weights = _select(record.word_weights(target_pieces), head)
    source = slot_labels(record) or [*cut(record.source, record.source_words), END]
    target = [*cut(record.hypothesis, record.target_words), END]
    rows = len(target) if record.finished else len(target) - 1
    return View(source, target[:rows], weights[:rows])


def piece_matrix(record: Record, head: int | None = None) -> View:
    """The attention between pieces; mean over layers and, without `head`, heads."""
    if not record.source_pieces:
        return View([], [], np.zeros((0, 0), np.float32))
    weights = _select(record.weights.astype(np.float32), head)
    source = slot_labels(record) or record.source_pieces
    return View(source, record.target_pieces, weights)


def slot_labels(record: Record) -> list[str]:
    """The columns of attention over memory slots; none of it is over the source."""
    count = record.weights.shape[-1] if record.align_kind == "slot" else 0
    return [f"slot {number + 1}" for number in range(count)]


def word_labels(text: str, spans: list[Span]) -> list[str]:
    """The words of a text, printable."""
    return [*map(printable, cut(text, spans))]


def _printable(view: View) -> View:
    source, target = ([*map(printable, side)] for side in (view.source, view.target))
    return View(source, target, view.weights)


def _select(weights: np.ndarray, head: int | None) -> np.ndarray:
    """[layer, head, target, source] -> [target, source]."""
    if head is None:
        return weights.mean(axis=(0, 1))
    heads = weights.shape[1]
    if not 0 <= head < heads:
        raise DataError(f"no head {head}; the attention has heads 0 to {heads - 1}")
    return weights[:, head].mean(axis=0)
