"""`attnmt attention stats`: figures and flags of the attention in a dump."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from attnmt.cli.outputs import check_output
from attnmt.errors import ConfigError


def stats(
    dump: Annotated[Path, typer.Argument(help="Folder of an attention dump.")],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="Write the figures and flags of every hypothesis here, as JSON lines.",
        ),
    ] = None,
    rank: Annotated[
        int | None, typer.Option(min=0, help="Of the n best, only this; default: all.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON instead of a table.")
    ] = False,
) -> None:
    """Measure the attention of a dump, and flag translations that may be wrong.

    Flags: untranslated (source words in a row that were hardly read), repetition,
    copied (the source's own words), suspicious (low log-probability and attention
    everywhere), sink (most attention on punctuation and `</s>`); for heads diffuse
    and collapsed (always at one position).
    """
    from contextlib import nullcontext

    from attnmt.analysis.corpus_statistics import CorpusStatistics, table
    from attnmt.analysis.dump import Dump
    from attnmt.text.lines import STANDARD_STREAM, text_output

    if as_json and output == STANDARD_STREAM:
        raise ConfigError("--output -: standard output is for --json: name a file")
    if output is not None:
        check_output(output)
    total = CorpusStatistics()
    records = Dump(dump).select(rank=rank)
    with text_output(output) if output else nullcontext() as stream:
        for record in records:
            figures = total.add(record)
            if stream is not None:
                stream.write(json.dumps(figures) + "\n")
    summary = total.summary()
    told = json.dumps(summary, indent=2) if as_json else table(summary)
    print(told, file=sys.stderr if output == STANDARD_STREAM else sys.stdout)
