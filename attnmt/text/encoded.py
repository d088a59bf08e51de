"""Corpora as piece ids on disk, memory-mapped: larger than memory, quick to read."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import compress, islice
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from attnmt.config import schema
from attnmt.errors import DataError
from attnmt.text.corpora import Pair, read_pairs
from attnmt.text.id_files import Side, SideWriter, count_pieces, replacing_folder

_FORMAT = 1
_CHUNK = 8192  # pairs encoded together


class Encodes(Protocol):
    """Makes piece ids of text, as a `Tokenizer` does."""

    @property
    def fingerprint(self) -> str: ...
    def __len__(self) -> int: ...
    def id(self, piece: str) -> int: ...
    def encode(self, lines: Sequence[str]) -> list[list[int]]: ...


class Tagged:
    """Puts a piece before what an encoder makes of a line, unless that is nothing."""

    def __init__(self, encoder: Encodes, tag: str) -> None:
        self.encoder, self.tag = encoder, encoder.id(tag)
        self.fingerprint = f"{encoder.fingerprint}+{tag}"

    def __len__(self) -> int:
        return len(self.encoder)

    def id(self, piece: str) -> int:
        """Return the id of a piece."""
        return self.encoder.id(piece)

    def encode(self, lines: Sequence[str]) -> list[list[int]]:
        """Return the piece ids of each line, the tag first."""
        return [ids and [self.tag, *ids] for ids in self.encoder.encode(lines)]


class EncodedCorpus:
    """Sentence pairs as piece ids, without beginning and end, mapped from a folder.

    `dropped` counts the pairs that were left out: "empty" and "too_long".
    """

    def __init__(self, folder: Path) -> None:
        text = (folder / "meta.json").read_text(encoding="utf-8")
        self.meta: Mapping[str, Any] = json.loads(text)
        self.dropped: Mapping[str, int] = self.meta["dropped"]
        self._source = Side(folder, "source", self.meta["dtype"])
        self._target = Side(folder, "target", self.meta["dtype"])

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
        return self._source.gather(indices)

    def targets(self, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the ids of many target sentences in one array, and their lengths."""
        return self._target.gather(indices)


def prepare_corpus(
    corpus: schema.Corpus,
    data: schema.Data,
    source: Encodes,
    target: Encodes,
    folder: Path,
    max_length: int | None,
) -> EncodedCorpus:
    """Encode a corpus, or map what the same text and tokenizers left in the folder.

    The tag of a corpus is a piece of each source sentence.
    """
    source = Tagged(source, corpus.tag) if corpus.tag else source
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
    name = str(corpus.source or corpus.tsv or corpus.tfds)
    return encode_corpus(pairs, source, target, folder, max_length, fingerprint, name)


def prepare_training(
    data: schema.Data, source: Encodes, target: Encodes, folder: Path
) -> list[EncodedCorpus]:
    """Prepare all corpora of the training text, in folders of this one."""
    return [
        prepare_corpus(
            corpus, data, source, target, folder / f"train.{i}", data.max_length
        )
        for i, corpus in enumerate(data.train)
    ]


def encode_corpus(
    pairs: Iterable[Pair],
    source: Encodes,
    target: Encodes,
    folder: Path,
    max_length: int | None = None,
    fingerprint: Mapping[str, Any] | None = None,
    name: str = "text",
) -> EncodedCorpus:
    """Encode pairs into a folder, which appears when complete; memory stays constant.

    Pairs with an empty side or with a side of more than `max_length` pieces are left
    out. Raises DataError, with the name of the text, when no pair is left.
    """
    dtype = "<u2" if max(len(source), len(target)) <= 2**16 else "<u4"
    counts = np.zeros(3, np.int64)  # pairs that are kept, empty, too long
    with replacing_folder(folder) as temporary:
        with ExitStack() as stack:
            writers = [
                stack.enter_context(SideWriter(temporary, name, dtype))
                for name in ("source", "target")
            ]
            for sides in _encoded_chunks(pairs, source, target):
                kind = _kinds(sides, max_length)
                counts += np.bincount(kind, minlength=3)
                for writer, sentences in zip(writers, sides, strict=True):
                    writer.write(list(compress(sentences, kind == 0)))
        kept, empty, too_long = counts.tolist()
        if not kept:
            raise DataError(f"{name}: {_nothing_left(empty, too_long, max_length)}")
        meta = {
            "format": _FORMAT,
            "pairs": kept,
            "dropped": {"empty": empty, "too_long": too_long},
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


def _encoded_chunks(
    pairs: Iterable[Pair], source: Encodes, target: Encodes
) -> Iterator[tuple[list[list[int]], list[list[int]]]]:
    pairs = iter(pairs)
    while chunk := list(islice(pairs, _CHUNK)):
        sources, targets = zip(*chunk, strict=True)
        yield source.encode(sources), target.encode(targets)


def _kinds(
    sides: Sequence[Sequence[Sequence[int]]], max_length: int | None
) -> np.ndarray:
    """Tell which pairs are usable (0), have an empty side (1) or are too long (2)."""
    lengths = np.array([count_pieces(sentences) for sentences in sides])
    too_long = lengths.max(axis=0) > (np.inf if max_length is None else max_length)
    return np.where(lengths.min(axis=0) == 0, 1, np.where(too_long, 2, 0))


def _text_fingerprint(corpus: schema.Corpus) -> list[Any]:
    """Name what the text is; for files also their size and time of change."""
    paths = [path for path in (corpus.source, corpus.target, corpus.tsv) if path]
    if corpus.tfds is None:
        return [_file_fingerprint(path) for path in paths]
    folder = Path(corpus.tfds)  # or the name of a dataset
    files = sorted(folder.iterdir()) if folder.is_dir() else []
    where = corpus.data_dir and str(corpus.data_dir)
    return [corpus.tfds, corpus.split, where, *map(_file_fingerprint, files)]


def _file_fingerprint(path: Path) -> list[str | int]:
    try:
        status = path.stat()
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from error
    return [str(path.resolve()), status.st_size, status.st_mtime_ns]


def _nothing_left(empty: int, too_long: int, max_length: int | None) -> str:
    reason = f"{empty} with an empty side"
    if max_length is not None:
        reason += f", {too_long} longer than {max_length} pieces"
    return f"no sentence pair is left to use: {reason}"
