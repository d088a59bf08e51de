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


def collect(out: Path) -> Results:
    """Everything that is finished in a folder, of this run of the script or before."""
    results: Results = {task: {} for task in TASKS}
    for task, name in itertools.product(TASKS, MECHANISMS):
        file = out / task / name / RESULT_FILE
        if file.is_file():
            results[task][name] = _read(file)
    if (file := out / f"{SPEED}.json").is_file():
        results[SPEED] = _read(file)
    return {task: found for task, found in results.items() if found}


def measured_speed(names: Sequence[str], out: Path) -> None:
    """Measure the speed of mechanisms, unless that was done for all of them."""
    file = out / f"{SPEED}.json"
    if not (file.is_file() and {BASELINE, *names} <= _read(file).keys()):
        measure_speed(list(names), file)


def _read(file: Path) -> dict:
    return json.loads(file.read_text(encoding="utf-8"))
