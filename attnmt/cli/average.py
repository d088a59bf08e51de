"""`attnmt average`: the mean of checkpoints, which often translates better."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from attnmt.errors import ConfigError

if TYPE_CHECKING:
    from attnmt.run import Run


def average(
    runs: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Run folders: of one, its checkpoints; of several, the best of each.",
            show_default="$ATTNMT_RUN, or the newest in runs",
        ),
    ] = None,
    last: Annotated[
        int | None,
        typer.Option(
            min=2,
            help="Of one run, only its N newest.",
            show_default="all that it keeps",
        ),
    ] = None,
    checkpoints: Annotated[
        str | None,
        typer.Option(help="Of one run, those of these steps, as in 1000,2000."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="The new run folder.", show_default="RUN-average"
        ),
    ] = None,
) -> None:
    """Average the weights of checkpoints into a new run folder.

    It translates, is evaluated and exported like any other; it cannot be trained on.
    A run keeps `training.keep` checkpoints. Runs can be averaged when they began with
    the same weights, as fine-tuned ones do; seeds of their own have no mean.
    """
    from attnmt.averaging import average as write_average
    from attnmt.run import Run, find_run

    if last and checkpoints:
        raise ConfigError("--last and --checkpoints: expected one of the two")
    chosen = [Run(find_run(path, "RUN")) for path in runs or [None]]
    if len(chosen) == 1:
        paths = _of_one(chosen[0], last, checkpoints)
    elif last or checkpoints:
        raise ConfigError("--last and --checkpoints: expected one run with them")
    else:
        paths = [run.best_checkpoint() for run in chosen]
    if len({path.resolve() for path in paths}) < len(paths):
        raise ConfigError("RUN: expected different runs, found one twice")
    first = chosen[0].path.absolute()
    target = output or first.with_name(f"{first.name}-average")
    for path in paths:
        print(f"averaging {path}", file=sys.stderr)
    print(f"written: {write_average(paths, target).path}")


def _of_one(run: "Run", last: int | None, steps: str | None) -> list[Path]:
    """The checkpoints of a run that are asked for; ConfigError unless two or more."""
    from attnmt.checkpoint import all_in

    kept = {int(path.name): path for path in all_in(run.checkpoints_dir)}
    there = f"{run.checkpoints_dir} has {', '.join(map(str, kept)) or 'none'}"
    wanted = list(kept)[-(last or len(kept)) :] if steps is None else _numbers(steps)
    if unknown := [step for step in wanted if step not in kept]:
        raise ConfigError(f"--checkpoints: no checkpoint of step {unknown[0]}: {there}")
    if len(wanted) < max(2, last or 2):
        raise ConfigError(
            f"expected {last or 'two'} checkpoints or more, found {len(wanted)}: "
            f"{there} (training.keep tells how many stay)"
        )
    return [kept[step] for step in wanted]


def _numbers(steps: str) -> list[int]:
    parts = [part.strip() for part in steps.split(",")]
    if not all(map(str.isdecimal, parts)) or len({*map(int, parts)}) < len(parts):
        raise ConfigError(
            f"--checkpoints: expected steps, as in 1000,2000, found {steps!r}"
        )
    return [int(part) for part in parts]
