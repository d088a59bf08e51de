"""`attnmt attention view`: a dump as a page for the browser."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from attnmt.cli.attention_links import warn_of_characters
from attnmt.cli.gold import GoldIndex, check_gold, read_gold_rows
from attnmt.cli.outputs import check_output

_MANY_BYTES = 8_000_000  # more take a browser longer than about a second


def view(
    dump: Annotated[Path, typer.Argument(help="Folder of an attention dump.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The page, an HTML file.")
    ],
    ids: Annotated[
        list[int] | None,
        typer.Option(
            "--id", min=0, help="Input line, from 0; may be given repeatedly."
        ),
    ] = None,
    rank: Annotated[
        int | None, typer.Option(min=0, help="Of the n best, only this; default: all.")
    ] = None,
    gold: Annotated[
        Path | None,
        typer.Option(
            help="Gold links, a line for every input line: i-j is sure, ipj and i?j "
            "possible; they are drawn over the attention."
        ),
    ] = None,
    gold_index: GoldIndex = None,
    compare: Annotated[
        Path | None,
        typer.Option(help="Dump of a second system for the same input lines."),
    ] = None,
) -> None:
    """Write one HTML page to explore attention in a browser, without a network.

    Heat maps and word links, coverage and entropy, flags, search, two systems.
    """
    from attnmt.analysis.dump import Dump
    from attnmt.analysis.viewer.page import page
    from attnmt.analysis.viewer.payload import payload
    from attnmt.text.lines import text_output

    check_gold(gold, gold_index)
    check_output(output, gold)
    opened = Dump(dump)
    if gold is not None:
        warn_of_characters(opened)
    content = payload(
        opened,
        ids or (),
        rank,
        gold=read_gold_rows(gold, gold_index) if gold else None,
        other=Dump(compare) if compare else None,
    )
    text = page(content)
    with text_output(output) as stream:
        stream.write(text)
    _report(output, len(content["sentences"]), len(text.encode()))


def _report(output: Path, count: int, size: int) -> None:
    hint = "; choose fewer with --id or --rank for speed" if size > _MANY_BYTES else ""
    print(f"{output}: {count} translations, {size / 1e6:.1f} MB{hint}", file=sys.stderr)
