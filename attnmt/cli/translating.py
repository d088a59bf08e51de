"""What `attnmt translate` and `attnmt score` share: options, loading, writing."""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import Enum, StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

import typer

from attnmt.errors import ConfigError
from attnmt.sealed import file_sha256
from attnmt.text.lines import STANDARD_STREAM, is_stream, json_text
from attnmt.text.partial import Done, growing_output, read_done

if TYPE_CHECKING:
    from attnmt.analysis.dump_writer import DumpWriter
    from attnmt.translating import BaseTranslator, Translation
    from attnmt.translator import Translator


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


class Precision(StrEnum):
    """Floating point numbers of 2 or 4 bytes."""

    f2 = "f2"
    f4 = "f4"


class Policy(Enum):
    """What is done about something wrong."""

    error = "error"
    replace = "replace"


_NEWEST = "$ATTNMT_RUN, or the newest in runs"
RunOption = Annotated[
    Path | None,
    typer.Option(help="Run folder of the model.", show_default=_NEWEST),
]
RunsOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--run",
        help="Run folder of the model; several make an ensemble: the mean of their "
        "probabilities and of their attention.",
        show_default=_NEWEST,
    ),
]
OutputOption = Annotated[
    Path,
    typer.Option("--output", "-o", help="File to write; - is standard output."),
]
FormatOption = Annotated[Format, typer.Option(help="Format of the output.")]
AlignOption = Annotated[
    bool, typer.Option("--align", help="Write word alignments too (Pharaoh).")
]
LinksOption = Annotated[
    Links | None,
    typer.Option(
        help="Of a target word: argmax links the source word that it reads most, "
        "strong also those that it reads half as much.",
        show_default="argmax",
    ),
]
AttentionOption = Annotated[
    Path | None, typer.Option(help="Write the attention weights to this folder.")
]
PrecisionOption = Annotated[
    Precision | None,
    typer.Option(
        "--attention-dtype",
        help="f2: half precision; f4: single precision, exact.",
        show_default="f2",
    ),
]
ResumeOption = Annotated[
    bool,
    typer.Option(
        "--resume", help="Go on where the same command was killed (-o, --attention)."
    ),
]
BatchOption = Annotated[
    int | None, typer.Option(min=1, help="Lines computed together.")
]
ShortlistOption = Annotated[
    int | None,
    typer.Option(
        min=0,
        max=100,
        help="Search among the N likeliest translations of each source piece (and "
        "frequent pieces) only; scores are of these. attnmt shortlist comes first.",
    ),
]
SettingsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        help="Change a setting of decoding, or one of model.attention that needs "
        "no training, as in model.attention.mode=hard.",
    ),
]
TrustOption = Annotated[
    bool,
    typer.Option(
        "--trust-code", help="Import the class that the run's configuration names."
    ),
]
DeviceOption = Annotated[
    Device,
    typer.Option(
        help="auto: a GPU if there is one; an export for LiteRT runs on the processor."
    ),
]


def load_translator(
    folder: Path,
    settings: list[str] | None,
    device: Device,
    trust_code: bool,
    threads: int | Literal["auto"] = "auto",
    **decoding: object,
) -> "Translator":
    """The translator of a run; what is None in `decoding` stays as the run has it."""
    from attnmt import devices
    from attnmt.run import Run

    refuse_export(folder, "--run")
    devices.load_tensorflow(own_process=True)
    from attnmt.translating import with_decoding
    from attnmt.translator import Translator

    return Translator.load(
        folder,
        decoding=with_decoding(Run(folder).load_config(settings or ()), **decoding),
        settings=settings or (),
        device=device.value,
        threads=threads,
        trust_code=trust_code,
    )


def refuse_export(folder: Path, option: str) -> None:
    """Raise ConfigError when the folder that an option names is an export."""
    from attnmt.run import Run

    if Run(folder).is_export:
        raise ConfigError(
            f"{option} {folder}: expected the run itself, because an export only "
            "translates by LiteRT, without sampling, edits or other models"
        )


def warn_of_slots(translator: "BaseTranslator") -> None:
    """Say that --align is in vain for a model whose attention links no words."""
    if translator.align_kind == "slot":
        print(
            "--align: this model's attention is over memory slots, not over source "
            "tokens: there are no word alignments, they are left empty",
            file=sys.stderr,
        )


def warn_of_cuts(
    found: Iterable[list["Translation"]], file: Path
) -> Iterator[list["Translation"]]:
    """Pass on what was found; say which lines of the file were too long."""
    for translations in found:
        best = translations[0]
        place = f"{file}:{best.id + 1}: the line is too long"
        if "truncated" in best.flags:
            read = f"only the first {len(best.source_pieces) - 1} pieces are read"
            print(f"{place}: {read}", file=sys.stderr)
        if "split" in best.flags:
            print(f"{place}: translated in parts, joined", file=sys.stderr)
        yield translations


