"""Corpora as piece ids on disk, memory-mapped: larger than memory, quick to read."""

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from attnmt.config import schema
from attnmt.errors import DataError
from attnmt.text.corpora import Pair, read_pairs
from attnmt.text.tokenizer import Tokenizer

_FORMAT = 1
_CHUNK = 8192  # pairs encoded together


class _Side:
    """The sentences of one language: ids one after the other, and where each begins."""

    def __init__(self, folder: Path, name: str, dtype: str) -> None:
        self.ids = np.memmap(folder / f"{name}.ids", dtype=dtype, mode="r")
        self.offsets = np.memmap(folder / f"{name}.offsets", dtype="<i8", mode="r")
        self.lengths = np.diff(self.offsets).astype(np.int32)
        if self.offsets[-1] != len(self.ids):
            raise ValueError(f"{name}.ids is cut")

    def __getitem__(self, index: int) -> np.ndarray:
        return np.asarray(self.ids[self.offsets[index] : self.offsets[index + 1]])


class EncodedCorpus:
    """Sentence pairs as piece ids, without beginning and end, mapped from a folder."""

    def __init__(self, folder: Path) -> None:
        self.meta: Mapping[str, Any] = json.loads(
            (folder / "meta.json").read_text(encoding="utf-8")
        )
        self.dropped: Mapping[str, int] = self.meta["dropped"]
        self._source = _Side(folder, "source", self.meta["dtype"])
        self._target = _Side(folder, "target", self.meta["dtype"])

    def __len__(self) -> int:
        return len(self.source_lengths)

    @property
    def source_lengths(self) -> np.ndarray:
        """Pieces of each source sentence, [pairs] int32."""
        return self._source.lengths

    @property
    def target_lengths(self) -> np.ndarray:
        """Pieces of each target sentence, [pairs] int32."""
        return self._target.lengths

    def source(self, index: int) -> np.ndarray:
        """Return the ids of one source sentence."""
        return self._source[index]

    def target(self, index: int) -> np.ndarray:
        """Return the ids of one target sentence."""
        return self._target[index]

    def sources(self, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the ids of many source sentences in one array, and their lengths."""
        return _gather(self._source, indices)

    def targets(self, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the ids of many target sentences in one array, and their lengths."""
        return _gather(self._target, indices)


def prepare_corpus(
    corpus: schema.Corpus,
    data: schema.Data,
    source: Tokenizer,
    target: Tokenizer,
    folder: Path,
    max_length: int | None,
) -> EncodedCorpus:
    """Encode a corpus, or map what the same text and tokenizers left in the folder."""
    fingerprint = {
        "text": _text_fingerprint(corpus),
        "languages": [data.source_lang, data.target_lang],
        "tokenizers": [source.fingerprint, target.fingerprint],
        "max_length": max_length,
    }
    try:
        encoded = load_encoded(folder)
        if encoded.meta["fingerprint"] == fingerprint:
            return encoded
    except DataError:
        pass
    pairs = read_pairs(corpus, data.source_lang, data.target_lang)
    return encode_corpus(pairs, source, target, folder, max_length, fingerprint)


def encode_corpus(
    pairs: Iterable[Pair],
    source: Tokenizer,
    target: Tokenizer,
    folder: Path,
    max_length: int | None = None,
    fingerprint: Mapping[str, Any] | None = None,
) -> EncodedCorpus:
    """Encode pairs into a folder, which appears when complete; memory stays constant.

    Pairs with an empty side or with a side of more than `max_length` pieces are left
    out and counted in `dropped`. Raises DataError when no pair is left.
    """
    dtype = "<u2" if max(len(source), len(target)) <= 2**16 else "<u4"
    dropped = {"empty": 0, "too_long": 0}
    kept = 0
    with _replacing_folder(folder) as temporary, ExitStack() as stack:
        writers = [
            stack.enter_context(_SideWriter(temporary, name, dtype))
            for name in ("source", "target")
        ]
        for sources, targets in _encoded_chunks(pairs, source, target):
            lengths = np.array([_lengths(sources), _lengths(targets)])  # [side, pair]
            empty = lengths.min(axis=0) == 0
            too_long = ~empty & (lengths.max(axis=0) > (max_length or np.inf))
            dropped["empty"] += int(empty.sum())
            dropped["too_long"] += int(too_long.sum())
            keep = np.flatnonzero(~empty & ~too_long)
            kept += len(keep)
            for writer, sentences in zip(writers, (sources, targets), strict=True):
                writer.write([sentences[i] for i in keep])
        if not kept:
            raise DataError(_nothing_left(dropped, max_length))
        meta = {
            "format": _FORMAT,
            "pairs": kept,
            "dropped": dropped,
            "dtype": dtype,
            "fingerprint": fingerprint,
        }
        text = json.dumps(meta, indent=2)
        (temporary / "meta.json").write_text(text, encoding="utf-8")
    return load_encoded(folder)


def load_encoded(folder: Path) -> EncodedCorpus:
    """Map an encoded corpus; raises DataError when it is absent, cut or older."""
    try:
        corpus = EncodedCorpus(folder)
        if corpus.meta["format"] == _FORMAT and len(corpus) == corpus.meta["pairs"]:
            return corpus
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"{folder}: no encoded corpus: {error}") from error
    raise DataError(f"{folder}: not a complete encoded corpus")


