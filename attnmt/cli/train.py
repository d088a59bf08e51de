"""`attnmt train`."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from attnmt.cli.config_options import Changes, ConfigFile


class Resume(StrEnum):
    """What to do when the run folder holds a training already."""

    auto = "auto"
    never = "never"
    must = "must"


def train(
    config: ConfigFile,
    set: Changes = None,
    resume: Annotated[
        Resume,
        typer.Option(
            help="auto: go on if there is a checkpoint, else begin; must: fail without "
            "one; never: fail with one."
        ),
    ] = Resume.auto,
    seed: Annotated[int | None, typer.Option(help="Same as --set seed=N.")] = None,
    seeds: Annotated[
        str | None,
        typer.Option(
            help="Train once per seed, as in 1,2,3, into RUN_DIR-SEED; reports mean "
            "and standard deviation of the validation scores."
        ),
    ] = None,
    init_from: Annotated[
        Path | None,
        typer.Option(
            help="Begin with the weights of this run, its optimizer state, and its "
            "tokenizer unless the configuration names one. Pieces that it lacks begin "
            "with new rows."
        ),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Do all of it up to some first updates, the largest batch among them, "
            "tell how much time and memory the training will take, and keep nothing "
            "(the encoded text is in $TMPDIR meanwhile).",
        ),
    ] = False,
) -> None:
    """Train a model; the same command again resumes where it was."""
    from attnmt.config.loading import load_config, located
    from attnmt.errors import ConfigError

    many = _parse_seeds(seeds, seed)
    if dry_run and (many or resume != Resume.auto):
        raise ConfigError("--dry-run: expected neither --seeds nor --resume beside it")
    overrides = (set or []) + ([f"seed={seed}"] if seed is not None else [])
    loaded = load_config(config, overrides)
    from attnmt import devices

    devices.load_tensorflow(own_process=True)
    from attnmt.training.seeds import train_seeds
    from attnmt.training.session import train

    try:
        if dry_run:
            from attnmt.training.rehearsal import rehearse, table

            print(table(rehearse(loaded, init_from), loaded))
        elif many:
            train_seeds(loaded, many, resume.value, sys.argv, init_from)
        else:
            train(loaded, resume.value, sys.argv, init_from)
    except ConfigError as error:
        raise ConfigError(located(str(error), config, overrides)) from error


def _parse_seeds(text: str | None, seed: int | None) -> list[int]:
    """The seeds of a list such as 1,2,3; none without a list."""
    from attnmt.errors import ConfigError

    if text is None:
        return []
    if seed is not None:
        raise ConfigError("--seeds: expected no --seed beside it")
    parts = text.split(",")
    numbers = {int(part) for part in parts if part.strip().isdecimal()}
    if len(parts) < 2 or len(numbers) < len(parts) or max(numbers) >= 2**31:
        raise ConfigError(
            "--seeds: expected two or more different whole numbers below 2147483648, "
            f"as in 1,2,3, found {text!r}"
        )
    return sorted(numbers)
