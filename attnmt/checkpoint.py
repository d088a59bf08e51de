"""Checkpoints: folders that exist whole or not at all.

A checkpoint is written into a temporary folder, synced and renamed. `state.json` is
written last and holds the SHA-256 of the other files; it is the manifest.
"""

import hashlib
import json
import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from attnmt.errors import DataError
from attnmt.run import read_json

FORMAT = 1
WEIGHTS, OPTIMIZER, STATE = "weights.safetensors", "optimizer.safetensors", "state.json"
Arrays = Mapping[str, np.ndarray]


@dataclass
class State:
    """Where a training is; with the weights and the optimizer all that it is."""

    step: int = 0  # updates done
    epoch: int = 0  # from 0
    batch: int = 0  # batches of this epoch that are done
    best_value: float | None = None  # of the early stopping metric
    best_step: int = 0
    bad_validations: int = 0  # without improvement, in a row
    rate_scale: float = 1.0  # what plateau has made of the learning rate
    tokens: int = 0  # target tokens trained on
    seconds: float = 0.0  # spent in training
    finished: bool = False
    sha256: dict[str, str] = field(default_factory=dict)


def save(folder: Path, weights: Arrays, optimizer: Arrays, state: State) -> Path:
    """Write a checkpoint into `folder`/STEP and return that path."""
    from safetensors.numpy import save as to_bytes

    final = folder / f"{state.step:09d}"
    temporary = folder / f".{final.name}.tmp"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    state.sha256 = {}
    for name, arrays in ((WEIGHTS, weights), (OPTIMIZER, optimizer)):
        # Not ascontiguousarray, which gives a number without an axis one.
        data = to_bytes({k: np.asarray(v, order="C") for k, v in arrays.items()})
        state.sha256[name] = hashlib.sha256(data).hexdigest()
        _write_synced(temporary / name, data)
    text = json.dumps({"format": FORMAT, **asdict(state)}, indent=1)
    _write_synced(temporary / STATE, text.encode())
    _sync_folder(temporary)
    if final.exists():  # the same step again, after a resume from an older one
        old = folder / f".{final.name}.old"
        shutil.rmtree(old, ignore_errors=True)
        os.rename(final, old)
        os.rename(temporary, final)
        shutil.rmtree(old)
    else:
        os.rename(temporary, final)
    _sync_folder(folder)
    return final


def load_state(checkpoint: Path) -> State:
    """The state of a checkpoint whose files are what they were when written.

    Raises DataError, naming the file, when one is missing or changed.
    """
    values = read_json(checkpoint / STATE)
    if values.pop("format", None) != FORMAT:
        raise DataError(f"{checkpoint / STATE}: expected checkpoint format {FORMAT}")
    try:
        state = State(**values)
    except TypeError as error:
        raise DataError(f"{checkpoint / STATE}: {error}") from error
    for name in (WEIGHTS, OPTIMIZER):
        if not (checkpoint / name).is_file():
            raise DataError(f"{checkpoint / name}: missing")
        with open(checkpoint / name, "rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != state.sha256.get(name):
            raise DataError(f"{checkpoint / name}: damaged (its SHA-256 has changed)")
    return state


def load_arrays(file: Path) -> dict[str, np.ndarray]:
    """The named arrays of a safetensors file. Raises DataError when it is broken."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        return load_file(file)
    except (SafetensorError, OSError) as error:
        raise DataError(f"{file}: not a readable safetensors file: {error}") from error


def newest_valid(folder: Path) -> tuple[Path, State] | None:
    """The newest checkpoint that is whole; damaged ones are named and passed over."""
    for old in folder.glob(".*.old"):  # a crash while its step was saved again
        if not (final := folder / old.name[1:].removesuffix(".old")).exists():
            os.rename(old, final)
    for checkpoint in sorted(folder.glob("[0-9]*"), reverse=True):
        try:
            return checkpoint, load_state(checkpoint)
        except DataError as error:
            print(f"passed over a damaged checkpoint: {error}", file=sys.stderr)
    return None


def prune(folder: Path, keep: int, also: set[str]) -> None:
    """Remove left-overs and all but the `keep` newest checkpoints and those in `also`.

    A checkpoint is renamed before it is removed, so that none is ever half there.
    """
    for left_over in folder.glob(".*"):
        shutil.rmtree(left_over, ignore_errors=True)
    checkpoints = sorted(folder.glob("[0-9]*"))
    for checkpoint in checkpoints[: max(0, len(checkpoints) - keep)]:
        if checkpoint.name not in also:
            trash = checkpoint.with_name(f".{checkpoint.name}.trash")
            os.rename(checkpoint, trash)
            shutil.rmtree(trash)


def assign(variables: Mapping[str, object], arrays: Arrays, file: Path) -> None:
    """Give Keras variables the arrays of their names.

    Raises DataError, before anything is changed, when names or shapes differ.
    """
    for name in sorted(variables.keys() ^ arrays.keys()):
        side = "lacks" if name in variables else "has an unknown"
        raise DataError(f"{file}: {side} tensor {name}: it belongs to another model")
    for name, variable in variables.items():
        if tuple(variable.shape) != arrays[name].shape:  # type: ignore[attr-defined]
            expected = tuple(variable.shape)  # type: ignore[attr-defined]
            found = arrays[name].shape
            raise DataError(f"{file}: {name}: expected {expected}, found {found}")
    for name, variable in variables.items():
        variable.assign(arrays[name])  # type: ignore[attr-defined]


def _write_synced(path: Path, data: bytes) -> None:
    with open(path, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
