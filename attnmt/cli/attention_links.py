"""`attnmt attention align` and `aer`: word links of a dump, and how good they are."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from attnmt.analysis.alignments import (
    Link,
    Linking,
    LinkMethod,
    Symmetrisation,
    pharaoh,
)
from attnmt.cli.gold import GoldIndex, read_gold_rows
from attnmt.cli.outputs import check_output
from attnmt.errors import ConfigError, DataError

if TYPE_CHECKING:
    from attnmt.analysis.dump import Dump
    from attnmt.analysis.record import Record

Method = Annotated[
    LinkMethod,
    typer.Option(
        help="argmax: the source word that a target word reads most; argmax-source: "
        "the target word that reads a source word most; mutual: what both say; "
        "strong, threshold: all source words with --threshold times the largest "
        "weight of their row, or with --threshold or more."
    ),
]
Threshold = Annotated[
    float | None,
    typer.Option(
        min=0,
        max=1,
        help="For --method strong and threshold.",
        show_default="0.5",
    ),
]
EndRule = Literal["next-best", "no-link"]
End = Annotated[
    EndRule,
    typer.Option(
        help="What a word is linked to whose largest weight is on `</s>`: the next "
        "best word, or none."
    ),
]


def align(
    dump: Annotated[Path, typer.Argument(help="Folder of an attention dump.")],
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", help="Links as 0-0 1-2, a line for each; - is stdout."
        ),
    ] = Path("-"),
    method: Method = "argmax",
    threshold: Threshold = None,
    end: End = "next-best",
    reverse: Annotated[
        Path | None,
        typer.Option(
            help="A dump of the same sentence pairs in the other direction, to make "
            "one alignment of both."
        ),
    ] = None,
    symmetrisation: Annotated[
        Symmetrisation | None,
        typer.Option(
            "--symmetrise",
            help="How, with --reverse.",
            show_default="grow-diag-final-and",
        ),
    ] = None,
) -> None:
    """Write the word links of a dump: a line for every input line, of its best."""
    from attnmt.analysis.dump import Dump
    from attnmt.analysis.dump_links import dump_links, symmetrised_links
    from attnmt.text.lines import write_lines

    if symmetrisation is not None and reverse is None:
        raise ConfigError("--symmetrise: expected --reverse with it, found none")
    check_output(output)
    opened, linking = Dump(dump), _linking(method, threshold, end)
    if reverse is None:
        found = dump_links(opened, linking)
    else:
        how = symmetrisation or "grow-diag-final-and"
        found = symmetrised_links(opened, Dump(reverse), how, linking)
    write_lines(output, (pharaoh(links) for links in found))


def aer(
    links: Annotated[
        Path,
        typer.Argument(help="Links i-j, or folder of a dump."),
    ],
    gold: Annotated[
        Path,
        typer.Option("--gold", help="Gold links: i-j is sure, ipj and i?j possible."),
    ],
    gold_index: GoldIndex = None,
    links_index: Annotated[
        int, typer.Option(min=0, max=1, help="Number of the first word in the links.")
    ] = 0,
    target_first: Annotated[
        bool, typer.Option("--target-first", help="The links are target-source.")
    ] = False,
    method: Method = "argmax",
    threshold: Threshold = None,
    end: End = "next-best",
    sentences: Annotated[
        Path | None,
        typer.Option(help="Write the figures of every sentence here, as JSON lines."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON instead of a table.")
    ] = False,
) -> None:
    """Compare word links with gold links: error rate, precision and recall.

    Also with every target word moved by -1 and +1, as some decoders attend for the
    word after the one that they write.
    """
    from attnmt.evaluation import link_report
    from attnmt.evaluation.alignment_error import read_links
    from attnmt.text.lines import STANDARD_STREAM, write_lines

    if links.is_dir() and (target_first or links_index):
        raise ConfigError(
            "--target-first and --links-index are for a file of links, not for a dump"
        )
    linking = _linking(method, threshold, end)
    if not links.is_dir() and linking != _linking("argmax", None, "next-best"):
        raise ConfigError(
            "--method, --threshold and --end are for a dump, not for a file of links"
        )
    if as_json and sentences == STANDARD_STREAM:
        raise ConfigError("--sentences -: standard output is for --json: name a file")
    if sentences is not None:
        check_output(sentences, links, gold)
    expected = read_gold_rows(gold, gold_index)
    if links.is_dir():
        found = _of_dump(links, linking)
    else:
        found = read_links(links, one_indexed=bool(links_index))
    if target_first:
        found = [{(source, target) for target, source in row} for row in found]
    if len(found) != len(expected.rows):
        raise DataError(
            f"expected as many lines on both sides, found {len(found)} in {links} and "
            f"{len(expected.rows)} in {gold}"
        )
    scores = link_report.scores_by_offset(found, expected.rows)
    if sentences is not None:
        write_lines(sentences, link_report.sentence_lines(found, expected.rows))
    text = json.dumps(link_report.to_json(scores), indent=2)
    told = text if as_json else link_report.table(scores)
    print(told, file=sys.stderr if sentences == STANDARD_STREAM else sys.stdout)


def _linking(method: LinkMethod, threshold: float | None, end: EndRule) -> Linking:
    if threshold is not None and method not in ("strong", "threshold"):
        raise ConfigError(
            f"--threshold: expected --method strong or threshold, found {method}"
        )
    return Linking(method, 0.5 if threshold is None else threshold, end)


def _of_dump(path: Path, linking: Linking) -> list[set[Link]]:
    from attnmt.analysis.dump import Dump
    from attnmt.analysis.dump_links import dump_links

    opened = Dump(path)
    warn_of_characters(opened)
    return [set(row) for row in dump_links(opened, linking)]


def warn_of_characters(opened: "Dump") -> None:
    """Say that gold links may count other words than the dump has."""
    if opened.header.get("level") != "word" and any(map(_parted, opened)):
        print(
            f"{opened.path}: each character of Chinese, Japanese, Thai, Lao, Khmer and "
            "Burmese is a word here; gold links of words between spaces need a dump "
            "made by `attnmt attention words --split spaces`",
            file=sys.stderr,
        )


def _parted(record: "Record") -> bool:
    """Whether other words than those between spaces are linked."""
    spaced = record.between_spaces()
    return (record.source_words, record.target_words) != (
        spaced.source_words,
        spaced.target_words,
    )
