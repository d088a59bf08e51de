"""Whole commands are timed, stopped when they have told enough, and may fail."""

import sys

import pytest
from speed_bench.commands import run_command
from speed_bench.environments import environment
from speed_bench.protocol import Failed


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_lines_of_both_streams_come_with_their_times(tmp_path):
    code = "import sys, time; print('a'); time.sleep(0.2); print('b', file=sys.stderr)"
    ended = run_command(python(code), environment(), tmp_path / "log")
    assert [line.text for line in ended.lines] == ["a", "b"]
    assert 0.2 <= ended.lines[1].seconds - ended.lines[0].seconds
    assert 0.2 <= ended.seconds
    assert ended.megabytes > 1 and ended.cpu_seconds > 0


def test_a_command_is_stopped_at_the_line_that_is_enough(tmp_path):
    code = "import time\nfor i in range(600): print(i); time.sleep(0.1)"
    ended = run_command(
        python(code), environment(), tmp_path / "log", lambda line: line.text == "2"
    )
    assert len(ended.lines) < 100


def test_the_memory_is_that_of_the_command_alone(tmp_path):
    here = bytearray(200_000_000)
    small = run_command(python("pass"), environment(), tmp_path / "log")
    large = run_command(
        python("x = bytearray(100_000_000)"), environment(), tmp_path / "log"
    )
    assert small.megabytes < 50 < 100 < large.megabytes < len(here) / 1e6


def test_a_failure_tells_the_last_words(tmp_path):
    with pytest.raises(Failed, match="no such luck"):
        run_command(
            python("raise SystemExit('no such luck')"), environment(), tmp_path / "log"
        )
