"""`attnmt align`: word alignments of two texts; no model and no TensorFlow."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from attnmt.analysis.alignments import Link, Symmetrisation, pharaoh, symmetrise
from attnmt.cli.outputs import check_inputs, check_output
from attnmt.errors import DataError
from attnmt.text.lines import read_lines, write_lines

Sentences = list[list[str]]


def align(
    source: Annotated[Path, typer.Argument(help="Source text, a sentence a line.")],
    target: Annotated[Path, typer.Argument(help="Its translation, line by line.")],
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", help="Links as 0-0 1-2, a line a sentence; - is stdout."
        ),
    ] = Path("-"),
    method: Annotated[
        Symmetrisation,
        typer.Option(
            "--symmetrise",
            help="What is made of both directions; forward: one source word for a "
            "target word, reverse: one target word for a source word.",
        ),
    ] = "grow-diag-final-and",
    iterations: Annotated[
        int, typer.Option("--iterations", min=1, help="Passes over the text.")
    ] = 5,
    lowercase: Annotated[
        bool, typer.Option("--lowercase/--cased", help="Ignore the case of letters.")
    ] = True,
) -> None:
    """Link the words of two texts, learnt from these texts alone.

    Words are what stands between spaces. IBM model 1 that prefers the diagonal, Dyer
    et al. (2013), in both directions. The more text, the better the links: give it all
    the text that there is, and take the lines that you want from the output.
    """
    check_inputs(source, target)
    check_output(output, source, target)
    sources, targets = _read(source, lowercase), _read(target, lowercase)
    if len(sources) != len(targets):
        raise DataError(
            f"expected as many lines on both sides, found {len(sources)} in {source} "
            f"and {len(targets)} in {target}"
        )
    found = _both(sources, targets, method, iterations)
    write_lines(output, (pharaoh(links) for links in found))


def _read(path: Path, lowercase: bool) -> Sentences:
    lines = read_lines(path)
    return [(line.lower() if lowercase else line).split() for line in lines]


def _both(
    sources: Sentences, targets: Sentences, method: str, iterations: int
) -> Iterator[list[Link]]:
    from attnmt.evaluation.ibm1 import align as align_sentences

    nothing: list[list[Link]] = [[] for _ in sources]
    forward = reverse = nothing
    if method != "reverse":
        forward = align_sentences(sources, targets, iterations)
    if method != "forward":
        swapped = align_sentences(targets, sources, iterations)
        reverse = [[(j, i) for i, j in links] for links in swapped]
    for one, other in zip(forward, reverse, strict=True):
        yield symmetrise(one, other, method)
