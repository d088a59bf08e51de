"""Whole commands, with what they took and when they printed what."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from speed_bench.protocol import Failed, last_words

_LAUNCH = Path(__file__).with_name("launch.py")


class Printed(NamedTuple):
    """A line of the output and the seconds from the start of the command to it."""

    seconds: float
    text: str


class Ended(NamedTuple):
    """A command that has ended."""

    seconds: float
    cpu_seconds: float
    megabytes: float  # its largest resident size
    lines: list[Printed]  # of both output streams


def run_command(
    command: Sequence[str],
    environment: Mapping[str, str],
    log: Path,
    enough: Callable[[Printed], bool] = lambda line: False,
) -> Ended:
    """Run a command until it ends, or until a line that is enough; raises Failed."""
    log.parent.mkdir(parents=True, exist_ok=True)
    report = log.with_suffix(".json")
    begin = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", str(_LAUNCH), str(report), *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment,
    )
    assert process.stdout
    lines, stopped = [], False
    with log.open("wb") as file:
        for raw in process.stdout:
            text = raw.decode("utf-8", errors="replace").rstrip()
            lines.append(Printed(time.perf_counter() - begin, text))
            file.write(raw)
            if not stopped and enough(lines[-1]):
                stopped = True
                process.terminate()
    if process.wait() and not stopped:
        raise Failed(f"{' '.join(command[:4])} ...: {last_words(log)} (see {log})")
    return Ended(**json.loads(report.read_text("utf-8")), lines=lines)
