"""What-if edits: which source positions a target step is to read, and how much."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from attnmt.analysis.words import piece_ranges, word_spans
from attnmt.config.parsing import Key, Place, Tree, parse
from attnmt.errors import ConfigError
from attnmt.text.lines import read_lines

if TYPE_CHECKING:  # it needs no TensorFlow to tell what is wrong with a file
    from attnmt.sentences import SourceLine

MOST_VALUES = 100_000  # in a file
Natural = Annotated[int, Field(ge=0)]
Position = Annotated[str, Field(pattern=r"^(0|[1-9][0-9]*)$")]
Weight = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]


class Edit(BaseModel):
    """The weights of one target step of one translation."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    id: Natural  # the input line, from 0
    target: Natural  # the target piece, from 0
    weights: Annotated[dict[Position, Weight], Field(min_length=1)]  # of the source
    level: Literal["word", "piece"] = "word"  # what a source position is


class Edits:
    """The edits of a file. Raises ConfigError that tells all that is wrong with it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        # Tabs may indent JSON, but not YAML, by which it is read: that tells lines.
        text = "\n".join(read_lines(path)).expandtabs()
        tree = parse(text, lambda line: Place(str(path), line), MOST_VALUES)
        problems: list[tuple[Key, str]] = list(tree.problems.items())
        try:
            self.edits = TypeAdapter(list[Edit]).validate_python(tree.value)
        except ValidationError as error:
            problems += [(e["loc"], e["msg"]) for e in error.errors(include_url=False)]
        else:
            problems += _repeated(self.edits)
        _raise([_message(tree, key, problem) for key, problem in problems])
        self.places = [tree.place((i,)) for i in range(len(self.edits))]

    def rows(self, lines: "Sequence[SourceLine]") -> dict[int, dict[int, np.ndarray]]:
        """By line and target step the weights [source]; each row sums to one.

        Raises ConfigError for a line or a source position that is not there.
        """
        rows: dict[int, dict[int, np.ndarray]] = {}
        problems = []
        for place, edit in zip(self.places, self.edits, strict=True):
            try:
                row = _row(edit, lines)
            except ValueError as error:
                problems.append(f"{place}: {error}")
            else:
                rows.setdefault(edit.id, {})[edit.target] = row
        _raise(problems)
        return rows

    def beyond(self, id_: int, pieces: int) -> Iterator[str]:
        """Messages for steps of a line that its translation of so many pieces lacks."""
        for place, edit in zip(self.places, self.edits, strict=True):
            if edit.id == id_ and edit.target >= pieces:
                yield (
                    f"{place}: target {edit.target} was not reached: the translation "
                    f"of line {id_} ended after {pieces} pieces"
                )


def _row(edit: Edit, lines: "Sequence[SourceLine]") -> np.ndarray:
    if edit.id >= len(lines):
        raise ValueError(f"id: expected less than {len(lines)} lines, found {edit.id}")
    line = lines[edit.id]
    if not line.encoding.ids:
        raise ValueError(f"id: line {edit.id} is blank: there is nothing to read")
    positions = _positions(line, edit.level)
    row = np.zeros(len(line.encoding.ids))  # float32 does not hold every weight
    most = max(edit.weights.values(), default=0.0) or 1.0
    for name, weight in edit.weights.items():
        if int(name) < len(positions) and not positions[int(name)]:
            raise ValueError(
                f"weights: source {edit.level} {name} of line {edit.id} was cut off: "
                "the line is too long"
            )
        if int(name) >= len(positions):
            raise ValueError(
                f"weights: line {edit.id} has no source {edit.level} {name}: expected "
                f"0 to {len(positions) - 1}, where the last is </s>"
            )
        pieces = positions[int(name)]
        row[pieces] += weight / most / len(pieces)
    if not row.sum() > 0.0:
        raise ValueError("weights: expected one above 0 at least")
    return (row / row.sum()).astype(np.float32)


def _positions(line: "SourceLine", level: str) -> list[list[int]]:
    """The pieces of each source word, or each piece alone; </s> is the last.

    A piece of several words, in scripts without spaces, is one of each of them.
    """
    pieces = range(len(line.encoding.ids))
    if level == "piece":
        return [[piece] for piece in pieces]
    spans = word_spans(line.source)
    ranges = piece_ranges(line.encoding.spans, spans)
    return [
        [piece for piece in pieces if ranges[piece][0] <= word < ranges[piece][1]]
        for word in range(len(spans) + 1)
    ]


def _repeated(edits: Sequence[Edit]) -> Iterator[tuple[tuple[int], str]]:
    seen = set()
    for i, edit in enumerate(edits):
        if (edit.id, edit.target) in seen:
            yield (i,), f"id {edit.id} target {edit.target} was given already"
        seen.add((edit.id, edit.target))


def _message(tree: Tree, key: Key, problem: str) -> str:
    return f"{tree.place(key)}: {'.'.join(map(str, key)) or 'all'}: {problem}"


def _raise(problems: Sequence[str]) -> None:
    if problems:
        raise ConfigError("\n".join(problems))