def check_resume(file: Path, output: Path, attention: Path | None) -> None:
    """Raise ConfigError when there is nothing to resume from, or text that is gone."""
    if attention is None and (is_stream(output) or output.suffix == ".gz"):
        raise ConfigError(
            "--resume: expected -o FILE (not .gz) or --attention DIR with it: that "
            "tells what is done already"
        )
    if file == STANDARD_STREAM or file.exists() and not file.is_file():
        raise ConfigError(
            f"--resume: expected a file, found {file}, which cannot be read again from "
            "its beginning"
        )


def make_dump(
    path: Path | None,
    header: dict[str, object],
    precision: Precision | None,
    resumed: tuple[Iterable[Sequence[str]], int] | None,
) -> "DumpWriter | None":
    """The dump to write, if any; resumed: the texts of each line, and a window."""
    if path is None:
        return None
    from attnmt.analysis.dump_resume import ResumedDump
    from attnmt.analysis.dump_writer import DumpWriter

    dtype = (precision or Precision.f2).value
    if resumed is None:
        return DumpWriter(path, header, dtype)
    inputs, window = resumed
    dump = ResumedDump(path, header, dtype, inputs=inputs, window=window)
    print(f"{path}: {dump.kept_lines} lines are done already", file=sys.stderr)
    return dump


def dumped(
    compute: Callable[[int], Iterable[list["Translation"]]],
    dump: "DumpWriter | None",
    done: Done,
) -> Iterator[list["Translation"]]:
    """What a dump keeps of translations, then what `compute` makes of the rest.

    Without a dump it goes on after those that the output tells to be `done`.
    `compute` is given the number of the first line to compute. What is dumped is passed
    on as a reader of the dump finds it, so that it is the same when it is resumed.
    """
    if dump is None:
        yield from compute(done.lines)
        return
    with dump:
        yield from dump.kept()
        for translations in compute(dump.kept_lines):
            yield [dump.write(translation) for translation in translations]


class Shown(NamedTuple):
    """What is written of a translation."""

    format: Format
    links: Literal["argmax", "strong"]
    number: bool = False  # the rest is of the text format
    text: bool = False
    score: bool = False
    align: bool = False

    @property
    def numbered(self) -> bool:
        """Whether a line begins with the number of its input line."""
        return self.number or self.format is not Format.text

    @property
    def attends(self) -> bool:
        """Whether anything of it is of the attention."""
        return self.align or self.format is not Format.text

    def line(self, translation: "Translation") -> str:
        """The line of a translation, without its end."""
        from attnmt.analysis.alignments import pharaoh

        links = pharaoh(translation.links(self.links)) if self.attends else ""
        if self.format is Format.jsonl:
            return _json(translation, links)
        score = f"{translation.norm_score:.4f}"
        if self.format is Format.tsv:
            text = translation.text.replace("\t", " ")
            fields = (translation.id, translation.rank, score, text, links)
            return "\t".join(map(str, fields))
        fields = [str(translation.id)] if self.number else []
        fields += [translation.text] if self.text else []
        fields += [score] if self.score else []
        fields += [links] if self.align else []
        return " ||| ".join(fields)


def shown_of(
    format: Format,
    links: Links | None,
    number: bool = False,
    text: bool = False,
    score: bool = False,
    align: bool = False,
) -> Shown:
    """What is written by these options. Raises ConfigError for --links in vain."""
    shown = Shown(format, (links or Links.argmax).value, number, text, score, align)
    if links is not None and not shown.attends:
        raise ConfigError(
            "--links: expected --align, or --format jsonl or tsv, with it, found none"
        )
    return shown


def check_precision(precision: Precision | None, attention: Path | None) -> None:
    """Raise ConfigError for an --attention-dtype of no dump."""
    if precision is not None and attention is None:
        raise ConfigError("--attention-dtype: expected --attention with it, found none")


def made_of(
    header: Mapping[str, object],
    settings: Sequence[str] | None,
    shown: Shown,
    output: Path,
    *files: Path,
) -> dict[str, object]:
    """What an output is made of, so that another command does not go on with it."""
    if is_stream(output):
        return {}
    made: dict[str, object] = {
        "input": [file_sha256(file) if file.is_file() else None for file in files],
        "--set": sorted(settings or ()),
    }
    for name, value in {**header, "output": shown._asdict()}.items():
        if isinstance(value, dict):
            made |= {f"{name}.{key}": each for key, each in value.items()}
        else:
            made[name] = value
    return made


def done_before(
    output: Path, made_of: Mapping[str, object], shown: Shown, window: int
) -> Done:
    """What the half-written output of the same command has, in whole windows."""
    done = read_done(output, made_of, window, shown.numbered)
    print(f"{output}: {done.lines} lines are done already", file=sys.stderr)
    return done


def write(
    output: Path,
    found: Iterable[list["Translation"]],
    shown: Shown,
    made_of: Mapping[str, object],
    done: Done,
) -> None:
    """Write the lines of all that is found, of each source line at once."""
    with growing_output(output, made_of, done) as stream:
        for translations in found:
            for translation in translations:
                stream.write(shown.line(translation) + "\n")
            if output.suffix != ".gz":  # which cannot be resumed, and packs less so
                stream.flush()


def _json(translation: "Translation", links: str) -> str:
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
