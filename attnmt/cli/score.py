"""`attnmt score`."""

import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from attnmt.cli.outputs import check_growing
from attnmt.cli.translating import (
    AlignOption,
    AttentionOption,
    BatchOption,
    Device,
    DeviceOption,
    Format,
    FormatOption,
    LinksOption,
    OutputOption,
    PrecisionOption,
    ResumeOption,
    RunOption,
    SettingsOption,
    TrustOption,
    check_precision,
    check_resume,
    done_before,
    dumped,
    load_translator,
    made_of,
    make_dump,
    shown_of,
    warn_of_cuts,
    warn_of_slots,
    write,
)
from attnmt.errors import ConfigError
from attnmt.text.lines import STANDARD_STREAM, read_lines
from attnmt.text.partial import NOTHING

if TYPE_CHECKING:
    from attnmt.translating import Translation


def score(
    source: Annotated[Path, typer.Argument(help="Source text.")],
    target: Annotated[Path, typer.Argument(help="Its translation, line by line.")],
    run: RunOption = None,
    output: OutputOption = Path("-"),
    format: FormatOption = Format.text,
    align: AlignOption = False,
    links: LinksOption = None,
    attention: AttentionOption = None,
    precision: PrecisionOption = None,
    resume: ResumeOption = False,
    batch_size: BatchOption = None,
    settings: SettingsOption = None,
    device: DeviceOption = Device.auto,
    trust_code: TrustOption = False,
) -> None:
    """Score given translations: N pairs in, N lines out, in order.

    A line is the log-probability (natural) of a target given its source, not divided
    by its length; the alignment follows after |||. jsonl tells it of every piece too.
    A pair whose source is blank is not scored: 0, flagged empty_src.
    """
    from attnmt.run import find_run

    shown = shown_of(format, links, score=True, align=align)
    check_precision(precision, attention)
    folder = find_run(run)
    if resume:
        check_resume(source, output, attention)
    _check(source, target, output, attention)
    translator = load_translator(
        folder, settings, device, trust_code, batch_size=batch_size, shortlist=0
    )
    if align:
        warn_of_slots(translator)
    pairs = zip(read_lines(source), read_lines(target), strict=True)
    header = translator.describe("force")
    made, done = made_of(header, settings, shown, output, source, target), NOTHING
    if resume and attention is None:
        done = done_before(output, made, shown, translator.window)
    resumed = (pairs, translator.window) if resume else None
    dump = make_dump(attention, header, precision, resumed)

    def compute(first: int) -> Iterator[list["Translation"]]:
        rest = (islice(read_lines(path), first, None) for path in (source, target))
        return ([found] for found in translator.force(*rest, first=first))

    found = dumped(compute, dump, done)
    found = warn_of_cuts(_warn_of_blanks(found, source), source)
    write(output, found, shown, made, done)


def _check(source: Path, target: Path, output: Path, attention: Path | None) -> None:
    """Raise an error for what cannot be read twice and for unequal line counts."""
    from attnmt.text.corpora import read_files

    for path in (source, target):
        if path == STANDARD_STREAM or path.exists() and not path.is_file():
            raise ConfigError(
                f"{path}: expected a file: its lines are counted before the first of "
                "them is scored"
            )
    check_growing(output, source, target, attention=attention)
    for _ in read_files(source, target):
        pass


def _warn_of_blanks(
    found: Iterable[list["Translation"]], file: Path
) -> Iterator[list["Translation"]]:
    for translations in found:
        if "empty_src" in translations[0].flags:
            print(
                f"{file}:{translations[0].id + 1}: blank: its target is not scored",
                file=sys.stderr,
            )
        yield translations
