"""Folders that `attnmt export` has written: what is in them and whose model it is.

An export has the config.yaml and the tokenizer folder of its run, so that it can take
the run's place; export.json is written last and holds the SHA-256 of all the rest.
"""

import hashlib
from pathlib import Path
from typing import Any

from attnmt.checkpoint import STATE, WEIGHTS
from attnmt.errors import DataError
from attnmt.run import Run
from attnmt.sealed import read_json

HEADER = "export.json"
VERSION = 1
START, STEP = "start.tflite", "step.tflite"
PRECISIONS = ("float32", "float16", "int8")  # the exact first


class Export:
    """An export folder. Raises DataError when it is none that this attnmt reads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.header: dict[str, Any] = read_json(path / HEADER)
        if self.header.get("version") != VERSION:
            raise DataError(
                f"{path / HEADER}: expected version {VERSION}, found "
                f"{self.header.get('version')}: export the model again"
            )
        self.tokenizer_dir = Run(path).tokenizer_dir
        self.origin: dict[str, str] = self.header["origin"]

    def check_files(self) -> None:
        """Raise DataError, naming the file, when one is missing or changed."""
        for name, expected in self.header["sha256"].items():
            file = self.path / name
            if not file.is_file():
                raise DataError(f"{file}: missing: export the model again")
            if sha256(file) != expected:
                raise DataError(f"{file}: damaged (its SHA-256 has changed)")

    def mismatch(self, run: Run) -> str:
        """Why this is not the present best model of a run; empty when it is."""
        best = run.best_checkpoint()
        weights = read_json(best / STATE).get("sha256", {}).get(WEIGHTS)
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


def litert_exports(run: Run) -> list[Path]:
    """The LiteRT exports of a run, the exact one first; a folder may be one itself."""
    if (run.path / HEADER).is_file():
        return [run.path]
    paths = [export_dir(run, "litert", precision) for precision in PRECISIONS]
    return [path for path in paths if (path / HEADER).is_file()]


def sha256(file: Path) -> str:
    """The SHA-256 of a file, in hexadecimal digits."""
    with open(file, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
