"""Writing of attention dumps; the format is described in `dump.py`."""

import hashlib
import os
import shutil
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BufferedRandom
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import numpy as np

from attnmt import __version__
from attnmt.analysis.record import Record
from attnmt.analysis.words import WORD_RULE
from attnmt.errors import DataError
from attnmt.text.lines import json_text

HEADER, RECORDS, WEIGHTS, DONE = (
    "header.json",
    "records.jsonl",
    "weights.bin",
    "DONE.json",
)
FORMAT = {"format": "attn-dump", "version": 1}


class DumpWriter:
    """Writes a dump, each record at once; use it as a context manager.

    A reader may follow while it grows. DONE.json comes last and says that the dump is
    complete; after an exception it is missing. A dump that was at `path` before stays
    as it is until the new one is complete. `header` tells what made the weights.
    ResumedDump goes on with a dump that was killed.
    Raises DataError for a path that holds anything else, and for numbers that are
    not finite.
    """

    def __init__(
        self,
        path: Path,
        header: Mapping[str, Any],
        dtype: Literal["f2", "f4"] = "f2",
    ) -> None:
        if path.name in ("", ".."):  # it is renamed when it is complete
            raise DataError(f"{path}: expected a folder by its name, as in file.attn")
        self.path = path
        self._dtype = f"<{dtype}"
        self._header = {
            **FORMAT,
            "tool": f"attnmt {__version__}",
            "level": "piece",
            "word_rule": WORD_RULE,
            **header,
            **FORMAT,
            "dtype": self._dtype,
            "axes": ["layer", "head", "target", "source"],
            "eos_rows": True,
            "bos_rows": False,
        }
        self._replaces = _holds_dump(path)
        self._new = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        self.kept_lines = 0  # of the input, that were in a dump before
        self._last = (0, -1)  # id, rank
        self._count = self._offset = 0

    def __enter__(self) -> Self:
        with self._errors():
            self._folder = self._place()
            self._weights = (self._folder / WEIGHTS).open("a+b")
            self._records = (self._folder / RECORDS).open("a+b")
            self._sums = {RECORDS: _sum(self._records), WEIGHTS: _sum(self._weights)}
        return self

    def _place(self) -> Path:
        """The folder to write to, with a header and the files to append to."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(self._new, ignore_errors=True)  # of a process with our number
        self._new.mkdir()
        _write_json(self._new / HEADER, self._header)
        for name in (WEIGHTS, RECORDS):
            (self._new / name).touch()
        return self._new if self._replaces else self._new.rename(self.path)

    def kept(self) -> Iterator[list[Record]]:
        """The records of the kept lines, line by line; a new dump keeps none."""
        return iter(())

    def write(self, record: Record) -> Record:
        """Append a record, and return it as a reader finds it: its weights rounded.

        Ids, and ranks of the same id, must rise.
        """
        if (record.id, record.rank) <= self._last:
            raise ValueError(f"id {record.id} rank {record.rank} is out of order")
        with np.errstate(over="ignore"):  # what overflows is refused below
            array = np.ascontiguousarray(record.weights, self._dtype)
        if not np.isfinite(array).all():
            raise DataError(
                f"{self.path}: the attention weights of input line {record.id + 1} "
                f"are not all finite numbers of type {self._dtype}"
            )
        record = record.model_copy(update={"weights": array})
        raw = array.tobytes()
        place = {
            "shape": array.shape,
            "offset": self._offset,
            "nbytes": len(raw),
            "crc32": zlib.crc32(raw),
        }
        line = self._line(record, place)
        with self._errors():
            # Weights first: whoever can read a line finds its weights.
            self._weights.write(raw)
            self._weights.flush()
            self._records.write(line)
            self._records.flush()
        self._sums[WEIGHTS].update(raw)
        self._sums[RECORDS].update(line)
        self._last = (record.id, record.rank)
        self._count += 1
        self._offset += len(raw)
        return record

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            with self._errors():
                with self._weights, self._records:
                    if error is None:
                        os.fsync(self._weights.fileno())
                        os.fsync(self._records.fileno())
                if error is None:
                    self._finish()
        finally:
            if self._replaces:
                shutil.rmtree(self._new, ignore_errors=True)

    def _line(self, record: Record, place: dict[str, Any]) -> bytes:
        try:
            text = json_text(record.to_json() | place, separators=(",", ":"))
            return f"{text}\n".encode()
        except ValueError as error:
            raise DataError(
                f"{self.path}: input line {record.id + 1} cannot be written: {error}"
            ) from error

    def _finish(self) -> None:
        sums = {name: value.hexdigest() for name, value in self._sums.items()}
        done = {"records": self._count, "bytes": self._offset, "sha256": sums}
        _write_json(self._folder / DONE, done)
        if self._replaces:
            old = self.path.rename(self._new.with_suffix(".old"))
            self._new.rename(self.path)
            shutil.rmtree(old)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise DataError(
                f"{self.path}: cannot be written: {error.strerror or error}"
            ) from error


def _holds_dump(path: Path) -> bool:
    """Whether a dump is at `path`; raises DataError when anything else is."""
    if not path.is_symlink() and not path.exists():
        return False
    if path.is_dir() and not path.is_symlink():
        names = {entry.name for entry in path.iterdir()}
        if not names:
            return False
        if HEADER in names and names <= {HEADER, RECORDS, WEIGHTS, DONE}:
            return True
    raise DataError(
        f"{path}: exists and is not (only) an attention dump; it is left as it is, "
        "choose another name"
    )


def _sum(file: BufferedRandom) -> "hashlib._Hash":
    """The SHA-256 of what is in a file already, to go on with."""
    file.seek(0)
    return hashlib.file_digest(file, "sha256")


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    path.write_bytes(f"{json_text(content, indent=2)}\n".encode())
