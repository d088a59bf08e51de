"""`attnmt verify`."""

from pathlib import Path
from typing import Annotated

import typer


def verify(
    run: Annotated[
        Path | None,
        typer.Argument(
            help="Run folder, or an export.",
            show_default="$ATTNMT_RUN, or the newest in runs",
        ),
    ] = None,
) -> None:
    """Check that a run folder is what was written, without links or devices in it.

    An export may stand for a run. Exits with 0 when all is whole, with 3 when something
    is damaged, which is named.
    """
    from attnmt.errors import DataError
    from attnmt.run import Run, find_run
    from attnmt.verify import verify

    folder = find_run(run, "RUN")
    damaged = 0
    for path, problem in verify(Run(folder)):
        print(f"ok       {path}" if problem is None else f"damaged  {problem}")
        damaged += problem is not None
    if damaged:
        raise DataError(f"{folder}: {damaged} of its parts are damaged (see above)")
