"""`attnmt attention`: look at the attention of a dump; list what can make it."""

import locale
import sys
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from attnmt.cli.attention_faithfulness import faithfulness
from attnmt.cli.attention_links import aer, align
from attnmt.cli.attention_stats import stats
from attnmt.errors import DataError

app = typer.Typer(
    help="Look at attention weights, as `attnmt translate --attention` writes them.",
    no_args_is_help=True,
)
app.command()(align)
app.command()(aer)
app.command()(stats)
app.command()(faithfulness)

DumpPath = Annotated[Path, typer.Argument(help="Folder of an attention dump.")]
Words = Annotated[
    bool, typer.Option("--words/--pieces", help="Attention between what.")
]
Head = Annotated[
    int | None, typer.Option(min=0, help="One attention head; default: mean of all.")
]


@app.command()
def show(
    dump: DumpPath,
    ids: Annotated[
        list[int] | None,
        typer.Option(
            "--id", min=0, help="Input line, from 0; may be given repeatedly."
        ),
    ] = None,
    rank: Annotated[
        int | None, typer.Option(min=0, help="Of the n best, only this; 0 is the best.")
    ] = None,
    words: Words = True,
    head: Head = None,
    limit: Annotated[
        int, typer.Option(min=1, help="Translations at most, without --id.")
    ] = 5,
) -> None:
    """Draw attention in the terminal, with the strongest links in words."""
    from rich.console import Console

    from attnmt.analysis.dump import Dump
    from attnmt.analysis.show import legend
    from attnmt.analysis.show import show as print_record

    records = Dump(dump).select(ids or (), rank)
    console = Console()
    plain = console.is_terminal and "utf" not in locale.getencoding().lower()
    for record in records if ids else islice(records, limit):
        print_record(record, console, pieces=not words, head=head, plain=plain)
    console.print(legend(plain), style="dim", highlight=False, markup=False)
    if next(records, None) is not None:
        print(
            f"only the first {limit} are shown; others with --id, more with --limit",
            file=sys.stderr,
        )


@app.command()
def plot(
    dump: DumpPath,
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help="Picture: a name in .png, .svg or .pdf."),
    ],
    id_: Annotated[
        int | None,
        typer.Option("--id", min=0, help="Input line, from 0; default: the first."),
    ] = None,
    rank: Annotated[
        int, typer.Option(min=0, help="Which of the n best; 0 is the best.")
    ] = 0,
    words: Words = True,
    head: Head = None,
    score: Annotated[
        bool, typer.Option("--score", help="Write the score below the picture.")
    ] = False,
) -> None:
    """Draw the attention of one translation into a PNG, SVG or PDF file."""
    from attnmt.analysis.dump import Dump
    from attnmt.analysis.plot import plot as draw
    from attnmt.analysis.views import piece_view, word_view

    ids = () if id_ is None else (id_,)
    record = next(Dump(dump).select(ids, rank), None)
    if record is None:
        raise DataError(f"{dump}: the dump has no records")
    view = word_view(record, head) if words else piece_view(record, head)
    draw(view, output, title=f"score {record.norm_score:.3f}" if score else None)


@app.command("list")
def list_() -> None:
    """List the mechanisms, normalisers and coverages, with their options."""
    from attnmt.devices import load_tensorflow

    load_tensorflow()
    from attnmt.layers.attention.describe import describe

    print(describe())
