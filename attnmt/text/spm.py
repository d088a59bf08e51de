"""SentencePiece models as bytes: training, loading, storing."""

import io
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from sentencepiece import SentencePieceProcessor, SentencePieceTrainer

from attnmt.config import schema
from attnmt.errors import ConfigError, DataError
from attnmt.text.lines import replacing, write_lines

PAD, UNK, BOS, EOS = 0, 1, 2, 3
# By piece: its place in the order of merges, or -log of its probability, and its id.
Pieces = Mapping[str, tuple[float, int]]

# Longer texts are sampled: more sentences hardly change the pieces.
_MOST_SENTENCES = 2_000_000
_LONGEST = 2**16  # bytes of a line
_RESERVED = "\u2585"  # SentencePiece's own mark, of a character without a piece
# Fixed, not the machine's: the scores of unigram depend on how its sums are split.
_THREADS = 16


def train_model(
    sentences: Callable[[], Iterable[str]], options: schema.Tokenizer
) -> bytes:
    """Train a SentencePiece model; equal sentences give equal bytes.

    A vocabulary that the text cannot fill is made smaller, which standard error says.
    Raises DataError for a text without words, ConfigError for a vocabulary that cannot
    hold the characters of the text.
    """
    spells = options.byte_fallback and options.model_type in ("bpe", "unigram")
    try:
        model = _train_covering(sentences, options, spells)
    except _TooSmall as error:
        bytes_too = " and 256 bytes to spell others" if spells else " alone"
        or_else = ", or tokenizer.byte_fallback to false" if spells else ""
        raise ConfigError(
            f"tokenizer.vocab_size is {options.vocab_size}, but the characters of the "
            f"training text{bytes_too} need {error} pieces: set it higher{or_else}"
        ) from None
    size = len(load_processor(model))
    if size < options.vocab_size:
        print(
            f"tokenizer: {size} pieces, not {options.vocab_size}: "
            f"the training text has no more of type {options.model_type}",
            file=sys.stderr,
        )
    return model


def load_processor(model: bytes) -> SentencePieceProcessor:
    """Load a model, with padding, unknown, beginning and end renumbered to 0 to 3.

    Raises RuntimeError for what is no model.
    """
    processor = SentencePieceProcessor()
    processor.LoadFromSerializedProto(model)
    if _special_ids(processor) != (PAD, UNK, BOS, EOS):
        processor.LoadFromSerializedProto(_renumbered(model))
    return processor


def with_tags(model: bytes, tags: Iterable[str]) -> bytes:
    """Append the tags that a model lacks; the ids of its other pieces stay.

    They are control pieces: no text is cut into them, not even one that reads so.
    """
    from sentencepiece import sentencepiece_model_pb2

    message: Any = sentencepiece_model_pb2
    proto, kind = message.ModelProto.FromString(model), message.ModelProto.SentencePiece
    known = {piece.piece for piece in proto.pieces}
    for tag in dict.fromkeys(tags):
        if tag not in known:
            proto.pieces.add(piece=tag, type=kind.CONTROL)
    proto.trainer_spec.vocab_size = len(proto.pieces)
    return proto.SerializeToString()


def pieces_of(processor: SentencePieceProcessor) -> tuple[Pieces, bool]:
    """The pieces of text of a BPE or unigram model, and whether they are merges.

    Raises ConfigError for a model of another type.
    """
    from sentencepiece import sentencepiece_model_pb2

    message: Any = sentencepiece_model_pb2
    proto = message.ModelProto.FromString(processor.serialized_model_proto())
    kind, kinds = proto.trainer_spec.model_type, message.TrainerSpec
    if kind not in (kinds.BPE, kinds.UNIGRAM):
        raise ConfigError(
            "tokenizer.sampling: expected 0, because the tokenizer is neither of type "
            "bpe nor of type unigram"
        )
    normal = message.ModelProto.SentencePiece.NORMAL
    pieces = {
        piece.piece: (-piece.score, number)
        for number, piece in enumerate(proto.pieces)
        if piece.type == normal
    }
    return pieces, kind == kinds.BPE


def write_model(path: Path, model: bytes) -> None:
    """Write a model, and beside it, for the reader, its pieces (.vocab)."""
    processor = load_processor(model)
    pieces = (processor.id_to_piece(i) for i in range(len(processor)))
    write_lines(vocab_path(path), pieces)
    with replacing(path) as temporary:
        temporary.write_bytes(model)


def vocab_path(model: Path) -> Path:
    """Where the pieces of a model stand that is to appear at a path."""
    stem = model.with_suffix("") if model.suffix == ".model" else model
    return stem.with_name(f"{stem.name}.vocab")


def lower_case(line: str) -> str:
    """Lower-case the characters whose UTF-8 keeps its length, so that spans hold."""
    return line.translate(_lower_table())


