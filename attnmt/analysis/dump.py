r"""Attention dumps: folders in the format attn-dump/1, written and read in streams.

    header.json    first: format, data type, what made the weights, whether they are
                   between pieces or words (level), what a word is (word_rule)
    records.jsonl  one JSON object per hypothesis, in the order of the input
    weights.bin    the arrays [layer, head, target, source], one after the other
    DONE.json      last: numbers of records and bytes, and the SHA-256 of both files

Any language reads one; with NumPy, where `folder` is a Path:

    dtype = json.loads((folder / "header.json").read_bytes())["dtype"]
    raw = (folder / "weights.bin").read_bytes()
    for line in (folder / "records.jsonl").open(encoding="utf-8", newline="\n"):
        record = json.loads(line)
        cells = raw[record["offset"] : record["offset"] + record["nbytes"]]
        weights = np.frombuffer(cells, dtype).reshape(record["shape"])
"""

import hashlib
import json
import logging
import math
import zlib
from array import array
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Annotated, Any, BinaryIO, NamedTuple

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from attnmt.analysis.dump_writer import (
    DONE,
    FORMAT,
    HEADER,
    RECORDS,
    WEIGHTS,
    DumpWriter,
)
from attnmt.analysis.record import Record
from attnmt.errors import DataError

__all__ = ["Dump", "DumpWriter", "Record"]

Natural = Annotated[int, Field(ge=0, lt=2**63)]
_log = logging.getLogger(__name__)


class _Place(BaseModel):
    """The part of a record that says where its weights are."""

    model_config = ConfigDict(strict=True)

    id: Natural
    rank: Natural
    shape: Annotated[list[Natural], Field(min_length=4, max_length=4)]
    offset: Natural
    nbytes: Natural
    crc32: Natural


class _Line(NamedTuple):
    """Where a record and its weights stand."""

    id: int
    rank: int
    begin: int  # in bytes of records.jsonl
    size: int
    offset: int  # in bytes of weights.bin
    nbytes: int
    crc32: int
    layers: int
    heads: int
    targets: int
    sources: int


class _Index:
    """The lines of a dump, of which there may be millions: 88 bytes each."""

    def __init__(self) -> None:
        self._numbers = array("q")

    def __len__(self) -> int:
        return len(self._numbers) // len(_Line._fields)

    def __getitem__(self, index: int) -> _Line:
        first = range(len(self))[index] * len(_Line._fields)
        return _Line(*self._numbers[first : first + len(_Line._fields)])

    def append(self, line: _Line) -> None:
        self._numbers.extend(line)

    def column(self, name: str) -> np.ndarray:
        """That number of every line, [lines]."""
        table = np.frombuffer(self._numbers, np.int64).reshape(-1, len(_Line._fields))
        return table[:, _Line._fields.index(name)]


class _Done(BaseModel):
    """DONE.json."""

    records: int
    bytes: int
    sha256: dict[str, str]


