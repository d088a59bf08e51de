"""Writing of export folders: complete and checked, or not at all."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from attnmt import __version__
from attnmt.config.loading import dump_config
from attnmt.errors import ConfigError
from attnmt.export.litert import Precision, has_fixed_sizes, write_litert
from attnmt.export.parity import LIMITS, Parity, compare
from attnmt.export.saved_model import compare_saved_model, write_saved_model
from attnmt.exported import HEADER, STEP, VERSION, Export, beyond_litert
from attnmt.litert import LiteRTTranslator
from attnmt.run import Run, write_atomically
from attnmt.sealed import file_sha256, sealed
from attnmt.translating import with_decoding
from attnmt.translator import Translator


class Exported(NamedTuple):
    """What has come of an export."""

    size: int  # bytes of all its files
    parity: Parity


def export_litert(
    run: Run,
    precision: Precision,
    target: Path,
    lines: Sequence[str],
    trust_code: bool = False,
) -> Exported:
    """Export the best model of a run; an older export at `target` is replaced.

    `lines` are translated with both. Raises AttnmtError when that differs too much,
    ConfigError when `target` is anything else than an export.
    """
    model = _load(run, trust_code)
    if (lacking := beyond_litert(model.decoding)) is not None:
        raise ConfigError(
            f"{run.config_file}: {lacking}: the search of a LiteRT export does not "
            "know it: leave it out of the configuration, or use --format saved_model"
        )
    with appearing(target) as folder:
        tensors = write_litert(model.network, precision, folder)
        header = {
            "format": "litert",
            "precision": precision,
            "xnnpack": has_fixed_sizes(folder / STEP),
            "tensors": tensors,
        }
        _complete(run, model, folder, header)
        other = LiteRTTranslator.load(Export(folder), run, model.decoding)
        return _checked(folder, compare(model, other, lines), precision)


def export_saved_model(
    run: Run, target: Path, lines: Sequence[str], trust_code: bool = False
) -> Exported:
    """Export the best model of a run as `export_litert` does, as a SavedModel."""
    model = _load(run, trust_code)
    with appearing(target) as folder:
        write_saved_model(model, folder)
        _complete(run, model, folder, {"format": "saved_model"})
        return _checked(folder, compare_saved_model(model, folder, lines), "float32")


def _load(run: Run, trust_code: bool) -> Translator:
    """The model of a run, searching among all pieces whatever the run does."""
    decoding = with_decoding(run.load_config(), shortlist=0)
    return Translator.load(
        run.path, decoding=decoding, device="cpu", trust_code=trust_code
    )


def _checked(folder: Path, parity: Parity, precision: Precision) -> Exported:
    parity.check(LIMITS[precision])
    return Exported(sum(f.stat().st_size for f in folder.rglob("*")), parity)


# What an export has in its folder, beside .tflite files.
_OWN = {HEADER, "config.yaml", "tokenizer", "shortlist"}
_OWN |= {"saved_model.pb", "fingerprint.pb", "variables", "assets"}


@contextmanager
def appearing(target: Path) -> Iterator[Path]:
    """Yield a folder that takes the place of `target` when all went well."""
    if target.exists() and not (target / HEADER).is_file():
        raise ConfigError(f"{target}: expected a new folder or an older export")
    target = target.absolute()
    for path in sorted(target.iterdir()) if target.exists() else ():
        if path.name not in _OWN and path.suffix != ".tflite":
            raise ConfigError(
                f"{target}: expected a new folder or an older export, found {path}, "
                "which an export would replace: move it, or choose another name"
            )
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.tmp")
    old = target.with_name(f".{target.name}.old")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    try:
        yield temporary
        shutil.rmtree(old, ignore_errors=True)
        if target.exists():
            target.rename(old)
        temporary.rename(target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def _complete(
    run: Run, model: Translator, folder: Path, header: dict[str, Any]
) -> None:
    """Add what the run knows beside its weights, and export.json last."""
    own = Run(folder)
    config = run.load_config()
    if not run.shortlist_dir.is_dir() or header["format"] != "litert":
        config = config.model_copy(update={"decoding": model.decoding})
    write_atomically(own.config_file, dump_config(config))
    own.tokenizer_dir.mkdir()
    for file in run.tokenizer_dir.glob("*.model"):
        shutil.copyfile(file, own.tokenizer_dir / file.name)
    if run.shortlist_dir.is_dir():
        shutil.copytree(run.shortlist_dir, own.shortlist_dir)
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    sums = {str(file.relative_to(folder)): file_sha256(file) for file in files}
    header = {
        "version": VERSION,
        "tool": f"attnmt {__version__}",
        **header,
        "attention": model.attention,
        "origin": model.origin,
        "sha256": sums,
    }
    write_atomically(folder / HEADER, sealed(header))
