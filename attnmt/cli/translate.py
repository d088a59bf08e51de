"""`attnmt translate`."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

import typer

if TYPE_CHECKING:
    from attnmt.translator import Translation, Translator


class Format(StrEnum):
    """How translations are written."""

    text = "text"
    jsonl = "jsonl"
    tsv = "tsv"


class Links(StrEnum):
    """How word alignments are read from attention."""

    argmax = "argmax"
    strong = "strong"


class Device(StrEnum):
    """What to compute on."""

    auto = "auto"
    cpu = "cpu"
    gpu = "gpu"


def translate(
    file: Annotated[
        Path, typer.Argument(help="Text to translate; - is standard input.")
    ] = Path("-"),
    run: Annotated[Path | None, typer.Option(help="Run folder of the model.")] = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="- is standard output.")
    ] = Path("-"),
    beam: Annotated[int | None, typer.Option(min=1, help="1 is greedy search.")] = None,
    n_best: Annotated[int, typer.Option(min=1, help="Translations of each line.")] = 1,
    format: Annotated[Format, typer.Option(help="Format of the output.")] = Format.text,
    scores: Annotated[
        bool, typer.Option("--scores", help="Write scores too (text).")
    ] = False,
    align: Annotated[
        bool, typer.Option("--align", help="Write word alignments too (Pharaoh).")
    ] = False,
    links: Annotated[
        Links,
        typer.Option(
            help="Of a target word: argmax links the source word that it reads most, "
            "strong also those that it reads half as much."
        ),
    ] = Links.argmax,
    attention: Annotated[
        Path | None, typer.Option(help="Write the attention weights to this folder.")
    ] = None,
    length_penalty: Annotated[
        float | None, typer.Option(min=0.0, help="In place of the run's.")
    ] = None,
    coverage_penalty: Annotated[
        float | None, typer.Option(min=0.0, help="In place of the run's.")
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option(min=1, help="Lines translated together.")
    ] = None,
    set: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="Change a setting of decoding, or one of model.attention that needs "
            "no training, as in model.attention.mode=hard.",
        ),
    ] = None,
    device: Annotated[Device, typer.Option(help="auto: a GPU if any.")] = Device.auto,
) -> None:
    """Translate text, line by line: N lines in, N lines out, in order.

    With --n-best the text format has a line per translation: number of the input
    line (from 0) ||| translation ||| score. Scores and alignments follow after |||.
    """
    from attnmt.errors import ConfigError
    from attnmt.run import Run, find_run
    from attnmt.text.lines import STANDARD_STREAM, read_lines

    folder = find_run(run)
    if file.exists() and output.exists() and output.samefile(file):
        raise ConfigError(f"{output}: expected an output that is not the input")
    lines = read_lines(file)
    first = next(lines, None)  # a file that cannot be read is told before the wait
    lines = iter(()) if first is None else _chain(first, lines)
    from attnmt import devices

    devices.load_tensorflow()
    from attnmt.translator import Translator, with_decoding

    decoding = with_decoding(
        Run(folder).load_config(set or ()),
        beam_size=beam,
        length_penalty=length_penalty,
        coverage_penalty=coverage_penalty,
        batch_size=batch_size,
    )
    translator = Translator.load(
        folder, decoding=decoding, settings=set or (), device=device.value
    )
    if align and translator.align_kind == "slot":
        print(
            "--align: this model's attention is over memory slots, not over source "
            "tokens: there are no word alignments, they are left empty",
            file=sys.stderr,
        )
    # Somebody who types line by line wants an answer to each.
    window = 1 if file == STANDARD_STREAM and sys.stdin.isatty() else None
    found = translator.n_best(lines, n_best, window)
    found = _warn_of_cuts(_dumped(found, translator, attention), file)
    show = _Shown(format, n_best > 1, scores or n_best > 1, align, links.value)
    _write(output, found, show)


def _chain(first: str, rest: Iterable[str]) -> Iterator[str]:
    yield first
    yield from rest


def _dumped(
    found: Iterable[list["Translation"]], translator: "Translator", path: Path | None
) -> Iterator[list["Translation"]]:
    from attnmt.analysis.dump import DumpWriter

    header = translator.describe()
    with DumpWriter(path, header) if path else nullcontext() as dump:
        for translations in found:
            if dump is not None:
                for translation in translations:
                    dump.write(translation)
            yield translations


def _warn_of_cuts(
    found: Iterable[list["Translation"]], file: Path
) -> Iterator[list["Translation"]]:
    for translations in found:
        if "truncated" in translations[0].flags:
            print(
                f"{file}:{translations[0].id + 1}: only the first "
                f"{len(translations[0].source_pieces) - 1} pieces are translated: the "
                "line is too long",
                file=sys.stderr,
            )
        yield translations


class _Shown(NamedTuple):
    """What is written of a translation."""

    format: Format
    number: bool  # the rest is of the text format
    score: bool
    align: bool
    links: Literal["argmax", "strong"]

    def line(self, translation: "Translation") -> str:
        from attnmt.analysis.alignments import pharaoh

        links = pharaoh(translation.links(self.links))
        if self.format is Format.jsonl:
            return _json(translation, links)
        score = f"{translation.norm_score:.4f}"
        if self.format is Format.tsv:
            text = translation.text.replace("\t", " ")
            fields = (translation.id, translation.rank, score, text, links)
            return "\t".join(map(str, fields))
        fields = [str(translation.id)] if self.number else []
        fields.append(translation.text)
        fields += [score] if self.score else []
        fields += [links] if self.align else []
        return " ||| ".join(fields)


def _write(output: Path, found: Iterable[list["Translation"]], shown: _Shown) -> None:
    from attnmt.text.lines import text_output

    with text_output(output) as stream:
        for translations in found:
            for translation in translations:
                stream.write(shown.line(translation) + "\n")
            stream.flush()


def _json(translation: "Translation", links: str) -> str:
    from attnmt.text.lines import json_text

    fields = {
        "id": translation.id,
        "rank": translation.rank,
        "source": translation.source,
        "text": translation.text,
        "score": translation.norm_score,
        "log_prob": translation.score,
        "source_pieces": translation.source_pieces,
        "pieces": translation.target_pieces,
        "log_probs": translation.log_probs,
        "alignment": links,
        "flags": translation.flags,
    }
    return json_text(fields)
