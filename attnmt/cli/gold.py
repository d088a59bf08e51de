"""Gold word links, as several commands read them."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from attnmt.errors import ConfigError

if TYPE_CHECKING:
    from attnmt.evaluation.alignment_error import Gold
    from attnmt.evaluation.inputs import Rows

GoldIndex = Annotated[
    int | None,
    typer.Option(
        min=0,
        max=1,
        help="Number of the first word in the gold links.",
        show_default="1 where no link names a word 0",
    ),
]


def check_gold(gold: Path | None, first_word: int | None) -> None:
    """Raise ConfigError for a --gold-index without gold links."""
    if gold is None and first_word is not None:
        raise ConfigError("--gold-index: expected gold links with it, found none")


def read_gold_rows(path: Path, first_word: int | None) -> "Rows[Gold]":
    """Gold links; without `first_word` the file itself shows how it counts."""
    from attnmt.evaluation import inputs

    found = inputs.gold(path, first_word or 0)
    if first_word is None and inputs.seems_one_indexed(found):
        print("no gold link names word 0: words count from 1", file=sys.stderr)
        return inputs.counted_from_one(found)
    return found
