"""Checkpoints: folders that exist whole or not at all (docs/run_folder.md).

A checkpoint is written into a temporary folder, synced and renamed. `state.json` is
written last; sealed itself, it holds the SHA-256 of the others: it is the manifest.
"""

import errno
import hashlib
import os
import re
import shutil
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError

from attnmt.errors import DataError
from attnmt.sealed import UNSEALED, file_sha256, read_sealed, sealed
from attnmt.tensor_header import read_shapes

FORMAT = 2
READABLE = (UNSEALED, FORMAT)
WEIGHTS, OPTIMIZER, STATE = "weights.safetensors", "optimizer.safetensors", "state.json"
Arrays = Mapping[str, np.ndarray]
Natural = Annotated[int, Field(ge=0, lt=10**9)]


@dataclass
class State:
    """Where a training is; with the weights and the optimizer all that it is."""

    __pydantic_config__ = ConfigDict(extra="forbid", allow_inf_nan=False)

    step: Natural = 0  # updates done
    epoch: Natural = 0  # from 0
    batch: Natural = 0  # batches of this epoch that are done
    best_value: float | None = None  # of the early stopping metric
    best_of: str = ""  # that metric, the text and the search it was measured by
    best_step: Natural = 0
    validated: Natural = 0  # the step of the last validation
    bad_validations: Natural = 0  # without improvement, in a row
    rate_scale: float = 1.0  # what plateau and faults have made of the learning rate
    parts: Natural = 1  # that a batch is cut into, for lack of memory
    skipped: Natural = 0  # updates left out because they were no numbers
    tokens: Annotated[int, Field(ge=0)] = 0  # target tokens trained on
    seconds: float = 0.0  # spent in training
    finished: bool = False
    tokenizers: list[str] = field(default_factory=list)  # their fingerprints
    sha256: dict[str, str] = field(default_factory=dict)


def save(folder: Path, weights: Arrays, optimizer: Arrays, state: State) -> Path:
    """Write a checkpoint into `folder`/STEP and return that path.

    Raises OSError when there is no room; older checkpoints stay as they are.
    """
    final = folder / f"{state.step:09d}"
    temporary = folder / f".{final.name}.tmp"
    folder.mkdir(parents=True, exist_ok=True)
    remove(temporary)
    files = {WEIGHTS: _to_bytes(weights), OPTIMIZER: _to_bytes(optimizer)}
    state.sha256 = {n: hashlib.sha256(data).hexdigest() for n, data in files.items()}
    files[STATE] = sealed({"format": FORMAT, **asdict(state)}).encode()
    _check_room(folder, sum(map(len, files.values())))
    try:
        temporary.mkdir()
        for name, data in files.items():
            _write_synced(temporary / name, data)
        _sync_folder(temporary)
    except OSError:
        remove(temporary)
        raise
    if final.exists():  # the same step again, after a resume from an older one
        old = folder / f".{final.name}.old"
        remove(old)
        os.rename(final, old)
        os.rename(temporary, final)
        shutil.rmtree(old)
    else:
        os.rename(temporary, final)
    _sync_folder(folder)
    return final


def load_state(checkpoint: Path) -> State:
    """The state of a checkpoint whose files are what they were when written.

    Raises DataError, naming the file, when one is missing or changed. The sizes that a
    tensor file speaks of are checked before anything is read for them.
    """
    values = read_sealed(checkpoint / STATE)
    if (format := values.pop("format", None)) not in READABLE:
        raise DataError(f"{checkpoint / STATE}: expected checkpoint format {FORMAT}")
    if format == UNSEALED:  # it did not tell, because a validation always ended
        values["validated"] = values.get("step")
    try:
        # Through JSON, because strict checking takes an object for a class only there.
        state = _STATE.validate_json(_STATE_JSON.dump_json(values), strict=True)
    except PydanticSerializationError as error:
        raise DataError(f"{checkpoint / STATE}: damaged: {error}") from error
    except ValidationError as error:
        problem = error.errors()[0]
        key = ".".join(map(str, problem["loc"]))
        raise DataError(f"{checkpoint / STATE}: {key}: {problem['msg']}") from error
    for name in (WEIGHTS, OPTIMIZER):
        read_shapes(checkpoint / name)
        if file_sha256(checkpoint / name) != state.sha256.get(name):
            raise DataError(f"{checkpoint / name}: damaged (its SHA-256 has changed)")
    return state