class _TooSmall(Exception):
    """The vocabulary is smaller than the characters; the message is what they need."""


def _train_covering(
    sentences: Callable[[], Iterable[str]], options: schema.Tokenizer, spells: bool
) -> bytes:
    """Give every character a piece, or the common ones where bytes spell the rest.

    Bytes are the second choice, for large scripts: in Multi30k the usual coverage of
    0.9995 would already spell digits and umlauts.
    """
    try:
        return _train(sentences(), options, spells, coverage=1.0)
    except _TooSmall:
        if not spells:
            raise
        return _train(sentences(), options, spells, coverage=0.9995)


def _train(
    sentences: Iterable[str], options: schema.Tokenizer, spells: bool, coverage: float
) -> bytes:
    model = io.BytesIO()
    failures: list[BaseException] = []
    left_out: list[str] = []
    try:
        SentencePieceTrainer.train(
            sentence_iterator=_watched(_fit(sentences, left_out), failures),
            model_writer=model,
            model_type=options.model_type,
            vocab_size=options.vocab_size,
            hard_vocab_limit=False,
            byte_fallback=spells,
            character_coverage=coverage,
            # Brings the many ways to write a text together, as all blanks to one.
            normalization_rule_name="nmt_nfkc",
            input_sentence_size=_MOST_SENTENCES,
            max_sentence_length=_LONGEST,
            shuffle_input_sentence=True,
            num_threads=_THREADS,
            pad_id=PAD,
            unk_id=UNK,
            bos_id=BOS,
            eos_id=EOS,
            minloglevel=2,
        )
    except RuntimeError as error:
        explained = (failures or [_explained(error)])[0]
        if not isinstance(explained, _TooSmall):  # after which it is tried again
            _tell(left_out)
        raise explained from None
    _tell(left_out)
    return model.getvalue()


def _fit(sentences: Iterable[str], left_out: list[str]) -> Iterator[str]:
    """The sentences without those that SentencePiece would skip without a word."""
    for sentence in sentences:
        long = len(sentence) > _LONGEST // 4 and len(sentence.encode()) > _LONGEST
        if long or _RESERVED in sentence:
            left_out.append(sentence[:40])
        else:
            yield sentence


def _tell(left_out: list[str]) -> None:
    if left_out:
        print(
            f"tokenizer: nothing is learnt from {len(left_out):,} of the lines, the "
            f"first begins with {left_out[0]!r}: longer than {_LONGEST:,} bytes, or "
            f"with {_RESERVED}, which SentencePiece keeps for itself",
            file=sys.stderr,
        )


def _explained(error: RuntimeError) -> Exception:
    """Turn what SentencePiece says about a text into an error of ours."""
    message = str(error)
    if too_small := re.search(r"required_chars\. \d+ vs (\d+)", message):
        return _TooSmall(too_small[1])
    if "!sentences_.empty()" in message or "all_chars_count" in message:
        return DataError("no text to train a tokenizer on")
    return error


def _watched(sentences: Iterable[str], failures: list[BaseException]) -> Iterator[str]:
    """Keep the error of reading a sentence, which SentencePiece turns into text."""
    try:
        yield from sentences
    except BaseException as error:  # Ctrl-C, too
        failures.append(error)
        raise


def _special_ids(processor: SentencePieceProcessor) -> tuple[int, int, int, int]:
    return (
        processor.pad_id(),
        processor.unk_id(),
        processor.bos_id(),
        processor.eos_id(),
    )


def _renumbered(model: bytes) -> bytes:
    """Put the four special pieces first; a model without one of them gets it."""
    from sentencepiece import sentencepiece_model_pb2

    message: Any = sentencepiece_model_pb2  # its classes are made when imported
    proto = message.ModelProto.FromString(model)
    spec, kind = proto.trainer_spec, message.ModelProto.SentencePiece
    specials = [
        kind(piece=spec.pad_piece, type=kind.CONTROL),
        kind(piece=spec.unk_piece, type=kind.UNKNOWN),
        kind(piece=spec.bos_piece, type=kind.CONTROL),
        kind(piece=spec.eos_piece, type=kind.CONTROL),
    ]
    names = {special.piece for special in specials}
    others = [piece for piece in proto.pieces if piece.piece not in names]
    del proto.pieces[:]
    proto.pieces.extend(specials + others)
    spec.pad_id, spec.unk_id, spec.bos_id, spec.eos_id = PAD, UNK, BOS, EOS
    spec.vocab_size = len(proto.pieces)
    return proto.SerializeToString()


@cache
def _lower_table() -> dict[int, str]:
    """Map characters to lower case; no character past the range below has one."""
    return {
        code: chr(code).lower()
        for code in range(0x20000)
        if not 0xD800 <= code < 0xE000
        and chr(code).lower() != chr(code)
        and len(chr(code).lower().encode()) == len(chr(code).encode())
    }
