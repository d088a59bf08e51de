"""`attnmt translate`."""

import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from attnmt.cli.translating import (
    AlignOption,
    AttentionOption,
    BatchOption,
    Device,
    DeviceOption,
    Format,
    FormatOption,
    Links,
    LinksOption,
    OutputOption,
    Precision,
    PrecisionOption,
    ResumeOption,
    RunOption,
    SettingsOption,
    Shown,
    check_resume,
    dumped,
    load_translator,
    make_dump,
    warn_of_cuts,
    warn_of_slots,
    write,
)

if TYPE_CHECKING:
    from attnmt.edits import Edits
    from attnmt.translator import Translation


def translate(
    file: Annotated[
        Path, typer.Argument(help="Text to translate; - is standard input.")
    ] = Path("-"),
    run: RunOption = None,
    output: OutputOption = Path("-"),
    beam: Annotated[int | None, typer.Option(min=1, help="1 is greedy search.")] = None,
    n_best: Annotated[int, typer.Option(min=1, help="Translations of each line.")] = 1,
    format: FormatOption = Format.text,
    scores: Annotated[
        bool, typer.Option("--scores", help="Write scores too (text).")
    ] = False,
    align: AlignOption = False,
    links: LinksOption = Links.argmax,
    attention: AttentionOption = None,
    precision: PrecisionOption = Precision.f2,
    resume: ResumeOption = False,
    force_attention: Annotated[
        Path | None,
        typer.Option(
            help="Read with the weights of this JSON file at chosen target pieces, "
            "and decode on."
        ),
    ] = None,
    length_penalty: Annotated[
        float | None, typer.Option(min=0.0, help="In place of the run's.")
    ] = None,
    coverage_penalty: Annotated[
        float | None, typer.Option(min=0.0, help="In place of the run's.")
    ] = None,
    batch_size: BatchOption = None,
    settings: SettingsOption = None,
    device: DeviceOption = Device.auto,
) -> None:
    """Translate text, line by line: N lines in, N lines out, in order.

    With --n-best the text format has a line per translation: number of the input
    line (from 0) ||| translation ||| score. Scores and alignments follow after |||.

    --force-attention takes a list such as [{"id": 0, "target": 2, "weights": {"3": 1,
    "4": 0.5}}]: for the first line the third target piece (</s> is the last) reads the
    source words 3 and 4 (from 0; after the last word, </s>), or with "level": "piece"
    those pieces. The weights of a row are divided by their sum.
    """
    from attnmt.errors import ConfigError
    from attnmt.run import find_run
    from attnmt.text.lines import STANDARD_STREAM, read_lines

    folder = find_run(run)
    if resume:
        check_resume(file, attention)
    if file.exists() and output.exists() and output.samefile(file):
        raise ConfigError(f"{output}: expected an output that is not the input")
    lines = read_lines(file)
    first = next(lines, None)  # a file that cannot be read is told before the wait
    lines = iter(()) if first is None else _chain(first, lines)
    edits = None
    if force_attention is not None:
        from attnmt.edits import Edits

        edits = Edits(force_attention)
    translator = load_translator(
        folder,
        settings,
        device,
        beam_size=beam,
        length_penalty=length_penalty,
        coverage_penalty=coverage_penalty,
        batch_size=batch_size,
    )
    if align:
        warn_of_slots(translator)
    if edits is not None:
        from attnmt.what_if import PinnedTranslator

        given = list(lines)  # all edits are checked before anything is translated
        translator, lines = PinnedTranslator(translator, edits, given), iter(given)
    # Somebody who types line by line wants an answer to each.
    window = 1 if file == STANDARD_STREAM and sys.stdin.isatty() else None
    resumed = (zip(read_lines(file)), translator.window) if resume else None
    dump = make_dump(attention, translator.describe(n_best=n_best), precision, resumed)

    def compute(first: int) -> Iterator[list["Translation"]]:
        rest = islice(lines, first, None)
        return translator.n_best(rest, n_best, window, first=first)

    found = warn_of_cuts(dumped(compute, dump), file)
    found = _warn_of_unreached(found, edits) if edits is not None else found
    several = n_best > 1
    write(
        output,
        found,
        Shown(format, links.value, several, True, scores or several, align),
    )


def _warn_of_unreached(
    found: Iterable[list["Translation"]], edits: "Edits"
) -> Iterator[list["Translation"]]:
    for translations in found:
        best = translations[0]
        for message in edits.beyond(best.id, len(best.target_pieces)):
            print(message, file=sys.stderr)
        yield translations


def _chain(first: str, rest: Iterable[str]) -> Iterator[str]:
    yield first
    yield from rest
