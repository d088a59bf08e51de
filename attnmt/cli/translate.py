"""`attnmt translate`."""

import sys
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from attnmt.cli.engines import Engine, EngineOption
from attnmt.cli.outputs import check_growing
from attnmt.cli.sampling import (
    SampleOption,
    SeedOption,
    TemperatureOption,
    TopKOption,
    TopPOption,
    read_sampling,
)
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
    Policy,
    PrecisionOption,
    ResumeOption,
    RunsOption,
    SettingsOption,
    ShortlistOption,
    TrustOption,
    check_precision,
    check_resume,
    done_before,
    dumped,
    made_of,
    make_dump,
    shown_of,
    warn_of_cuts,
    warn_of_slots,
    write,
)
from attnmt.cli.workers import WorkersOption, open_engine

if TYPE_CHECKING:
    from attnmt.edits import Edits
    from attnmt.translating import BaseTranslator, Translation


def translate(
    file: Annotated[
        Path, typer.Argument(help="Text to translate; - is standard input.")
    ] = Path("-"),
    run: RunsOption = None,
    output: OutputOption = Path("-"),
    beam: Annotated[int | None, typer.Option(min=1, help="1 is greedy search.")] = None,
    n_best: Annotated[
        int,
        typer.Option(
            min=1,
            max=1000,
            help="Translations of each line; a beam is at least as wide.",
        ),
    ] = 1,
    sample: SampleOption = False,
    temperature: TemperatureOption = None,
    top_k: TopKOption = None,
    top_p: TopPOption = None,
    seed: SeedOption = None,
    format: FormatOption = Format.text,
    scores: Annotated[
        bool, typer.Option("--scores", help="Write scores too (text).")
    ] = False,
    align: AlignOption = False,
    links: LinksOption = None,
    attention: AttentionOption = None,
    precision: PrecisionOption = None,
    resume: ResumeOption = False,
    force_attention: Annotated[
        Path | None,
        typer.Option(
            help="Read with the weights of this JSON file at chosen target pieces, "
            "and decode on."
        ),
    ] = None,
    length_penalty: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            help="Alpha of Wu et al. (2016): higher prefers longer translations.",
            show_default="the run's",
        ),
    ] = None,
    coverage_penalty: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            help="Beta of Wu et al. (2016): penalises source words that were not read.",
            show_default="the run's",
        ),
    ] = None,
    batch_size: BatchOption = None,
    shortlist: ShortlistOption = None,
    settings: SettingsOption = None,
    device: DeviceOption = Device.auto,
    engine: EngineOption = Engine.auto,
    workers: WorkersOption = "1",
    trust_code: TrustOption = False,
    invalid_utf8: Annotated[
        Policy, typer.Option(help="What becomes of bytes that are not UTF-8.")
    ] = Policy.error,
) -> None:
    """Translate text, line by line: N lines in, N lines out, in order.

    With --n-best the text format has a line per translation: number of the input
    line (from 0) ||| translation ||| score. Scores and alignments follow after |||.
    With --sample a draw is that of its seed and line, whatever is computed beside it.
    From standard input --batch-size 1 answers each line before it reads the next,
    except with --workers and --force-attention.

    A file for --force-attention is a list such as
    `[{"id": 0, "target": 2, "weights": {"3": 1, "4": 0.5}}]`: in the first line the
    third target piece reads the source words 3 and 4, counted from 0, with `</s>` after
    the last; `"level": "piece"` counts source pieces. Weights are divided by their sum.
    """
    from attnmt.errors import ConfigError
    from attnmt.run import find_run
    from attnmt.text.lines import STANDARD_STREAM, read_lines
    from attnmt.text.partial import NOTHING, skipped

    several = n_best > 1
    shown = shown_of(format, links, several, True, scores or several, align)
    check_precision(precision, attention)
    contrary = {"--beam": beam, "--force-attention": force_attention}
    sampling = read_sampling(sample, contrary, temperature, top_k, top_p, seed)
    folders = [find_run(path) for path in run or [None]]
    if resume:
        check_resume(file, output, attention)
    edited = [] if force_attention is None else [force_attention]
    check_growing(output, file, *edited, attention=attention)
    reading = partial(read_lines, replace=invalid_utf8 is Policy.replace)
    if len(folders) > 1 and force_attention is not None:
        raise ConfigError("--force-attention: expected one --run, found several")
    lines = _opened(reading(file))
    edits = _read_edits(force_attention)
    # Somebody who types line by line, or a program that does, wants an answer to each.
    single = batch_size == 1 and workers == "1"
    by_line = file == STANDARD_STREAM and (single or sys.stdin.isatty())
    window = 1 if by_line else None
    with open_engine(
        "1" if window else workers,
        engine,
        folders,
        settings,
        device,
        trust_code,
        "--force-attention" if edits is not None else None,
        beam_size=beam,
        length_penalty=length_penalty,
        coverage_penalty=coverage_penalty,
        batch_size=batch_size,
        sampling=sampling,
        shortlist=shortlist,
    ) as translator:
        if align:
            warn_of_slots(translator)
        if edits is not None:
            translator, lines = _pinned(translator, edits, list(lines))
        translator.attends = shown.attends or attention is not None or edits is not None
        header = translator.describe(n_best=n_best)
        made, done = made_of(header, settings, shown, output, file), NOTHING
        if resume and attention is None:
            done = done_before(output, made, shown, translator.window)
        resumed = (zip(reading(file)), translator.window) if resume else None
        dump = make_dump(attention, header, precision, resumed)

        def compute(first: int) -> Iterator[list["Translation"]]:
            rest = (
                islice(lines, first, None)
                if dump is not None
                else skipped(lines, done, file)
            )
            return translator.n_best(rest, n_best, window, first=first)

        found = warn_of_cuts(dumped(compute, dump, done), file)
        found = _warn_of_unreached(found, edits) if edits is not None else found
        write(output, found, shown, made, done)


def _read_edits(path: Path | None) -> "Edits | None":
    if path is None:
        return None
    from attnmt.edits import Edits

    return Edits(path)


def _pinned(
    translator: "BaseTranslator", edits: "Edits", lines: list[str]
) -> tuple["BaseTranslator", Iterator[str]]:
    """All lines are read, so that all edits are checked before one is translated."""
    from attnmt.translator import Translator
    from attnmt.what_if import PinnedTranslator

    assert isinstance(translator, Translator)
    return PinnedTranslator(translator, edits, lines), iter(lines)


def _warn_of_unreached(
    found: Iterable[list["Translation"]], edits: "Edits"
) -> Iterator[list["Translation"]]:
    for translations in found:
        best = translations[0]
        for message in edits.beyond(best.id, len(best.target_pieces)):
            print(message, file=sys.stderr)
        yield translations


def _opened(lines: Iterator[str]) -> Iterator[str]:
    """The lines of a file; one that cannot be read is told now, before the wait."""
    first = list(islice(lines, 1))
    return chain(first, lines)
