"""What a run folder tells about its training."""

import math
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import BaseModel, Field, ValidationError

from attnmt import checkpoint
from attnmt.analysis.dump import Dump
from attnmt.analysis.record import Record
from attnmt.config.schema import Config
from attnmt.errors import DataError
from attnmt.evaluation.inputs import SCORES_FILE
from attnmt.run import Run
from attnmt.sealed import parse_object, read_sealed
from attnmt.tensor_header import read_shapes

Finite = Annotated[float, Field(allow_inf_nan=False)]
_MOST_BYTES = 64 * 2**20  # of a file that grows with a training
_LARGEST = 1e9  # of what can be drawn; no training measures more
_SAMPLES = 10
Entry = dict[str, float]  # of metrics.jsonl: "step" and what was measured there


class Score(BaseModel):
    """A figure of an evaluation."""

    value: Finite
    signature: str = ""
    interval: tuple[Finite, Finite] | None = None  # 95 %


class _Alignment(BaseModel):
    aer: Finite


class Evaluation(BaseModel):
    """What `attnmt eval` found."""

    name: str = ""
    text: str = ""  # the fingerprint of the references
    metrics: dict[str, Score]
    word_alignment: _Alignment | None = None


class Facts(NamedTuple):
    """A run as a report tells it; None or empty what it does not have yet."""

    name: str
    config: Config
    manifest: dict[str, Any]
    parameters: int | None
    state: checkpoint.State | None  # of the last checkpoint, not of an average
    best: int | None  # step
    train: list[Entry]
    validations: list[Entry]
    evaluations: list[Evaluation]
    samples: list[Record]  # of the best validation


def read_facts(run: Run) -> Facts:
    """Read what a run folder holds. Raises DataError for what is damaged."""
    config = run.load_config()
    if run.is_export:
        raise DataError(
            f"{run.path}: expected the run itself, because an export only translates"
        )
    manifest = read_sealed(run.manifest_file) if run.manifest_file.is_file() else {}
    average = "average_of" in manifest
    last, best = _pointed(run, "last"), _pointed(run, "best")
    journal = _journal(run.metrics_file)
    return Facts(
        name=str(run.path),
        config=config,
        manifest=manifest,
        parameters=_parameters(best or last),
        state=checkpoint.load_state(last) if last and not average else None,
        best=int(best.name) if best else None,
        train=[values for kind, values in journal if kind == "train"],
        validations=[values for kind, values in journal if kind == "validation"],
        evaluations=[_evaluation(file) for file in _score_files(run)],
        samples=_samples(run, best or last),
    )


def _pointed(run: Run, name: str) -> Path | None:
    if not (run.path / name).is_file():
        return None
    folder = run.pointed(name)
    return folder if folder.is_dir() else None


def _parameters(folder: Path | None) -> int | None:
    if folder is None:
        return None
    return sum(map(math.prod, read_shapes(folder / checkpoint.WEIGHTS).values()))


def _journal(file: Path) -> list[tuple[str, Entry]]:
    """Kinds and values, by step; of a step that came twice what was measured last.

    A full disk or a kill leaves parts of lines behind: they are passed over.
    """
    if not file.is_file():
        return []
    with open(file, "rb") as stream:
        data = stream.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise DataError(f"{file}: expected at most {_MOST_BYTES:,} bytes, found more")
    entries = filter(None, map(_entry, data.split(b"\n")))
    found = {(kind, values["step"]): values for kind, values in entries}
    return [(kind, found[kind, step]) for kind, step in sorted(found)]


def _entry(line: bytes) -> tuple[str, Entry] | None:
    try:
        values = parse_object(line, "")
    except DataError:
        return None
    kind = values.pop("kind", None)
    numbers = {
        name: float(value)
        for name, value in values.items()
        if isinstance(value, int | float) and abs(value) <= _LARGEST
    }
    if not isinstance(kind, str) or numbers.get("step", -1.0) < 0.0:
        return None
    return kind, numbers


def _score_files(run: Run) -> list[Path]:
    files = run.eval_dir(".").glob(f"*/{SCORES_FILE}")
    return sorted(file for file in files if file.is_file())


def _evaluation(file: Path) -> Evaluation:
    try:
        with open(file, "rb") as stream:
            values = parse_object(stream.read(_MOST_BYTES), str(file))
        return Evaluation.model_validate({**values, "name": file.parent.name})
    except (DataError, ValidationError) as error:
        raise DataError(
            f"{file}: expected the scores that attnmt eval writes: evaluate again"
        ) from error


def _samples(run: Run, folder: Path | None) -> list[Record]:
    dump = folder and run.validation_dir / folder.name / "attention"
    found = Dump(dump) if dump and dump.is_dir() else ()
    return list(islice(found, _SAMPLES))
