"""`attnmt train`."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Resume(StrEnum):
    """What to do when the run folder holds a training already."""

    auto = "auto"
    never = "never"
    must = "must"


def train(
    config: Annotated[Path, typer.Argument(help="Configuration file (YAML).")],
    set: Annotated[
        list[str] | None,
        typer.Option("--set", help="Change a setting, as in training.max_epochs=3."),
    ] = None,
    resume: Annotated[
        Resume, typer.Option(help="auto goes on where an earlier command stopped.")
    ] = Resume.auto,
    seed: Annotated[int | None, typer.Option(help="Same as --set seed=N.")] = None,
) -> None:
    """Train a model; the same command again resumes where it was."""
    from attnmt.config.loading import load_config, located
    from attnmt.errors import ConfigError

    overrides = (set or []) + ([f"seed={seed}"] if seed is not None else [])
    loaded = load_config(config, overrides)
    from attnmt import devices

    devices.load_tensorflow()
    from attnmt.training.session import train

    try:
        train(loaded, resume.value, sys.argv)
    except ConfigError as error:
        raise ConfigError(located(str(error), config, overrides)) from error
