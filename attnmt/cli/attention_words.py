"""`attnmt attention words`: a dump of words from a dump of pieces."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from attnmt.analysis.words import SPACE_RULE, TargetPieces
from attnmt.errors import DataError


def words(
    dump: Annotated[Path, typer.Argument(help="Folder of an attention dump.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder of the new dump.")
    ],
    target_pieces: Annotated[
        TargetPieces,
        typer.Option(
            help="What makes the row of a target word: the mean of its pieces' or the "
            "first one's."
        ),
    ] = "mean",
    split: Annotated[
        Literal["characters", "spaces"],
        typer.Option(
            help="Words of Chinese, Japanese, Thai, Lao, Khmer and Burmese: "
            "characters, or, for text that was cut into words, what is between spaces."
        ),
    ] = "characters",
) -> None:
    """Merge the pieces of a dump to words, into a dump that every command reads.

    The weights of the pieces of a source word are added up, so that a row keeps its
    sum. The header has level "word" and names the rule by which words were found.
    """
    from attnmt.analysis.dump import Dump, DumpWriter
    from attnmt.analysis.word_level import word_record

    opened = Dump(dump)
    header = opened.header
    if header.get("level") == "word":
        raise DataError(f"{dump}: is of words already; make it from the dump of pieces")
    if output.exists() and output.samefile(dump):
        raise DataError(f"{output}: expected another folder, that of the pieces stays")
    old = header.get("word_rule", SPACE_RULE)  # of a dump that names none
    rule = SPACE_RULE if split == "spaces" else old
    told = {"level": "word", "word_rule": rule, "target_pieces": target_pieces}
    dtype = "f4" if header["dtype"] == "<f4" else "f2"
    with DumpWriter(output, header | told, dtype) as writer:
        for record in opened:
            found = record.between_spaces() if split == "spaces" else record
            writer.write(word_record(found, target_pieces))
