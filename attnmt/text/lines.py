"""Lines of text: read strictly, written whole or not at all."""

import gzip
import io
import json
import os
import shutil
import sys
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, BinaryIO, TextIO, cast

from attnmt.errors import DataError
from attnmt.text.printable import printable_lines

STANDARD_STREAM = Path("-")
# Where the shell has put it into a file, that file is neither replaced nor cut.
STANDARD_OUTPUT = (
    STANDARD_STREAM,
    *map(Path, ("/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")),
)
_BOM = "\ufeff"
# Characters that end a line for some readers; JSON itself escapes the others.
_ENDS = {code: f"\\u{code:04x}" for code in (0x85, 0x2028, 0x2029)}


def read_lines(path: Path, *, replace: bool = False) -> Iterator[str]:
    r"""Yield the lines of a UTF-8 file, of a gzip file (.gz), or of standard input (-).

    Lines end at "\n" and nowhere else; one "\r" before it and a byte order mark at
    the start are taken off. Raises DataError for what cannot be read or decoded; with
    `replace` bytes that are not UTF-8 become U+FFFD, which standard error tells.
    """
    if path == STANDARD_STREAM:
        yield from read_stream(sys.stdin.buffer, "standard input", replace=replace)
        return
    try:
        opened = gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")
        with opened as stream:
            yield from read_stream(stream, str(path), replace=replace)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: cannot be read: {_reason(error)}") from error


def read_stream(
    stream: Iterable[bytes] | BinaryIO, name: str, *, replace: bool = False
) -> Iterator[str]:
    """Yield the lines of a binary stream as `read_lines` does; errors say `name`."""
    replaced = 0
    for number, raw in enumerate(stream, 1):
        raw = raw.removesuffix(b"\n").removesuffix(b"\r")
        try:
            line = _decode(raw, name, number)
        except DataError:
            if not replace:
                raise
            line = raw.decode("utf-8", "replace")
            replaced += 1
        yield line.removeprefix(_BOM) if number == 1 else line
    if replaced:
        print(
            f"{name}: {replaced} lines are not UTF-8: U+FFFD stands for what is not",
            file=sys.stderr,
        )


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """Write lines as `text_output` does."""
    with text_output(path) as output:
        for line in lines:
            output.write(f"{line}\n")


def json_text(content: Mapping[str, Any], **style: Any) -> str:
    """JSON with text as it is, on one line for every reader; refuses NaN.

    `style` is that of json.dumps. Raises ValueError.
    """
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, **style)
    return text.translate(_ENDS)


@contextmanager
def text_output(path: Path) -> Iterator[TextIO]:
    r"""Open a UTF-8 file (.gz: compressed) that appears under its name when complete.

    An exception inside the block leaves nothing behind and an older file as it was.
    "-" is standard output; pipes and devices are written directly.
    """
    if path in STANDARD_OUTPUT:
        with _text(sys.stdout.buffer) as output:
            yield output
    elif is_stream(path):
        with open_for_writing(path, "wb") as stream, _text(stream) as output:
            yield output
    else:
        with replacing(path) as temporary:
            with open_for_writing(temporary, "xb") as stream:
                with packed_text(stream, path) as output:
                    yield output


def is_stream(path: Path) -> bool:
    """Whether what is written to a path cannot be taken back."""
    there = path.exists() and not (path.is_file() or path.is_dir())
    return path in STANDARD_OUTPUT or there


@contextmanager
def packed_text(stream: BinaryIO, path: Path) -> Iterator[TextIO]:
    """Wrap the binary stream of a new file for text; compress it for a .gz."""
    with _packed(stream, path) as packed, _text(packed) as output:
        yield output


def open_for_writing(path: Path, mode: str) -> BinaryIO:
    """Open a file. Raises DataError."""
    try:
        return cast(BinaryIO, path.open(mode))
    except OSError as error:
        raise DataError(f"{path}: cannot be written: {_reason(error)}") from error


def check_place(path: Path) -> None:
    """Raise DataError where no file can appear, before the work that it is for."""
    path = path.resolve() if path.is_symlink() else path
    if not path.parent.is_dir():
        raise DataError(f"{path}: cannot be written: there is no folder {path.parent}")
    if path.is_dir():
        raise DataError(f"{path}: cannot be written: it is a folder")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a name beside `path` to write to; it replaces `path` when all went well."""
    path = path.resolve() if path.is_symlink() else path
    check_place(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def replace(new: Path, path: Path) -> None:
    """Put a new file in the place of an older one, whose permissions it gets."""
    if path.is_file():
        shutil.copymode(path, new)
    os.replace(new, path)


class _Terminal(io.TextIOWrapper):
    """A terminal, which no text that is written can steer."""

    def write(self, text: str) -> int:
        return super().write(printable_lines(text))


@contextmanager
def _text(stream: BinaryIO) -> Iterator[TextIO]:
    """Wrap a binary stream for text; flush it at the end, leave it open."""
    kind = _Terminal if stream.isatty() else io.TextIOWrapper
    output = kind(stream, encoding="utf-8", newline="\n")
    try:
        yield output
        output.flush()
    finally:
        output.detach()


def _packed(stream: BinaryIO, path: Path) -> AbstractContextManager[BinaryIO]:
    """Compress what goes into a .gz, without a time: equal text gives equal bytes."""
    if path.suffix != ".gz":
        return nullcontext(stream)
    return cast(BinaryIO, gzip.GzipFile("", "wb", fileobj=stream, mtime=0))


def _decode(raw: bytes, name: str, number: int) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        column = len(raw[: error.start].decode("utf-8")) + 1
        raise DataError(
            f"{name}:{number}:{column}: not UTF-8: byte 0x{raw[error.start]:02x} "
            f"({error.reason}); convert the file to UTF-8, as with iconv"
        ) from error


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error)
