"""What a page of the viewer holds of one dump, or of two: plain values for JSON."""

import base64
import math
from collections.abc import Collection
from typing import Any

import numpy as np

from attnmt import __version__
from attnmt.analysis.corpus_statistics import FIGURES
from attnmt.analysis.dump import Dump, Record
from attnmt.analysis.statistics import Statistics, is_punctuation, statistics
from attnmt.analysis.views import piece_view, slot_labels, word_labels
from attnmt.analysis.words import piece_ranges
from attnmt.errors import DataError
from attnmt.evaluation.alignment_error import Gold, alignment_error
from attnmt.evaluation.inputs import Rows
from attnmt.text.printable import printable


def payload(
    dump: Dump,
    ids: Collection[int] = (),
    rank: int | None = None,
    *,
    gold: Rows[Gold] | None = None,
    other: Dump | None = None,
) -> dict[str, Any]:
    """The chosen hypotheses of a dump, beside those of another for the same lines.

    `gold` has a row of word links for every input line. Raises DataError when it lacks
    one, and when the other dump lacks a hypothesis or has it for another source.
    """
    dumps = [dump] if other is None else [dump, other]
    seconds = {(r.id, r.rank): r for r in other.select(ids, rank)} if other else {}
    sentences = []
    for record in dump.select(ids, rank):
        records = [record]
        if other is not None:
            records.append(_counterpart(record, seconds, other, dump))
        links = None if gold is None else _gold_row(gold, record)
        sentences.append(_sentence(records, links))
    if not sentences:
        raise DataError(f"{dump.path}: the dump has no records")
    return {
        "tool": f"attnmt {__version__}",
        "systems": _names(dumps),
        "sentences": sentences,
    }


def quantised(weights: np.ndarray) -> dict[str, Any]:
    """Weights as bytes in base64: byte times the scale of its [layer, head, target].

    A weight is off by half the scale of its row at most.
    """
    largest = np.maximum(weights.max(axis=-1, initial=0).astype(np.float64), 1e-30)
    scales = [float(f"{x / 255:.7g}") for x in largest.ravel()]
    scale = np.reshape(scales, (*weights.shape[:3], 1))
    cells = np.rint(np.clip(weights / scale, 0, 255))
    raw = cells.astype(np.uint8).tobytes()
    return {
        "shape": list(weights.shape),
        "scales": scales,
        "weights": base64.b64encode(raw).decode("ascii"),
    }


def _names(dumps: list[Dump]) -> list[str]:
    names = [printable(dump.path.resolve().name) for dump in dumps]
    alike = len(set(names)) < len(names)
    return [printable(str(dump.path)) for dump in dumps] if alike else names


def _counterpart(
    record: Record, seconds: dict[tuple[int, int], Record], other: Dump, dump: Dump
) -> Record:
    found = seconds.get((record.id, record.rank))
    if found is None:
        raise DataError(
            f"{other.path}: expected id {record.id} rank {record.rank} as in "
            f"{dump.path}, found none; choose what both have with --id and --rank"
        )
    if found.source != record.source:
        raise DataError(
            f"{other.path}: id {record.id}: expected the source {record.source!r} as "
            f"in {dump.path}, found {found.source!r}: only dumps of the same input "
            "can be compared"
        )
    return found


def _gold_row(gold: Rows[Gold], record: Record) -> Gold:
    if record.id >= len(gold.rows):
        raise DataError(
            f"{gold.name}: expected a line for every input line, up to id {record.id}, "
            f"found {len(gold.rows)} lines"
        )
    return gold.rows[record.id]


def _sentence(records: list[Record], gold: Gold | None) -> dict[str, Any]:
    first = records[0]
    found: dict[str, Any] = {
        "id": first.id,
        "rank": first.rank,
        "n_best": first.n_best,
        "source": printable(first.source),
        "outputs": [_output(record, gold) for record in records],
    }
    if gold is not None:
        possible = set(gold.possible) - set(gold.sure)
        found["gold"] = {"sure": sorted(gold.sure), "possible": sorted(possible)}
    return found


def _output(record: Record, gold: Gold | None) -> dict[str, Any]:
    stats = statistics(record)
    return {
        "text": printable(record.hypothesis),
        "columns": _columns(record),
        "rows": _rows(record),
        "slots": record.align_kind == "slot",
        "log_probs": [
            None if "imported" in record.flags else _rounded(value)
            for value in record.log_probs
        ],
        "flags": [*map(printable, record.flags), *(stats.flags if stats else ())],
        "unread": stats.unread if stats else [],
        "repeated": stats.repeated if stats else [],
        "figures": _figures(record, stats, gold),
        **quantised(record.weights),
    }


def _columns(record: Record) -> dict[str, Any]:
    if slots := slot_labels(record):  # the same in words and pieces; none is `</s>`
        ranges = [(slot, slot + 1) for slot in range(len(slots))]
        return {"words": slots, "pieces": slots, "ranges": ranges}
    return {
        "words": word_labels(record.source, record.source_words),
        "pieces": piece_view(record).source,
        "ranges": piece_ranges(record.source_spans, record.source_words),
    }


def _rows(record: Record) -> dict[str, Any]:
    return {
        "words": word_labels(record.hypothesis, record.target_words),
        "pieces": piece_view(record).target,
        "ranges": piece_ranges(record.target_spans, record.target_words),
    }


def _figures(
    record: Record, stats: Statistics | None, gold: Gold | None
) -> dict[str, float | None]:
    """The figures of `attnmt attention stats`, and those the sentences sort by."""
    found = {"score": record.norm_score, "length": len(record.source_words)}
    if stats is not None:
        found |= {name: getattr(stats, name) for name in FIGURES}
        found["worst_coverage"] = _worst_coverage(record, stats)
    if gold is not None and record.align_kind == "token":
        links = record.alignment
        if links or gold.sure:
            found["aer"] = alignment_error([links], [gold]).aer
    return {name: _rounded(value) for name, value in found.items()}


def _worst_coverage(record: Record, stats: Statistics) -> float | None:
    """The least coverage of a source word that is not punctuation."""
    words = word_labels(record.source, record.source_words)
    pairs = zip(words, stats.coverage, strict=False)  # over slots there is none
    return min((c for word, c in pairs if not is_punctuation(word)), default=None)


def _rounded(value: float | None) -> float | None:
    """Four decimals; JSON has no number that is not finite."""
    return None if value is None or not math.isfinite(value) else round(value, 4)
