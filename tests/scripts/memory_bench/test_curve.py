"""The memory of a command is sampled while it runs, its own apart from mapped files."""

import sys

import pytest
from memory_bench import curve
from memory_bench.curve import Curve, Sample, memory, record


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(curve, "PAUSE", 0.05)


def run(tmp_path, code, seconds=30.0):
    command = [sys.executable, "-c", code]
    return record("x", command, tmp_path / "x.log", seconds, lambda: "on")


def test_what_a_command_takes_more_and_more_is_seen(tmp_path):
    step = "time.sleep(0.1); x.append(b'1' * 5_000_000)"
    found = run(tmp_path, f"import time\nx = []\nfor i in range(20): {step}")
    assert found.ended and 70 < found.highest < 200
    assert 25 < found.growth < 100


def test_a_command_that_takes_no_more_is_flat(tmp_path):
    found = run(tmp_path, "import time\nx = b'1' * 50_000_000\ntime.sleep(4)")
    assert 45 < found.highest < 150 and abs(found.growth) < 10


def test_a_command_is_stopped_when_its_time_is_over(tmp_path):
    found = run(tmp_path, "import time; time.sleep(60)", seconds=0.3)
    assert not found.ended and found.samples[-1].seconds < 10


def test_a_command_that_fails_ends_it_all(tmp_path):
    with pytest.raises(SystemExit, match="x: the command failed"):
        run(tmp_path, "raise ValueError")


def test_growth_is_that_after_the_warm_up():
    values = [0, 500, 100, 100, 100, 110, 110, 120, 130, 130]
    samples = [Sample(float(i), float(mb), 0.0, "") for i, mb in enumerate(values)]
    assert Curve("x", samples, True).growth == 30


def test_a_process_that_has_ended_has_no_memory():
    assert memory(2**22 + 1) == (0, 0)
