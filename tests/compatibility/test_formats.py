"""Runs of every format that attnmt ever wrote are read for ever (README.md there)."""

import json
from pathlib import Path

import pytest

from attnmt import Translator
from attnmt.run import Run
from attnmt.verify import verify

HERE = Path(__file__).parent
FORMATS = (1, 2)
SOURCES = (HERE / "source.txt").read_text("utf-8").split("\n")[:-1]
TARGETS = (HERE / "target.txt").read_text("utf-8").split("\n")[:-1]


@pytest.mark.parametrize("format", FORMATS)
def test_a_run_translates_the_same_text_for_ever(format: int) -> None:
    run = HERE / f"format_{format}"
    (state,) = run.glob("checkpoints/*/state.json")
    assert json.loads(state.read_bytes())["format"] == format
    found = list(Translator.load(run).translate(SOURCES))
    assert [translation.text for translation in found] == TARGETS
    assert [translation.flags for translation in found] == [[]] * len(SOURCES)


def test_the_newest_format_is_verified() -> None:
    problems = [problem for _, problem in verify(Run(HERE / "format_2"))]
    assert len(problems) >= 7 and set(problems) == {None}
