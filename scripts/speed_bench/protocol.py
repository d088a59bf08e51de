"""Workers: processes that live through all rounds and answer requests.

A request is a JSON object on a line of standard input, `{"do": NAME, ...}`; the answer
is one on a line of standard output, with the seconds it took, the processor time of the
process and its largest memory so far.
"""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

Answer = dict[str, Any]


class Failed(Exception):
    """A process could not do what it was asked; the message has its last words."""


class Worker:
    """The near end: starts a process and asks it."""

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], log: Path
    ) -> None:
        self.log = log
        self.started = time.perf_counter()
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as errors:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=environment,
                text=True,
            )

    def ask(self, do: str, **values: object) -> Answer:
        """Have something done and wait for the answer; raises Failed."""
        assert self._process.stdin and self._process.stdout
        try:
            self._process.stdin.write(json.dumps({"do": do, **values}) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # its last words are in the log
        line = self._process.stdout.readline()
        answer = json.loads(line) if line else {"error": last_words(self.log)}
        if "error" in answer:
            raise Failed(f"{do}: {answer['error']}")
        return answer

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()


def last_words(log: Path) -> str:
    """The last line of a log that says something."""
    lines = log.read_text("utf-8", errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "it ended")


def serve(actions: Mapping[str, Callable[..., Answer]]) -> None:
    """The far end: answer until standard input ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print is no answer
    for line in sys.stdin:
        request = json.loads(line)
        answers.write(json.dumps(_answer(actions[request.pop("do")], request)) + "\n")
        answers.flush()


def _answer(action: Callable[..., Answer], values: Answer) -> Answer:
    wall, processor = time.perf_counter(), time.process_time()
    try:
        found = action(**values)
    except Exception as error:  # whatever it is, the near end tells it
        return {"error": f"{type(error).__name__}: {error}"}
    return {
        "seconds": time.perf_counter() - wall,
        "cpu_seconds": time.process_time() - processor,
        "megabytes": peak(),
        **found,
    }


def peak() -> float:
    """The largest resident size of this process so far, in megabytes."""
    status = Path("/proc/self/status")
    if status.exists():  # what getrusage tells is of the process that started it too
        return int(status.read_text().split("VmHWM:")[1].split()[0]) * 1024 / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
