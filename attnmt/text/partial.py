"""Output that grows in PATH.partial, so that a command which was killed can go on.

PATH.partial.json beside it tells what it is made of.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from attnmt.errors import DataError
from attnmt.text.lines import (
    is_stream,
    open_for_writing,
    packed_text,
    replace,
    text_output,
)

_NUMBER = re.compile(rb'(?:\{"id": )?(\d+)')  # that a line of output begins with


class Done(NamedTuple):
    """What an older command did."""

    lines: int = 0  # of the input
    size: int = 0  # of their output, in bytes


NOTHING = Done()


def partial_path(path: Path) -> Path:
    """Where the text stands that is to appear at `path`."""
    path = path.resolve() if path.is_symlink() else path
    return path.with_name(f"{path.name}.partial")


@contextmanager
def growing_output(
    path: Path, made_of: Mapping[str, Any], done: Done = NOTHING
) -> Iterator[TextIO]:
    """Open a file as `text_output` does, but leave PATH.partial when it breaks off.

    What is `done` stays in it, what stands behind goes; `made_of` is what `read_done`
    wants to hear again.
    """
    if is_stream(path):
        with text_output(path) as output:
            yield output
        return
    partial = partial_path(path)
    made = partial.with_name(f"{partial.name}.json")
    if not done.size:
        for old in (partial, made):
            if old.parent.is_dir():  # or there is nothing, which opening it tells
                old.unlink(missing_ok=True)
        with open_for_writing(made, "xb") as stream:
            stream.write(json.dumps(made_of).encode())
    try:
        with open_for_writing(partial, "r+b" if done.size else "xb") as stream:
            stream.truncate(done.size)
            stream.seek(done.size)
            with packed_text(stream, path) as output:
                yield output
        replace(partial, partial.with_suffix(""))
    finally:
        if partial.exists() and not partial.stat().st_size:
            partial.unlink()
        if not partial.exists() and made.exists():
            made.unlink()


def read_done(
    path: Path, made_of: Mapping[str, Any], window: int, numbered: bool
) -> Done:
    """What PATH.partial has of the first lines of the input, in whole windows.

    `numbered`: each line begins with the number of its input line, from 0. Raises
    DataError when it is made of something else.
    """
    done, end = NOTHING, 0
    partial = partial_path(path)
    if not partial.is_file():
        return done
    _check_made_of(partial, json.loads(json.dumps(made_of)))
    with partial.open("rb") as stream:
        for place, line in enumerate(stream):
            if numbered and not line.endswith(b"\n") and not _NUMBER.match(line):
                break  # torn before its number is told
            number = _number(partial, place, line) if numbered else place
            if number > done.lines and number % window == 0:
                done = Done(number, end)
            end += len(line)
    return done


def skipped(lines: Iterator[str], done: Done, name: Path) -> Iterator[str]:
    """The lines after those that are done; raises DataError when there are fewer."""
    for number in range(done.lines):
        if next(lines, None) is None:
            raise DataError(
                f"{name}: expected the {done.lines} lines that are done already, found "
                f"{number}: leave out --resume to begin anew"
            )
    return lines


def _check_made_of(partial: Path, expected: Mapping[str, Any]) -> None:
    made = partial.with_name(f"{partial.name}.json")
    try:
        found = dict(json.loads(made.read_bytes()))
    except (OSError, ValueError, TypeError) as error:
        raise DataError(
            f"{partial}: nobody knows what it was made of, without {made}: leave out "
            "--resume to begin anew"
        ) from error
    for name in (*expected, *found):
        before, now = found.get(name), expected.get(name)
        if before != now and name == "input":
            raise DataError(
                f"{partial}: was made of another input text: leave out --resume to "
                "begin anew"
            )
        if before != now:
            raise DataError(
                f"{partial}: {name} was {before!r}, now {now!r}: set it back, or leave "
                "out --resume to begin anew"
            )


def _number(partial: Path, place: int, line: bytes) -> int:
    found = _NUMBER.match(line)
    if found is None:
        raise DataError(
            f"{partial}:{place + 1}: expected the number of an input line: it was made "
            "by another command; leave out --resume to replace it"
        )
    return int(found[1])
