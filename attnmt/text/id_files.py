"""The files of an encoded corpus: piece ids and where each sentence begins.

NAME.ids holds the ids of all sentences, uint16 or uint32; NAME.offsets holds, int64,
the place of each sentence in it and the end. Both are little-endian.
"""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

import numpy as np


class Side:
    """The sentences of one language, memory-mapped; ValueError when a file is cut."""

    def __init__(self, folder: Path, name: str, dtype: str) -> None:
        self.ids = np.memmap(folder / f"{name}.ids", dtype=dtype, mode="r")
        self.offsets = np.memmap(folder / f"{name}.offsets", dtype="<i8", mode="r")
        self.lengths = np.diff(self.offsets).astype(np.int32)  # [sentences]
        if self.offsets[-1] != len(self.ids):
            raise ValueError(f"{name}.ids is cut")

    def __getitem__(self, index: int) -> np.ndarray:
        """Return the ids of one sentence."""
        return np.asarray(self.ids[self.offsets[index] : self.offsets[index + 1]])

    def gather(self, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the ids of many sentences in one array, and their lengths."""
        lengths = self.lengths[indices].astype(np.int64)
        ends = np.cumsum(lengths)
        shift = self.offsets[indices] - (ends - lengths)
        return self.ids[np.repeat(shift, lengths) + np.arange(ends[-1])], lengths


class SideWriter:
    """Appends sentences to the files of a `Side`; a context manager."""

    def __init__(self, folder: Path, name: str, dtype: str) -> None:
        self._dtype = dtype
        self._ids = (folder / f"{name}.ids").open("xb")
        self._offsets = (folder / f"{name}.offsets").open("xb")
        self._offsets.write(np.zeros(1, "<i8").tobytes())
        self._end = 0

    def __enter__(self) -> "SideWriter":
        return self

    def __exit__(self, *_: object) -> None:
        for file in (self._ids, self._offsets):
            file.flush()
            os.fsync(file.fileno())
            file.close()

    def write(self, sentences: Sequence[Sequence[int]]) -> None:
        """Append sentences."""
        ends = self._end + np.cumsum(count_pieces(sentences), dtype="<i8")
        self._ids.write(np.fromiter(chain(*sentences), self._dtype).tobytes())
        self._offsets.write(ends.tobytes())
        self._end = int(ends[-1]) if len(ends) else self._end


def count_pieces(sentences: Sequence[Sequence[int]]) -> np.ndarray:
    """Return the length of each sentence, [sentences] int64."""
    return np.fromiter(map(len, sentences), np.int64, len(sentences))


@contextmanager
def replacing_folder(folder: Path) -> Iterator[Path]:
    """Yield a folder to fill; it takes the place of `folder` when all went well."""
    temporary = folder.with_name(f".{folder.name}.tmp")
    shutil.rmtree(temporary, ignore_errors=True)  # of a process that was killed
    temporary.mkdir(parents=True)
    try:
        yield temporary
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
