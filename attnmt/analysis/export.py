"""Attention in the formats of other tools: text line by line, or NumPy's archive."""

import zipfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from attnmt.analysis.alignments import argmax_links, pharaoh
from attnmt.analysis.dump import Dump
from attnmt.analysis.dump_links import best_records
from attnmt.analysis.record import Record
from attnmt.analysis.views import END, View, piece_matrix, word_matrix
from attnmt.analysis.words import TargetPieces
from attnmt.errors import DataError
from attnmt.text.lines import json_text, replacing

TextFormat = Literal["pharaoh", "marian", "sockeye", "jsonl", "tsv"]
SEPARATOR = " ||| "
_ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})
_COLUMNS = "id rank target_index target source_index source weight"

Exported = tuple[Record, View]


def exported(
    dump: Dump,
    to: str,
    *,
    pieces: bool = False,
    rank: int | None = None,
    head: int | None = None,
    target_pieces: TargetPieces = "mean",
) -> Iterator[Exported]:
    """The records that the format `to` holds, each with the attention to write.

    npz, jsonl and tsv have all hypotheses by default. The formats of other tools have
    one for every input line, by default the best, and know no memory slots: DataError.
    """
    whole = to in ("npz", "jsonl", "tsv")
    records = dump.select(rank=rank) if whole else best_records(dump, rank or 0)
    for record in records:
        if pieces:
            yield record, piece_matrix(record, head)
        else:
            yield record, word_matrix(record, head, target_pieces)


def text_lines(rows: Iterable[Exported], to: TextFormat, name: Path) -> Iterator[str]:
    """The lines of a text format; errors call the dump `name`.

    pharaoh: links `0-0 1-2` of each target token to what it reads most. marian: the
    target, `|||`, and for each target token its weights with commas between them.
    sockeye: the translation with its matrix, several lines. jsonl: an object a line.
    tsv: a line for each weight; backslash, tab and line ends are written as in C.
    A line that was translated in parts has its text there, and no weights.
    Raises DataError for a token that the format of another tool cannot hold.
    """
    if to == "tsv":
        yield _COLUMNS.replace(" ", "\t")
    for record, view in rows:
        if to == "pharaoh":
            yield pharaoh(argmax_links(_with_end_row(record, view)))
        elif to == "marian":
            target = view.target[:-1] if record.finished else view.target
            target = target or _in_parts(record, record.hypothesis)
            text = _joined(target, False, record, name)
            yield text + SEPARATOR + _groups(view.weights)
        elif to == "sockeye":
            yield from _sockeye(record, view, name)
        elif to == "jsonl":
            yield json_text(_fields(record, view))
        else:
            yield from _cells(record, view)


def write_npz(path: Path, rows: Iterable[Exported]) -> None:
    """Write arrays ID_RANK_weights, _source and _target for each record; no pickle.

    The weights are [target, source] in float32, the others the tokens of the axes.
    """
    try:
        with (
            replacing(path) as temporary,
            zipfile.ZipFile(temporary, "w") as archive,
        ):
            for record, view in rows:
                place = f"{record.id}_{record.rank}"
                _add(archive, f"{place}_weights", view.weights)
                for side, labels in (("source", view.source), ("target", view.target)):
                    _add(archive, f"{place}_{side}", _text_array(labels, place, path))
    except OSError as error:
        raise DataError(f"{path}: cannot be written: {error.strerror}") from error


def _with_end_row(record: Record, view: View) -> np.ndarray:
    missing = 0 if record.finished or not view.target else 1
    return np.pad(view.weights, ((0, missing), (0, 0)))


def _joined(tokens: Sequence[str], ended: bool, record: Record, name: Path) -> str:
    """The tokens with spaces between; where it is `ended` the last is `</s>`."""
    for token in tokens[: len(tokens) - ended]:
        marks = token in (SEPARATOR.strip(), END) or token.startswith("\ufeff")
        if marks or token.split() != [token]:
            raise DataError(
                f"{name}: id {record.id}: the token {token!r} would be misread in this "
                "format, whose tokens stand between spaces, whose fields stand between "
                f"||| and whose sentences end with {END}: export to npz, jsonl or tsv"
            )
    return " ".join(tokens)


def _in_parts(record: Record, text: str) -> list[str]:
    """The words of a text of a line translated in parts, which has no pieces."""
    return text.split() if "split" in record.flags else []


def _groups(weights: np.ndarray) -> str:
    return " ".join(",".join(f"{x:.6g}" for x in row) for row in weights.tolist())


def _sockeye(record: Record, view: View, name: Path) -> Iterator[str]:
    target = view.target or _in_parts(record, record.hypothesis)
    source = view.source or _in_parts(record, record.source)
    fields = (
        record.id,
        _joined(target, record.finished, record, name),
        f"{0.0 - record.norm_score:f}",  # no -0
        _joined(source, bool(view.source), record, name),
        len(view.source),
        len(view.target),
    )
    yield SEPARATOR.join(map(str, fields))
    for row in view.weights.T.tolist():  # a row for each source token
        yield " ".join(f"{x:f}" for x in row)
    yield ""


def _fields(record: Record, view: View) -> dict[str, object]:
    return {
        "id": record.id,
        "rank": record.rank,
        "score": record.norm_score,
        "source": record.source,
        "target": record.hypothesis,
        "source_tokens": view.source,
        "target_tokens": view.target,
        "weights": [[float(f"{x:.6g}") for x in row] for row in view.weights.tolist()],
    }


def _cells(record: Record, view: View) -> Iterator[str]:
    source = [token.translate(_ESCAPES) for token in view.source]
    for t, row in enumerate(view.weights.tolist()):
        place = f"{record.id}\t{record.rank}\t{t}\t{view.target[t].translate(_ESCAPES)}"
        for s, weight in enumerate(row):
            yield f"{place}\t{s}\t{source[s]}\t{weight:.6g}"


def _text_array(labels: Sequence[str], place: str, path: Path) -> np.ndarray:
    array = np.array(labels, np.str_)
    if array.tolist() != list(labels):
        raise DataError(
            f"{path}: record {place} has a token that ends in a NUL character, which "
            "NumPy does not keep: export to jsonl"
        )
    return array


def _add(archive: zipfile.ZipFile, name: str, array: np.ndarray) -> None:
    # ZipInfo has a fixed date: equal dumps give equal bytes.
    entry = zipfile.ZipInfo(f"{name}.npy")
    entry.compress_type = zipfile.ZIP_DEFLATED
    with archive.open(entry, "w", force_zip64=True) as file:
        np.lib.format.write_array(file, array, allow_pickle=False)
