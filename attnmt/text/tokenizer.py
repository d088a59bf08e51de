"""SentencePiece tokenizers: text to pieces and back, with byte spans."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from attnmt.config.schema import Config
from attnmt.errors import DataError
from attnmt.text.corpora import read_pairs
from attnmt.text.spm import (
    BOS,
    EOS,
    PAD,
    UNK,
    Pieces,
    load_processor,
    lower_case,
    pieces_of,
    train_model,
    with_tags,
    write_model,
)

__all__ = [
    "BOS",
    "EOS",
    "PAD",
    "UNK",
    "Encoding",
    "Tokenizer",
    "load_tokenizers",
    "prepare_tokenizers",
]

MAX_BYTES = 2**25  # of a model; a million pieces take about 20 MB


class Encoding(NamedTuple):
    """Pieces of a text; `spans` are byte offsets [begin, end) that tile its UTF-8."""

    ids: list[int]
    pieces: list[str]
    spans: list[tuple[int, int]]

    def part(self, first: int, last: int) -> "Encoding":
        """The pieces [first, last)."""
        return Encoding(
            self.ids[first:last], self.pieces[first:last], self.spans[first:last]
        )


class Tokenizer:
    """One language side: wraps one SentencePiece model; its length is `len`.

    Padding, unknown, beginning and end are 0 to 3 whatever the file numbers them.
    Raises DataError for a file that is no model.
    """

    def __init__(self, model_file: Path, lowercase: bool = False) -> None:
        self.lowercase = lowercase
        model = _read_model(model_file)
        try:
            self._processor = load_processor(model)
        except RuntimeError as error:
            raise DataError(f"{model_file}: not a SentencePiece model") from error
        self.fingerprint = hashlib.sha256(model).hexdigest() + "+lower" * lowercase

    def __len__(self) -> int:
        return len(self._processor)

    def encode(self, lines: Sequence[str]) -> list[list[int]]:
        """Return the piece ids of each line, without beginning and end."""
        return self._processor.encode([self._bytes(line) for line in lines])

    def encode_with_spans(self, line: str) -> Encoding:
        """Cut one line; a line without any piece (a blank one) has no spans."""
        raw = self._bytes(line)
        encoded = self._processor.encode(raw, return_type="proto")
        return _encoding(encoded.pieces, len(raw))

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text of the pieces, on one line; special ids are skipped."""
        return _one_line(self._processor.decode(_visible(ids)))

    def decode_with_spans(self, ids: Iterable[int]) -> tuple[str, Encoding]:
        """Return that text, and the pieces it was made of with their spans in it."""
        decoded = self._processor.decode(_visible(ids), return_type="proto")
        encoding = _encoding(decoded.pieces, len(decoded.text.encode("utf-8")))
        return _one_line(decoded.text), encoding

    def piece(self, piece_id: int) -> str:
        """Return the piece of an id."""
        return self._processor.id_to_piece(int(piece_id))

    def id(self, piece: str) -> int:
        """Return the id of a piece, UNK for an unknown one."""
        return self._processor.piece_to_id(piece)

    def known_pieces(self) -> tuple[Pieces, bool]:
        """Return the pieces of text, and whether they are merges or of a unigram model.

        Raises ConfigError for a model of another type.
        """
        return pieces_of(self._processor)

    def _bytes(self, line: str) -> bytes:
        try:
            return (lower_case(line) if self.lowercase else line).encode("utf-8")
        except UnicodeEncodeError as error:
            message = "cannot be written in UTF-8: half of a surrogate pair"
            raise DataError(f"{line!r} {message}") from error


def prepare_tokenizers(config: Config, folder: Path) -> tuple[Tokenizer, Tokenizer]:
    """Load the source and target tokenizers of a run; make the models it lacks.

    A given model is copied, another is trained on the training text; that of the source
    gets a piece for each tag that it lacks. Raises DataError for text or models that
    cannot be used, ConfigError for an impossible vocabulary.
    """
    tags = [corpus.tag for corpus in config.data.train if corpus.tag]
    for name, given, sides in _models(config):
        path = folder / f"{name}.model"
        if path.exists():
            continue
        if given is not None:
            Tokenizer(given)  # refuses what is no model
            model = _read_model(given)
        else:
            model = train_model(lambda s=sides: _sentences(config, s), config.tokenizer)
        if tags and 0 in sides:
            model = with_tags(model, tags)
        folder.mkdir(parents=True, exist_ok=True)
        write_model(path, model)
    return load_tokenizers(config, folder)


def load_tokenizers(config: Config, folder: Path) -> tuple[Tokenizer, Tokenizer]:
    """Load the source and target tokenizers that a run has."""
    tokenizers = [
        Tokenizer(folder / f"{name}.model", config.tokenizer.lowercase)
        for name, _, _ in _models(config)
    ]
    return tokenizers[0], tokenizers[-1]


def _models(config: Config) -> list[tuple[str, Path | None, tuple[int, ...]]]:
    """List the models of a run: name, given file, sides of the text to train on."""
    options = config.tokenizer
    if not options.shared:
        return [
            ("source", options.source_model, (0,)),
            ("target", options.target_model, (1,)),
        ]
    return [("shared", options.source_model, (0, 1))]


def _sentences(config: Config, sides: tuple[int, ...]) -> Iterator[str]:
    data = config.data
    cased = lower_case if config.tokenizer.lowercase else str
    for corpus in data.train:
        for pair in read_pairs(corpus, data.source_lang, data.target_lang):
            for side in sides:
                yield cased(pair[side])


def _read_model(path: Path) -> bytes:
    try:
        with open(path, "rb") as file:
            model = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise DataError(
            f"{path}: the tokenizer cannot be read: {error.strerror}"
        ) from error
    if len(model) > MAX_BYTES:
        raise DataError(f"{path}: expected a tokenizer, found over 32 MB")
    return model


def _encoding(pieces: Sequence, length: int) -> Encoding:
    """Make spans tile: text that normalisation drops belongs to a piece beside it."""
    ends = [0, *(piece.end for piece in pieces[:-1]), length]
    return Encoding(
        ids=[piece.id for piece in pieces],
        pieces=[piece.piece for piece in pieces],
        spans=list(pairwise(ends)) if pieces else [],
    )


def _visible(ids: Iterable[int]) -> list[int]:
    return [int(i) for i in ids if i not in (PAD, BOS, EOS)]


def _one_line(text: str) -> str:
    """Blank the line ends that byte pieces can spell; the length stays."""
    return text.replace("\n", " ").replace("\r", " ")