class _SideWriter:
    """Appends sentences to the two files of a `_Side`."""

    def __init__(self, folder: Path, name: str, dtype: str) -> None:
        self._dtype = dtype
        self._ids: BinaryIO = (folder / f"{name}.ids").open("xb")
        self._offsets: BinaryIO = (folder / f"{name}.offsets").open("xb")
        self._end = 0
        self._offsets.write(np.zeros(1, "<i8").tobytes())

    def __enter__(self) -> "_SideWriter":
        return self

    def __exit__(self, *_: object) -> None:
        for file in (self._ids, self._offsets):
            file.flush()
            os.fsync(file.fileno())
            file.close()

    def write(self, sentences: list[list[int]]) -> None:
        ends = self._end + np.cumsum(_lengths(sentences), dtype="<i8")
        self._ids.write(np.fromiter(chain(*sentences), self._dtype).tobytes())
        self._offsets.write(ends.tobytes())
        self._end = int(ends[-1]) if len(ends) else self._end


def _encoded_chunks(
    pairs: Iterable[Pair], source: Tokenizer, target: Tokenizer
) -> Iterator[tuple[list[list[int]], list[list[int]]]]:
    pairs = iter(pairs)
    while chunk := list(islice(pairs, _CHUNK)):
        sources, targets = zip(*chunk, strict=True)
        yield source.encode(sources), target.encode(targets)


def _lengths(sentences: list[list[int]]) -> np.ndarray:
    return np.fromiter(map(len, sentences), np.int64, len(sentences))


def _gather(side: _Side, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    lengths = side.lengths[indices].astype(np.int64)
    ends = np.cumsum(lengths)
    shift = side.offsets[indices] - (ends - lengths)
    return side.ids[np.repeat(shift, lengths) + np.arange(ends[-1])], lengths


def _text_fingerprint(corpus: schema.Corpus) -> list[Any]:
    """Name what the text is; for files also their size and time of change."""
    if corpus.tfds is not None:
        return [corpus.tfds, corpus.split, corpus.data_dir and str(corpus.data_dir)]
    paths = [path for path in (corpus.source, corpus.target, corpus.tsv) if path]
    return [_file_fingerprint(path) for path in paths]


def _file_fingerprint(path: Path) -> list[str | int]:
    try:
        status = path.stat()
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from error
    return [str(path.resolve()), status.st_size, status.st_mtime_ns]


def _nothing_left(dropped: Mapping[str, int], max_length: int | None) -> str:
    reason = f"{dropped['empty']} with an empty side"
    if max_length is not None:
        reason += f", {dropped['too_long']} longer than {max_length} pieces"
    return f"no sentence pair is left to use: {reason}"


@contextmanager
def _replacing_folder(folder: Path) -> Iterator[Path]:
    """Yield a folder to fill; it takes the place of `folder` when all went well."""
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}.tmp")
    temporary.mkdir(parents=True)
    try:
        yield temporary
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
