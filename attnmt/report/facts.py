"""What a run folder tells about its training."""

import json
import math
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
    sentences: int
    metrics: dict[str, Score]
    word_alignment: _Alignment | None = None


class Facts(NamedTuple):
    """A run as a report tells it; None or empty what it does not have yet."""

    name: str
    config: Config
    manifest: dict[str, Any]
    parameters: int | None
    state: checkpoint.State | None  # of the last checkpoint
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
    last = _pointed(run, "last")
    best = _pointed(run, "best")
    journal = _journal(run.metrics_file)
    return Facts(
        name=str(run.path),
        config=config,
        manifest=read_sealed(run.manifest_file) if run.manifest_file.is_file() else {},
        parameters=_parameters(best or last),
        state=checkpoint.load_state(last) if last else None,
        best=int(best.name) if best else None,
        train=[values for kind, values in journal if kind == "train"],
        validations=[values for kind, values in journal if kind == "validation"],
        evaluations=[_evaluation(f) for f in sorted(_scores(run)) if f.is_file()],
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
    if not file.is_file():
        return []
    *lines, _ = file.read_text("utf-8", "replace").split("\n")  # a torn line is no line
    return [_entry(line, f"{file}:{i}") for i, line in enumerate(lines, 1)]


def _entry(line: str, where: str) -> tuple[str, Entry]:
    values = parse_object(line.encode(), where)
    kind = values.pop("kind", None)
    numbers = {name: v for name, v in values.items() if isinstance(v, int | float)}
    if not isinstance(kind, str) or "step" not in numbers:
        raise DataError(f"{where}: expected an entry of a training, found {line[:80]}")
    return kind, {n: float(v) for n, v in numbers.items() if abs(v) < math.inf}


def _scores(run: Run) -> list[Path]:
    return list(run.eval_dir(".").glob(f"*/{SCORES_FILE}"))


def _evaluation(file: Path) -> Evaluation:
    try:
        values = json.loads(file.read_bytes())
        return Evaluation.model_validate({**values, "name": file.parent.name})
    except (ValueError, TypeError, RecursionError, ValidationError) as error:
        raise DataError(
            f"{file}: expected the scores that attnmt eval writes: evaluate again"
        ) from error


def _samples(run: Run, folder: Path | None) -> list[Record]:
    dump = folder and run.validation_dir / folder.name / "attention"
    return list(Dump(dump)) if dump and dump.is_dir() else []