def check_tokenizers(state: State, found: list[str], folder: Path) -> None:
    """Raise DataError when these tokenizers are not those that the model grew up with.

    A format 1 checkpoint does not tell.
    """
    if state.tokenizers and state.tokenizers != found:
        raise DataError(
            f"{folder}: damaged, or from another run: expected tokenizers with the "
            f"SHA-256 {' and '.join(sorted(set(state.tokenizers)))}, found "
            f"{' and '.join(sorted(set(found)))}"
        )


def load_arrays(file: Path) -> dict[str, np.ndarray]:
    """The named arrays of a safetensors file. Raises DataError when it is broken."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        return load_file(file)
    except (SafetensorError, OSError) as error:
        raise DataError(f"{file}: not a readable safetensors file: {error}") from error


def all_in(folder: Path) -> list[Path]:
    """The checkpoints in a folder, the oldest first."""
    return sorted(p for p in folder.glob("*") if re.fullmatch("[0-9]{9}", p.name))


def newest_valid(folder: Path) -> tuple[Path, State] | None:
    """The newest checkpoint that is whole; damaged ones are named and passed over."""
    for old in folder.glob(".*.old"):  # a crash while its step was saved again
        if not (final := folder / old.name[1:].removesuffix(".old")).exists():
            os.rename(old, final)
    sweep(folder)
    for checkpoint in reversed(all_in(folder)):
        try:
            return checkpoint, load_state(checkpoint)
        except DataError as error:
            print(f"passed over a damaged checkpoint: {error}", file=sys.stderr)
    return None


def sweep(folder: Path) -> None:
    """Remove what a killed training left half-written or half-removed."""
    for left_over in folder.glob(".*"):
        if re.fullmatch(r"\.[0-9]{9}\.(tmp|old|trash)", left_over.name):
            remove(left_over)


def prune(folder: Path, keep: int, also: set[str]) -> None:
    """Remove left-overs and all but the `keep` newest checkpoints and those in `also`.

    A checkpoint is renamed before it is removed, so that none is ever half there.
    """
    sweep(folder)
    checkpoints = all_in(folder)
    for checkpoint in checkpoints[: max(0, len(checkpoints) - keep)]:
        if checkpoint.name not in also:
            trash = checkpoint.with_name(f".{checkpoint.name}.trash")
            os.rename(checkpoint, trash)
            shutil.rmtree(trash)


def remove(path: Path) -> None:
    """Remove a file, a link (not what it leads to) or a folder, if it is there."""
    if path.is_symlink() or path.is_file():
        path.unlink()
    else:
        shutil.rmtree(path, ignore_errors=True)


def restore(
    checkpoint: Path, weights: Mapping[str, object], optimizer: Mapping[str, object]
) -> None:
    """Give a model and its optimizer the values of a checkpoint."""
    for name, variables in ((WEIGHTS, weights), (OPTIMIZER, optimizer)):
        assign(variables, load_arrays(checkpoint / name), checkpoint / name)


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


_STATE, _STATE_JSON = TypeAdapter(State), TypeAdapter(dict)


def _to_bytes(arrays: Arrays) -> bytes:
    from safetensors.numpy import save as to_bytes

    # Not ascontiguousarray, which gives a number without an axis one.
    return to_bytes({k: np.asarray(v, order="C") for k, v in arrays.items()})


def _check_room(folder: Path, needed: int) -> None:
    # So that a save that cannot end well does not take the last room from others.
    if shutil.disk_usage(folder).free < needed:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))


def _write_synced(path: Path, data: bytes) -> None:
    with open(path, "xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
