"""What a training tells: lines, a bar in a terminal, metrics.jsonl, TensorBoard."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from attnmt.run import Run
from attnmt.training.progress import Journal, Progress, Stopwatch, clock

SHOWN = """\
import time
from attnmt.training.progress import Progress
with Progress().running() as progress:
    progress.report("epoch 0.50 step 7", 0.5, 75.0)
    progress.tell("validation [bold] :dog:")
    time.sleep(0.3)
"""


def in_a_terminal(program: str) -> str:
    """What a program prints when its standard error is a terminal."""
    terminal, stderr = pty.openpty()
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "120"}
    process = subprocess.Popen(
        [sys.executable, "-c", program], stderr=stderr, env=environment
    )
    os.close(stderr)
    parts = []
    try:
        while part := os.read(terminal, 4096):
            parts.append(part)
    except OSError:  # how Linux says that the other side is closed
        pass
    os.close(terminal)
    assert process.wait() == 0
    return b"".join(parts).decode()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0:00"), (59.9, "0:59"), (61, "1:01"), (3600, "1:00:00"), (-5, "0:00")],
)
def test_times_are_written_as_on_a_clock(seconds: float, text: str) -> None:
    assert clock(seconds) == text


def test_laps_follow_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([10.0, 12.0, 12.5])
    monkeypatch.setattr("time.perf_counter", lambda: next(times))
    watch = Stopwatch()
    assert (watch.lap(), watch.lap()) == (2.0, 0.5)


def test_a_pipe_gets_plain_lines_on_standard_error(capsys) -> None:
    with Progress().running() as progress:
        progress.report("epoch 0.50 step 7", 0.5, 75.0)
        progress.tell("validation [bold]")
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == "epoch 0.50 step 7, 1:15 left\nvalidation [bold]\n"


def test_a_terminal_gets_a_bar_with_the_remaining_time() -> None:
    shown = in_a_terminal(SHOWN)
    assert "epoch 0.50 step 7" in shown and "1:15 left" in shown and "50%" in shown
    assert "validation [bold] :dog:\r\n" in shown
    assert "\x1b[" in shown


def journal(run: Run, steps: range, resumed: int = 0) -> list[dict]:
    """Write an entry per step, after `resumed`; return what the file holds then."""
    run.path.mkdir(exist_ok=True)
    writer = Journal(run, resumed)
    for step in steps:
        writer.write("train", step, {"loss": step / 8})
    lines = run.metrics_file.read_text("utf-8").split("\n")
    assert lines.pop() == ""
    return [json.loads(line) for line in lines]


def test_every_entry_is_a_line_of_json(tmp_path: Path) -> None:
    assert journal(Run(tmp_path), range(1, 3)) == [
        {"kind": "train", "step": 1, "loss": 0.125},
        {"kind": "train", "step": 2, "loss": 0.25},
    ]


def test_a_resumed_training_forgets_what_came_after_its_checkpoint(
    tmp_path: Path,
) -> None:
    run = Run(tmp_path)
    journal(run, range(1, 6))
    with run.metrics_file.open("a") as file:
        file.write('{"kind": "train", "st')  # torn by a kill
    found = journal(run, range(4, 5), resumed=3)
    assert [entry["step"] for entry in found] == [1, 2, 3, 4]
