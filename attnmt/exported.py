"""Folders that `attnmt export` has written: what is in them and whose model it is.

An export has the config.yaml and the tokenizer folder of its run, so that it can take
the run's place; export.json is written last, seals itself and holds the SHA-256 of all
the rest.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from attnmt.checkpoint import STATE, WEIGHTS
from attnmt.config.schema import Decoding
from attnmt.errors import DataError
from attnmt.run import EXPORT_HEADER, Run
from attnmt.sealed import SEAL, file_sha256, read_json, read_sealed

HEADER = EXPORT_HEADER
# 1: searched to the end of every sentence; 2: `STEP` extended as well; 3: `STEP` had
# the output layer in it; 4: `HEADER` had no seal.
VERSION = 5
UNSEALED = (2, 3, 4)
READ = (*UNSEALED, VERSION)  # what is read of them
START, STEP = "start.tflite", "step.tflite"
OUTPUT, EXTEND = "output.tflite", "extend.tflite"
ORIGIN = ("checkpoint", "model_sha256", "source_tokenizer", "target_tokenizer")
PRECISIONS = ("float32", "float16", "int8")  # the exact first


class Export:
    """An export folder. Raises DataError when it is none that this attnmt reads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.header: dict[str, Any] = read_json(path / HEADER)
        if self.header.get("version") not in READ:
            raise DataError(
                f"{path / HEADER}: expected version {VERSION}, found "
                f"{self.header.get('version')}: export the model again"
            )
        if SEAL in self.header or self.header["version"] not in UNSEALED:
            self.header = read_sealed(path / HEADER)
        self.tokenizer_dir = Run(path).tokenizer_dir
        self.origin = self._object("origin", ORIGIN)
        self.sha256 = self._object("sha256", (Run(path).config_file.name,))
        self.attention = self._object("attention", ("align_kind",))
        if self.attention["align_kind"] not in ("token", "slot"):
            raise DataError(
                f"{path / HEADER}: damaged: attention.align_kind: expected token or "
                f"slot, found {self.attention['align_kind']!r}: export the model again"
            )
        for name in self.sha256:
            if ".." in Path(name).parts or Path(name).is_absolute():
                raise DataError(f"{path / HEADER}: damaged: {name!r} is not in {path}")

    def _object(self, key: str, least: Sequence[str]) -> dict[str, Any]:
        """An object in the header in which at least these names stand."""
        found = self.header.get(key)
        if not isinstance(found, dict) or not found.keys() >= set(least):
            raise DataError(
                f"{self.path / HEADER}: damaged: expected {', '.join(least)} in {key}: "
                "export the model again"
            )
        return found

    def check_files(self) -> None:
        """Raise DataError, naming the file, when one is missing or changed."""
        for name, expected in self.sha256.items():
            file = self.path / name
            if not file.is_file():
                raise DataError(f"{file}: missing: export the model again")
            if file_sha256(file) != expected:
                raise DataError(f"{file}: damaged (its SHA-256 has changed)")

    def mismatch(self, run: Run) -> str:
        """Why this is not the present best model of a run; empty when it is."""
        best = run.best_checkpoint()
        sums = read_json(best / STATE).get("sha256")
        weights = sums.get(WEIGHTS) if isinstance(sums, dict) else None
        if self.origin["checkpoint"] != best.name:
            return (
                f"{self.path}: of checkpoint {self.origin['checkpoint']}, while the "
                f"run's best is {best.name}: export the model again"
            )
        if self.origin["model_sha256"] != weights:
            return f"{self.path}: of other weights than {best}: export the model again"
        return ""


def export_dir(run: Run, format: str, precision: str) -> Path:
    """Where an export stands in the folder of its run."""
    exact = format == "saved_model"  # which has one precision only
    return run.path / "export" / (format if exact else f"{format}-{precision}")


def exports_in(run: Run) -> list[Path]:
    """All exports in the folder of a run."""
    return sorted(header.parent for header in run.path.glob(f"export/*/{HEADER}"))


def litert_exports(run: Run) -> list[Path]:
    """The LiteRT exports of a run, the exact one first; a folder may be one itself."""
    if (run.path / HEADER).is_file():
        return [run.path]
    paths = [export_dir(run, "litert", precision) for precision in PRECISIONS]
    return [path for path in paths if (path / HEADER).is_file()]


def beyond_litert(decoding: Decoding) -> str | None:
    """The setting of a decoding that the exported step does not know, if any."""
    if decoding.sampling is not None:
        return "sampling"
    return "decoding.no_repeat_ngram" if decoding.no_repeat_ngram else None
