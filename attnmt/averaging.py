"""The mean of the weights of checkpoints, as a run folder of its own; no TensorFlow."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from attnmt import checkpoint
from attnmt.checkpoint import WEIGHTS, State
from attnmt.config.loading import dump_config
from attnmt.config.schema import Config
from attnmt.errors import ConfigError, DataError
from attnmt.run import Run, write_atomically
from attnmt.sealed import file_sha256, read_sealed, sealed
from attnmt.text.tokenizer import load_tokenizers


def average(checkpoints: Sequence[Path], output: Path) -> Run:
    """Write the mean of checkpoints, of one run or of several, as a new run folder.

    Raises ConfigError when the folder is there already, and DataError, with nothing
    written, when a checkpoint is damaged or they are not of the same kind of model.
    """
    if output.exists() or output.is_symlink():
        raise ConfigError(f"{output}: expected a folder that is not there yet")
    if not output.parent.is_dir():
        raise ConfigError(f"{output}: there is no folder {output.parent}")
    states = [_state(path) for path in checkpoints]
    for path, state in zip(checkpoints, states, strict=True):
        if state.tokenizers != states[0].tokenizers:
            raise DataError(
                f"{path}: expected the tokenizers of {checkpoints[0]}, found others: "
                "their pieces are not the same, nor can their weights be averaged"
            )
    weights = mean([path / WEIGHTS for path in checkpoints])
    temporary = output.with_name(f".{output.name}.{os.getpid()}.tmp")
    try:
        _write(Run(temporary), checkpoints, weights, states, output)
        os.rename(temporary, output)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return Run(output)


def mean(files: Sequence[Path]) -> dict[str, np.ndarray]:
    """The mean of the arrays of each name, summed up in float64, in their own types.

    Raises DataError when the files differ in names or shapes.
    """
    first = checkpoint.load_arrays(files[0])
    sums = {name: array.astype(np.float64) for name, array in first.items()}
    for file in files[1:]:
        arrays = checkpoint.load_arrays(file)
        for name in sorted(sums.keys() | arrays.keys()):
            expected, found = (_shape(side, name) for side in (sums, arrays))
            if expected != found:
                raise DataError(
                    f"{file}: {name}: expected {expected}, as in {files[0]}, found "
                    f"{found}: it belongs to another model"
                )
            sums[name] += arrays[name]
    return {
        name: (total / len(files)).astype(first[name].dtype)
        for name, total in sums.items()
    }


def _shape(arrays: dict[str, np.ndarray], name: str) -> str:
    return f"shape {arrays[name].shape}" if name in arrays else "no such tensor"


def _run_of(path: Path) -> Run:
    return Run(path.parent.parent)


def _state(path: Path) -> State:
    """The state of a whole checkpoint, with its tokenizers even if it told none."""
    state, run = checkpoint.load_state(path), _run_of(path)
    tokenizers = load_tokenizers(run.load_config(), run.tokenizer_dir)
    found = [tokenizer.fingerprint for tokenizer in tokenizers]
    checkpoint.check_tokenizers(state, found, run.tokenizer_dir)
    state.tokenizers = found
    return state


def _write(
    run: Run,
    checkpoints: Sequence[Path],
    weights: dict[str, np.ndarray],
    states: Sequence[State],
    output: Path,
) -> None:
    """All of a run folder but what a training alone needs, such as the optimizer."""
    origin = _run_of(checkpoints[0])
    config = _same_model([_run_of(path) for path in checkpoints])
    config = config.model_copy(update={"run_dir": output})
    shutil.copytree(origin.tokenizer_dir, run.tokenizer_dir)
    if origin.shortlist_dir.is_dir():
        shutil.copytree(origin.shortlist_dir, run.shortlist_dir)
    write_atomically(run.config_file, dump_config(config))
    manifest = {
        **read_sealed(origin.manifest_file),
        "format": checkpoint.FORMAT,
        "average_of": [str(path) for path in checkpoints],
        "config_sha256": file_sha256(run.config_file),
    }
    write_atomically(run.manifest_file, sealed(manifest))
    state = State(
        step=max(state.step for state in states),
        finished=True,
        tokenizers=states[0].tokenizers,
    )
    saved = checkpoint.save(run.checkpoints_dir, weights, {}, state)
    for name in ("last", "best"):
        run.point(name, saved)


def _same_model(runs: Sequence[Run]) -> Config:
    """The configuration of the first run. Raises DataError for another model."""
    configs = [run.load_config() for run in runs]
    for run, config in zip(runs, configs, strict=True):
        if config.model != configs[0].model:
            raise DataError(
                f"{run.config_file}: model: expected that of {runs[0].config_file}: "
                "only models of one kind can be averaged"
            )
    return configs[0]