class Dump:
    """A dump, checked when it is opened; the sequence of its records.

    Records are read when they are asked for, and their weights are then compared
    with their checksum. Of a dump that was not finished the complete records are
    read, with one warning. Raises DataError (file:line) for what is not as it should.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.header = self._read_header()
            self._dtype = np.dtype(self.header["dtype"])
            self._lines = self._read_index()
        except OSError as error:
            raise DataError(
                f"{error.filename or path}: cannot be read: {error.strerror}; expected "
                "the folder of an attention dump"
            ) from error

    def __len__(self) -> int:
        return len(self._lines)

    def __iter__(self) -> Iterator[Record]:
        return (self[index] for index in range(len(self)))

    def __getitem__(self, index: int) -> Record:
        line, number = self._lines[index], range(len(self))[index] + 1
        raw = self._read(WEIGHTS, line.offset, line.nbytes)
        if zlib.crc32(raw) != line.crc32:
            raise self._error(number, f"crc32 is not that of its part of {WEIGHTS}")
        weights = np.frombuffer(raw, self._dtype).reshape(line[-4:])
        if not np.isfinite(weights).all():
            raise self._error(number, "its weights are not all finite numbers")
        try:
            fields = json.loads(self._read(RECORDS, line.begin, line.size))
            record = Record.from_json(fields, weights)
        except ValidationError as error:
            raise self._error(number, _first(error)) from error
        told = (record.score, record.norm_score, *record.log_probs)
        if not all(map(math.isfinite, told)):
            raise self._error(number, "its scores are not all finite numbers")
        return record

    def sizes(self, count: int) -> tuple[int, int]:
        """Bytes of records.jsonl and weights.bin that the first records fill."""
        if count == 0:
            return 0, 0
        last = self._lines[count - 1]
        return last.begin + last.size, last.offset + last.nbytes

    def select(
        self, ids: Collection[int] = (), rank: int | None = None
    ) -> Iterator[Record]:
        """The records with one of `ids` (none given: all) and with `rank` (None: all).

        Raises DataError when there is none for one of them.
        """
        of, ranks = self._lines.column("id"), self._lines.column("rank")
        ranked = np.full(len(self), True) if rank is None else ranks == rank
        for id_ in ids or [None]:
            found = ranked.any() if id_ is None else (ranked & (of == id_)).any()
            if not found and (id_, rank) != (None, None):
                raise DataError(f"{self.path}: {_missing(id_, rank, of, ranks)}")
        chosen = ranked & np.isin(of, list(ids)) if ids else ranked
        return (self[int(index)] for index in np.flatnonzero(chosen))

    def _read_header(self) -> dict[str, Any]:
        path = self.path / HEADER
        try:
            header = json.loads(path.read_bytes())
        except ValueError as error:
            raise DataError(f"{path}: not JSON: {error}") from error
        expected = {**FORMAT, "dtype": ("<f2", "<f4")}
        for key, value in expected.items():
            found = header.get(key) if isinstance(header, dict) else None
            if found != value and not (isinstance(value, tuple) and found in value):
                raise DataError(f"{path}: expected {key} {value!r}, found {found!r}")
        return header

    def _read_done(self) -> _Done | None:
        try:
            return _Done.model_validate_json((self.path / DONE).read_bytes())
        except (FileNotFoundError, ValidationError):
            return None

    def _read_index(self) -> _Index:
        done = self._read_done()  # first, as the dump may be growing
        self.finished = done is not None
        available = (self.path / WEIGHTS).stat().st_size
        with (self.path / RECORDS).open("rb") as file:
            lines = self._scan(file, available)
            file.seek(0)
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if done is None:
            _log.warning(
                "%s: no valid %s, the dump was not finished; reading its %d complete "
                "records",
                *(self.path, DONE, len(lines)),
            )
        elif (done.records, done.bytes) != (len(lines), available) or (
            done.sha256.get(RECORDS) != digest
        ):
            raise DataError(
                f"{self.path}: has changed since it was finished: {DONE} names "
                f"{done.records} records and {done.bytes} bytes of weights, found "
                f"{len(lines)} and {available}, or another text of {RECORDS}"
            )
        return lines

    def _scan(self, file: BinaryIO, available: int) -> _Index:
        """The lines up to the first that is torn or whose weights are missing."""
        begin = offset = 0
        lines = _Index()
        for number, raw in enumerate(file, 1):
            if not raw.endswith(b"\n"):
                break
            found = self._read_place(number, raw, offset)
            if offset + found.nbytes > available:
                break
            place = (begin, len(raw), offset, found.nbytes, found.crc32)
            lines.append(_Line(found.id, found.rank, *place, *found.shape))
            begin, offset = begin + len(raw), offset + found.nbytes
        return lines

    def _read_place(self, number: int, raw: bytes, offset: int) -> _Place:
        try:
            place = _Place.model_validate_json(raw)
        except ValidationError as error:
            raise self._error(number, _first(error)) from error
        if place.offset != offset:
            raise self._error(number, f"expected offset {offset}, not {place.offset}")
        size = math.prod(place.shape) * self._dtype.itemsize
        if place.nbytes != size:
            raise self._error(
                number,
                f"expected nbytes {size} for shape {place.shape}, not {place.nbytes}",
            )
        return place

    def _read(self, name: str, begin: int, size: int) -> bytes:
        with (self.path / name).open("rb") as file:
            file.seek(begin)
            return file.read(size)

    def _error(self, number: int, problem: str) -> DataError:
        return DataError(f"{self.path / RECORDS}:{number}: {problem}")


def _missing(
    id_: int | None, rank: int | None, ids: np.ndarray, ranks: np.ndarray
) -> str:
    wanted = {"id": id_, "rank": rank}
    names = " and ".join(f"{k} {v}" for k, v in wanted.items() if v is not None)
    if not len(ids):
        return f"no record with {names}; the dump has no records"
    there = f"ids go from {ids[0]} to {ids[-1]}, ranks from 0 to {ranks.max()}"
    return f"no record with {names}; {there}"


def _first(error: ValidationError) -> str:
    """The first of the errors, in a line."""
    first = error.errors(include_url=False)[0]
    where = ".".join(str(key) for key in first["loc"])
    problem = first["msg"].removeprefix("Value error, ")
    return f"{where}: {problem}" if where else problem
