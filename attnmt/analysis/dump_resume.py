"""Going on with an attention dump whose writing was killed."""

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, Literal

from attnmt.analysis.dump import Dump
from attnmt.analysis.dump_writer import HEADER, RECORDS, WEIGHTS, DumpWriter
from attnmt.analysis.record import Record
from attnmt.errors import DataError


class ResumedDump(DumpWriter):
    """Writes the rest of a dump, so that all of it is as if written in one go.

    What was computed together has to be computed together again, to be the same to
    the last bit: whole windows of `window` input lines are kept. A torn end, and what
    follows a record that is damaged, is cut off. A finished dump is kept as it is;
    without any dump at `path` this is a DumpWriter.

    `inputs` are the texts of each input line: source or (source, target). Raises
    DataError, and changes nothing, when the dump is of other texts or another header.
    """

    def __init__(
        self,
        path: Path,
        header: Mapping[str, Any],
        dtype: Literal["f2", "f4"] = "f2",
        *,
        inputs: Iterable[Sequence[str]],
        window: int,
    ) -> None:
        super().__init__(path, header, dtype)
        self._kept_records = 0
        self._found = Dump(path) if self._replaces else None
        if self._found is not None:
            self._check_header(self._found.header)
            self._compare(self._found, iter(inputs), window)

    def kept(self) -> Iterator[list[Record]]:
        if self._found is not None:
            records = map(self._found.__getitem__, range(self._kept_records))
            for _, group in groupby(records, key=lambda record: record.id):
                yield list(group)

    def _place(self) -> Path:
        if self._found is None:
            return super()._place()
        sizes = self._found.sizes(self._kept_records)
        for name, size in zip((RECORDS, WEIGHTS), sizes, strict=True):
            os.truncate(self.path / name, size)
        self._count, self._offset = self._kept_records, sizes[1]
        self._last = (self.kept_lines, -1)
        self._replaces = False
        return self.path

    def _check_header(self, found: Mapping[str, Any]) -> None:
        expected = json.loads(json.dumps(self._header))
        for key in (*expected, *found):
            if expected.get(key) != found.get(key):
                raise DataError(
                    f"{self.path / HEADER}: expected {key} {expected.get(key)!r}, "
                    f"found {found.get(key)!r}: {_ADVICE}"
                )

    def _compare(
        self, found: Dump, inputs: Iterator[Sequence[str]], window: int
    ) -> None:
        """Count what is kept; the texts of all that is there have to be the same."""
        texts = None
        for number, record in enumerate(_undamaged(found), 1):
            texts = next(inputs, None) if record.rank == 0 else texts
            if texts is None or not _is_of(record, *texts):
                raise DataError(
                    f"{self.path / RECORDS}:{number}: is not of line {record.id + 1} "
                    f"of the input: {_ADVICE}"
                )
            lines = record.id + 1
            last = record.rank + 1 == record.n_best
            if last and (found.finished or lines % window == 0):
                self.kept_lines, self._kept_records = lines, number
        if found.finished and next(inputs, None) is not None:
            raise DataError(
                f"{self.path}: is finished after {self.kept_lines} lines, but the "
                f"input has more: {_ADVICE}"
            )


_ADVICE = (
    "what is there was made of something else; choose another folder, or leave out "
    "--resume to replace it"
)


def _undamaged(dump: Dump) -> Iterator[Record]:
    """The records up to the first that is damaged, as a power cut leaves them."""
    for index in range(len(dump)):
        try:
            record = dump[index]
        except DataError:
            if dump.finished:
                raise
            return
        yield record


def _is_of(record: Record, source: str, target: str | None = None) -> bool:
    """Whether a record is of these texts; of a blank source no target is kept."""
    same = target is None or not record.source_ids or record.hypothesis == target
    return record.source == source and same
