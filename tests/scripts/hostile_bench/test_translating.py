"""A small round of the hostile files, and what counts as wrong."""

import random
from pathlib import Path

import pytest
from hostile_bench.__main__ import RUN, prepare
from hostile_bench.files import Hostile, hostile
from hostile_bench.translating import Done, _problem, translate_all


@pytest.mark.slow
def test_ten_hostile_files_are_translated_or_refused(tmp_path: Path) -> None:
    run = prepare(RUN, tmp_path)
    counts = translate_all(run, tmp_path, count=10, seed=4, tensorflow=1)
    assert counts.wrong == []
    assert counts.translated + counts.refused == 10
    assert counts.engines == 1 and counts.translated > 2 and counts.refused > 0


def test_files_are_of_all_kinds() -> None:
    draw = random.Random(1)
    cases = [hostile(draw) for _ in range(300)]
    assert {case.way for case in cases} == {"file", "stdin", "gzip", "damaged"}
    valid = [case for case in cases if case.valid]
    assert 200 < len(valid) < 290
    assert any(len(case.text) > 10_000 for case in valid)
    assert any(case.text.endswith(b"sleeps ") for case in valid)


@pytest.mark.parametrize(
    ("text", "replace", "done"),
    [
        (b"a\n", False, Done(0, b"A\nB\n", "", [])),
        (b"a\n\n", False, Done(0, b"A\n", "", [])),
        (b"a", False, Done(0, b"A", "", [])),
        (b"a", False, Done(1, b"A\n", "Traceback (most recent call last)", [])),
        (b"a", False, Done(0, b"A\n", "", ["out.txt.partial"])),
        (b"\xff", False, Done(0, b"A\n", "", [])),
        (b"\xff", False, Done(3, b"A\n", "x:1:1: not UTF-8", [])),
        (b"\xff", False, Done(3, b"", "wrong", [])),
        (b"\xff", True, Done(3, b"", "x:1:1: not UTF-8", [])),
    ],
)
def test_broken_promises_are_told(text: bytes, replace: bool, done: Done) -> None:
    assert _problem(Hostile(text, "file", replace, False), done) is not None


def test_kept_promises_are_no_problem() -> None:
    assert _problem(Hostile(b"a\n\nb", "stdin", False, False), DONE) is None
    refused = Done(3, b"", "x:1:1: not UTF-8: byte 0xff\n", [])
    assert _problem(Hostile(b"\xff", "file", False, True), refused) is None


DONE = Done(0, b"A\n\nB\n", "", [])
