"""A worker answers as long as it lives, and is told of when it does not."""

import os
import sys
import textwrap

import pytest
from speed_bench.environments import environment
from speed_bench.protocol import Failed, Worker

FAR_END = """
import os, sys
from speed_bench.protocol import serve

total = 0
def add(number):
    global total
    total += number
    print("this is no answer")
    return {"total": total}

def die():
    print("out of luck", file=sys.stderr, flush=True)
    os._exit(1)

serve({"add": add, "fail": lambda: 1 / 0, "die": die})
"""


@pytest.fixture
def worker(tmp_path):
    command = [sys.executable, "-c", textwrap.dedent(FAR_END)]
    worker = Worker(command, environment(), tmp_path / "log")
    yield worker
    worker.close()


def test_a_worker_keeps_its_state_between_requests(worker):
    worker.ask("add", number=3)
    answer = worker.ask("add", number=4)
    assert answer["total"] == 7
    assert answer["megabytes"] > 1 and answer["seconds"] >= 0


def test_an_exception_is_told_and_the_worker_lives_on(worker):
    with pytest.raises(Failed, match="fail: ZeroDivisionError: division by zero"):
        worker.ask("fail")
    assert worker.ask("add", number=2)["total"] == 2


def test_the_last_words_of_a_dead_worker_are_told(worker):
    with pytest.raises(Failed, match="out of luck"):
        worker.ask("die")


def test_threads_are_set_whatever_the_environment_says(monkeypatch):
    monkeypatch.setitem(os.environ, "OMP_NUM_THREADS", "7")
    assert environment({"A": "b"})["OMP_NUM_THREADS"] == "2"
    assert environment({"A": "b"})["A"] == "b"
