"""Which engine translates: TensorFlow, or LiteRT with what `attnmt export` wrote."""

import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from attnmt.cli.translating import Device, load_translator
from attnmt.errors import AttnmtError, ConfigError, DataError

if TYPE_CHECKING:
    from attnmt.exported import Export
    from attnmt.run import Run
    from attnmt.translating import BaseTranslator
    from attnmt.translator import Translator


class Engine(StrEnum):
    """What searches for translations."""

    auto = "auto"
    tensorflow = "tensorflow"
    litert = "litert"


EngineOption = Annotated[
    Engine,
    typer.Option(
        help="litert starts in a second, with a model of `attnmt export`; auto takes "
        "it where there is one."
    ),
]


def load_engine(
    engine: Engine,
    folders: Sequence[Path],
    settings: list[str] | None,
    device: Device,
    trust_code: bool,
    tensorflow_for: str | None = None,
    threads: int | Literal["auto"] = "auto",
    **decoding: object,
) -> "BaseTranslator":
    """As `load_translator`, with the engine that is asked for, or fits.

    Several runs are an ensemble. `tensorflow_for` names an option that LiteRT cannot
    serve.
    """
    from attnmt.exported import beyond_litert
    from attnmt.run import Run
    from attnmt.translating import with_decoding

    folder, *_ = folders
    config = Run(folder).load_config(settings or ())
    wanted = with_decoding(config, **decoding)
    if len(folders) > 1:
        tensorflow_for = "more than one --run"
    tensorflow_for = tensorflow_for or beyond_litert(wanted)
    export = _export(engine, Run(folder), _obstacle(settings, device, tensorflow_for))
    if export is None:
        return load_ensemble(folders, settings, device, trust_code, threads, **decoding)
    from attnmt.litert import LiteRTTranslator
    from attnmt.shortlist import ShortlistError

    try:
        loaded = LiteRTTranslator.load(export, Run(folder), wanted, threads)
    except DataError as error:
        alone = engine is Engine.litert or export.path == folder
        if alone or isinstance(error, ShortlistError):
            raise
        print(f"passed over an export: {error}", file=sys.stderr)
        return load_translator(
            folder, settings, device, trust_code, threads, **decoding
        )
    print(f"engine: litert ({export.path})", file=sys.stderr)
    return loaded


def load_ensemble(
    folders: Sequence[Path],
    settings: list[str] | None,
    device: Device,
    trust_code: bool,
    threads: int | Literal["auto"] = "auto",
    **decoding: object,
) -> "Translator":
    """The translator of a run, or that of several runs as one."""
    common = (settings, device, trust_code, threads)
    first, *others = folders
    member = load_translator(first, *common, **decoding)
    if not others:
        return member
    from attnmt.ensemble import EnsembleTranslator

    # All is done as the first is told: what the others' decoding is does not matter.
    rest = [load_translator(folder, *common, shortlist=0) for folder in others]
    return EnsembleTranslator([member, *rest])


def _obstacle(
    settings: Sequence[str] | None, device: Device, tensorflow_for: str | None
) -> str | None:
    """What is asked for that LiteRT cannot do."""
    if device is Device.gpu:
        return "--device gpu"
    for setting in settings or ():
        if not setting.strip().startswith("decoding."):
            return f"--set {setting}"
    return tensorflow_for


def _export(engine: Engine, run: "Run", obstacle: str | None) -> "Export | None":
    """The export to translate with; None for TensorFlow."""
    from attnmt.exported import litert_exports

    if engine is Engine.litert and obstacle:
        raise ConfigError(
            f"--engine litert: {obstacle} needs TensorFlow: leave out one of the two"
        )
    if engine is Engine.tensorflow or obstacle:
        return None
    reasons = []
    for path in litert_exports(run):
        try:
            return _fitting(path, run)
        except AttnmtError as error:
            reasons.append(str(error))
    if engine is Engine.litert:
        raise DataError("\n".join(reasons) or _missing(run))
    for reason in reasons:
        print(f"passed over an export: {reason}", file=sys.stderr)
    return None


def _fitting(path: Path, run: "Run") -> "Export":
    """The export at a path. Raises DataError unless it is of the run's best model."""
    from attnmt.exported import Export

    export = Export(path)
    if (format := export.header.get("format")) != "litert":
        raise DataError(
            f"{path}: expected an export for LiteRT, found {format!r}, which attnmt "
            "itself does not read: name the run"
        )
    if path != run.path and (mismatch := export.mismatch(run)):
        raise DataError(mismatch)
    return export


def _missing(run: "Run") -> str:
    return (
        f"--engine litert: expected an export in {run.path / 'export'}: "
        f"make one with attnmt export --run {run.path}"
    )
