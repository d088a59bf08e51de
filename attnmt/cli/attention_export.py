"""`attnmt attention export` and `import`: the formats of other tools."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from attnmt.analysis.joining import Subwords
from attnmt.analysis.words import TargetPieces
from attnmt.cli.outputs import check_output
from attnmt.errors import ConfigError
from attnmt.text.lines import STANDARD_STREAM


def export(
    dump: Annotated[Path, typer.Argument(help="Folder of an attention dump.")],
    to: Annotated[
        Literal["pharaoh", "marian", "sockeye", "npz", "jsonl", "tsv"],
        typer.Option(
            help="pharaoh: links 0-0 1-2 of each target token to what it reads most; "
            "marian: its --alignment soft; sockeye: its "
            "translation_with_alignment_matrix; npz: arrays for NumPy; jsonl: an "
            "object a hypothesis; tsv: a line a weight, \\\\t for a tab, no quotes."
        ),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="- is standard output.")
    ] = STANDARD_STREAM,
    words: Annotated[
        bool, typer.Option("--words/--pieces", help="Attention between what.")
    ] = True,
    rank: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Of the n best, only this.",
            show_default="all in npz, jsonl and tsv, else 0, the best",
        ),
    ] = None,
    head: Annotated[
        int | None,
        typer.Option(min=0, help="One attention head; default: mean of all."),
    ] = None,
    target_pieces: Annotated[
        TargetPieces, typer.Option(help="What makes the row of a target word.")
    ] = "mean",
) -> None:
    """Write the attention of a dump for other programs."""
    from attnmt.analysis.dump import Dump
    from attnmt.analysis.export import exported, text_lines, write_npz
    from attnmt.text.lines import write_lines

    if to == "npz" and output == STANDARD_STREAM:
        raise ConfigError("--to npz: expected -o FILE.npz, it is no text")
    check_output(output)
    rows = exported(
        Dump(dump),
        to,
        pieces=not words,
        rank=rank,
        head=head,
        target_pieces=target_pieces,
    )
    if to == "npz":
        write_npz(output, rows)
    else:
        write_lines(output, text_lines(rows, to, dump))


def import_(
    file: Annotated[Path, typer.Argument(help="What Marian or Sockeye wrote.")],
    from_: Annotated[
        Literal["marian", "sockeye"],
        typer.Option(
            "--from",
            help="marian: --alignment soft; sockeye: --output-type "
            "translation_with_alignment_matrix.",
        ),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder of the new dump.")
    ],
    source: Annotated[
        Path | None,
        typer.Option(
            help="The tokens that Marian read, a sentence a line, with spaces between; "
            "Sockeye's file has them."
        ),
    ] = None,
    target: Annotated[
        Path | None,
        typer.Option(
            help="The tokens that Marian wrote, where it joined them to text."
        ),
    ] = None,
    subwords: Annotated[
        Subwords,
        typer.Option(
            help="What the tokens are: words (none), pieces with ▁ for a space "
            "(sentencepiece), pieces that go on after @@ (bpe)."
        ),
    ] = "none",
) -> None:
    """Make a dump of the attention that another tool wrote."""
    from attnmt.analysis.dump import DumpWriter
    from attnmt.analysis.imports import marian_sentences, sockeye_sentences, to_record
    from attnmt.analysis.words import SPACE_RULE, WORD_RULE

    if (from_ == "marian") != (source is not None) or (target and source is None):
        raise ConfigError(
            "expected --source FILE, and --target FILE if need be, with --from marian; "
            "neither with --from sockeye, whose file has the tokens of both sides"
        )
    if source is not None:
        sentences = marian_sentences(file, source, target)
    else:
        sentences = sockeye_sentences(file)
    rule = WORD_RULE if subwords == "sentencepiece" else SPACE_RULE
    header = {"mode": "import", "imported_from": from_, "word_rule": rule}
    with DumpWriter(output, header, "f4") as writer:
        for number, sentence in enumerate(sentences):
            writer.write(to_record(number, sentence, subwords))
