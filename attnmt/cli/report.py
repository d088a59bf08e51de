"""`attnmt report`: a page about runs."""

import sys
from pathlib import Path
from typing import Annotated

import typer


def report(
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The page, an HTML file.")
    ],
    run: Annotated[
        list[Path] | None,
        typer.Option(
            help="Run folder; several stand beside each other.",
            show_default="$ATTNMT_RUN, or the newest in runs",
        ),
    ] = None,
) -> None:
    """Write one HTML page about a run, or about several beside each other.

    How the training went, the scores of `attnmt eval`, the settings that are not the
    default (of several runs: that differ), samples with their attention.
    """
    from attnmt.cli.outputs import check_output
    from attnmt.report.facts import read_facts
    from attnmt.report.page import page
    from attnmt.run import Run, find_run
    from attnmt.text.lines import text_output

    check_output(output)
    folders = [find_run(folder) for folder in run or [None]]
    text = page([read_facts(Run(folder)) for folder in folders])
    with text_output(output) as stream:
        stream.write(text)
    print(f"written: {output}", file=sys.stderr)
