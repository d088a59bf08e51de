"""`attnmt export`."""

import sys
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from attnmt.cli.translating import RunOption, TrustOption

if TYPE_CHECKING:
    from attnmt.run import Run

SENTENCES = 100  # of the run's own text, to check the export with


class Format(StrEnum):
    """What reads the export."""

    litert = "litert"
    saved_model = "saved_model"


class Precision(StrEnum):
    """How the weights of a LiteRT model are stored."""

    float32 = "float32"
    float16 = "float16"
    int8 = "int8"


def export(
    run: RunOption = None,
    format: Annotated[
        Format, typer.Option(help="What reads the export.")
    ] = Format.litert,
    precision: Annotated[
        Precision, typer.Option(help="How weights are stored; float32 is exact.")
    ] = Precision.float32,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="In place of RUN/export/FORMAT-PRECISION."),
    ] = None,
    check: Annotated[
        Path | None,
        typer.Option(help="Sentences to check it with, in place of the run's own."),
    ] = None,
    trust_code: TrustOption = False,
) -> None:
    """Export a trained model to run without TensorFlow, and check that it does.

    `attnmt translate` finds an export in the run's folder by itself; the folder of an
    export can also stand for the run (`--run`). At the end sentences of the run's
    validation or test set are translated with both. If they differ too much (float32:
    at all; float16: in more than one of ten, or chrF below 95; int8: chrF below 85),
    nothing is kept. A SavedModel is for TensorFlow Serving and needs TensorFlow.
    """
    from attnmt.errors import ConfigError
    from attnmt.exported import export_dir
    from attnmt.run import Run, find_run

    if format is Format.saved_model and precision is not Precision.float32:
        raise ConfigError("--precision: expected float32 for a SavedModel")
    folder = Run(find_run(run))
    target = output or export_dir(folder, format.value, precision.value)
    lines = _sentences(folder, check)
    from attnmt import devices

    devices.load_tensorflow(own_process=True)
    from attnmt.export.folder import export_litert, export_saved_model

    if format is Format.litert:
        size, parity = export_litert(folder, precision.value, target, lines, trust_code)
    else:
        size, parity = export_saved_model(folder, target, lines, trust_code)
    print(f"written: {target} ({size / 1e6:.1f} MB)", file=sys.stderr)
    print(parity)


def _sentences(run: "Run", check: Path | None) -> list[str]:
    from attnmt.errors import DataError
    from attnmt.text.corpora import read_pairs
    from attnmt.text.lines import read_lines

    if check is not None:
        lines = list(read_lines(check))
    else:
        data = run.load_config().data
        corpus = data.valid or data.test
        if corpus is None:
            raise DataError(f"{run.config_file}: no data.valid or data.test: {_HINT}")
        try:
            pairs = islice(
                read_pairs(corpus, data.source_lang, data.target_lang), SENTENCES
            )
            lines = [source for source, _ in pairs]
        except DataError as error:
            raise DataError(f"{error}: {_HINT}") from error
    if not any(line.strip() for line in lines):
        raise DataError(f"no sentence to check the export with: {_HINT}")
    return lines


_HINT = "pass --check FILE with sentences that the export is checked with"
