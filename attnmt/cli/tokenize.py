"""`attnmt tokenize`: train a SentencePiece model, cut text into pieces, join them."""

import sys
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from itertools import chain, islice
from pathlib import Path
from typing import Annotated

import typer

from attnmt.cli.outputs import check_output
from attnmt.config import schema
from attnmt.errors import ConfigError, DataError
from attnmt.text.lines import STANDARD_STREAM, read_lines, write_lines
from attnmt.text.spm import lower_case, train_model, vocab_path, write_model
from attnmt.text.tokenizer import Tokenizer

app = typer.Typer(
    help="Train a SentencePiece model, cut text into pieces, join pieces to text.",
    no_args_is_help=True,
)

_CHUNK = 1024  # lines encoded together
_DEFAULTS = schema.Tokenizer()


class ModelType(StrEnum):
    """How text is cut into pieces."""

    bpe = "bpe"
    unigram = "unigram"
    char = "char"
    word = "word"


_MODEL_TYPE = ModelType(_DEFAULTS.model_type)

Model = Annotated[Path, typer.Option("--model", "-m", help="SentencePiece model.")]
Output = Annotated[
    Path, typer.Option("--output", "-o", help="File to write; - is standard output.")
]
Ids = Annotated[bool, typer.Option("--ids", help="Numbers instead of pieces.")]
Lowercase = Annotated[
    bool, typer.Option("--lowercase", help="Lower-case the text before cutting.")
]


@app.command()
def train(
    files: Annotated[list[Path], typer.Argument(help="Text, a sentence a line.")],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help="Model to write, a .vocab beside it."),
    ],
    vocab_size: Annotated[
        int,
        typer.Option(
            min=16, max=1_000_000, help="Pieces; lowered when the text has fewer."
        ),
    ] = _DEFAULTS.vocab_size,
    model_type: Annotated[
        ModelType, typer.Option(help="How text is cut into pieces.")
    ] = _MODEL_TYPE,
    byte_fallback: Annotated[
        bool, typer.Option(help="Spell unknown characters in bytes (bpe, unigram).")
    ] = _DEFAULTS.byte_fallback,
    lowercase: Lowercase = _DEFAULTS.lowercase,
) -> None:
    """Train a model on all the files together."""
    if output == STANDARD_STREAM or not output.parent.is_dir():
        raise ConfigError(
            f"--output: expected the name of a model in a folder that is there, found "
            f"{output}"
        )
    if output.is_dir():
        raise ConfigError(
            f"--output: expected the name of a model, found the folder {output}"
        )
    for path in (output, vocab_path(output)):
        check_output(path, *files)
    options = schema.Tokenizer(
        model_type=model_type.value,
        vocab_size=vocab_size,
        byte_fallback=byte_fallback,
        lowercase=lowercase,
    )
    cased = lower_case if lowercase else str

    def sentences() -> Iterable[str]:
        return map(cased, chain.from_iterable(map(read_lines, files)))

    if STANDARD_STREAM in files:  # can be read once only
        kept = list(sentences())
        write_model(output, train_model(lambda: kept, options))
    else:
        write_model(output, train_model(sentences, options))


@app.command()
def encode(
    model: Model,
    file: Annotated[
        Path, typer.Argument(help="Text, a sentence a line; - is standard input.")
    ] = STANDARD_STREAM,
    output: Output = STANDARD_STREAM,
    ids: Ids = False,
    lowercase: Lowercase = False,
) -> None:
    """Cut each line into pieces with blanks between them."""
    check_output(output, file, model)
    tokenizer = Tokenizer(model, lowercase)
    shown: Callable[[int], str] = str if ids else tokenizer.piece
    encoded = chain.from_iterable(map(tokenizer.encode, _chunks(read_lines(file))))
    write_lines(output, (" ".join(map(shown, line)) for line in encoded))


@app.command()
def decode(
    model: Model,
    file: Annotated[
        Path, typer.Argument(help="Pieces of a sentence a line; - is standard input.")
    ] = STANDARD_STREAM,
    output: Output = STANDARD_STREAM,
    ids: Ids = False,
) -> None:
    """Join the pieces of each line to text."""
    check_output(output, file, model)
    tokenizer = Tokenizer(model)
    lines = enumerate(read_lines(file), 1)
    known, strange = range(len(tokenizer)), list[int]()

    def joined(number: int, line: str) -> str:
        pieces = [piece for piece in line.split(" ") if piece]
        if ids:
            where = f"{file}:{number}"
            return tokenizer.decode([_id(piece, known, where) for piece in pieces])
        numbers = [tokenizer.id(piece) for piece in pieces]
        both = zip(pieces, numbers, strict=True)
        strange.extend(number for piece, i in both if tokenizer.piece(i) != piece)
        return tokenizer.decode(numbers)

    write_lines(output, (joined(number, line) for number, line in lines))
    if strange:
        print(
            f"{file}: {len(strange)} pieces are none of {model}, the first in line "
            f"{strange[0]}; ⁇ stands for them",
            file=sys.stderr,
        )


def _id(text: str, known: range, where: str) -> int:
    short = text.isascii() and text.isdecimal() and len(text) < 20
    if not (short and int(text) in known):
        raise DataError(
            f"{where}: {text!r} is not the number of a piece, 0 to {known[-1]}"
        )
    return int(text)


def _chunks(lines: Iterable[str]) -> Iterator[list[str]]:
    lines = iter(lines)
    while chunk := list(islice(lines, _CHUNK)):
        yield chunk
