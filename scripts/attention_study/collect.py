"""What is finished in the folder of a study."""

import itertools
import json
from collections.abc import Sequence
from pathlib import Path

from .cells import RESULT_FILE
from .mechanisms import MECHANISMS
from .speed import BASELINE, measure_speed
from .table import Results
from .tasks import TASKS

SPEED = "speed"


def collect(out: Path, known: Results) -> Results:
    """What is known, and what is finished in a folder, now or before."""
    results: Results = {task: dict(known.get(task, {})) for task in [*TASKS, SPEED]}
    for task, name in itertools.product(TASKS, MECHANISMS):
        file = out / task / name / RESULT_FILE
        if file.is_file():
            results[task][name] = read(file)
    if (file := out / f"{SPEED}.json").is_file():
        results[SPEED] = read(file)
    return {task: found for task, found in results.items() if found}


def measured_speed(names: Sequence[str], out: Path, known: dict) -> None:
    """Measure the speed of mechanisms, unless that was done for all of them."""
    file = out / f"{SPEED}.json"
    done = read(file) if file.is_file() else known
    if not {BASELINE, *names} <= done.keys():
        measure_speed(list(names), file)


def read(file: Path) -> dict:
    """A file of results."""
    return json.loads(file.read_text(encoding="utf-8"))
