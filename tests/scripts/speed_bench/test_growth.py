"""One thing at a time grows, and the whole command is timed."""

import sys
from pathlib import Path

import pytest
from speed_bench import growth
from speed_bench.growth import GROWTHS, Growth
from speed_bench.settings import Job
from speed_bench.translators import Side


def test_each_case_differs_from_the_first_in_one_thing():
    base, *others = GROWTHS
    for case in others:
        assert sum(a != b for a, b in zip(base, case, strict=True)) == 1
    assert len({growth._name(case) for case in GROWTHS}) == len(GROWTHS)


def test_so_many_lines_are_translated_on_so_many_cores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "multi30k").mkdir()
    text = tmp_path / "multi30k" / "test_2016_flickr.en"
    text.write_text("".join(f"line {n}\n" for n in range(7)), "utf-8")
    monkeypatch.setenv("ATTNMT_CORPORA", str(tmp_path))
    monkeypatch.setattr(growth, "FOLDER", tmp_path)
    told = tmp_path / "told"
    code = (
        "import os, sys; from pathlib import Path; "
        "text = Path(sys.argv[1]).read_text(); "
        "Path(sys.argv[2]).write_text(f'{len(text.splitlines())} {sys.argv[3]} "
        "{len(os.sched_getaffinity(0))}')"
    )

    def command(job: Job) -> list[str]:
        return [sys.executable, "-c", code, str(job.text), str(told), str(job.beam)]

    side = Side(command, len, "none")
    figures = growth._figures(side, Growth(beam=3, lines=17, cores=1))
    assert told.read_text() == "17 3 1"
    assert figures["sentences_per_second"] == 17 / figures["seconds"]
    assert 0 < figures["processor_seconds"] and 1 < figures["megabytes"]
