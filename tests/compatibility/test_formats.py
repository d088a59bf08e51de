"""Runs of every format that attnmt ever wrote are read for ever (README.md there)."""

import json
from pathlib import Path

import numpy as np
import pytest

from attnmt import Translator
from attnmt.analysis.dump import Dump
from attnmt.exported import Export
from attnmt.litert import LiteRTTranslator
from attnmt.run import Run
from attnmt.verify import verify

HERE = Path(__file__).parent
FORMATS = {"format_1": 1, "format_2": 2, "format_2_lstm": 2}
LSTM = HERE / "format_2_lstm"
EVERY = {"run", "manifest.json", "config.yaml", "tokenizer", "last", "000000800"}
SOURCES = (HERE / "source.txt").read_text("utf-8").split("\n")[:-1]
TARGETS = (HERE / "target.txt").read_text("utf-8").split("\n")[:-1]


@pytest.fixture(scope="module", params=FORMATS)
def run(request: pytest.FixtureRequest) -> Path:
    return HERE / request.param


def test_a_run_translates_the_same_text_for_ever(run: Path) -> None:
    (state,) = run.glob("checkpoints/*/state.json")
    assert json.loads(state.read_bytes())["format"] == FORMATS[run.name]
    found = list(Translator.load(run).translate(SOURCES))
    assert [translation.text for translation in found] == TARGETS
    assert [translation.flags for translation in found] == [[]] * len(SOURCES)


@pytest.mark.parametrize(
    ("name", "parts"),
    # Neither was validated, so that they have no `best`; one was exported.
    [("format_2", EVERY), ("format_2_lstm", {*EVERY, "litert-float32"})],
)
def test_the_newest_format_is_verified(name: str, parts: set[str]) -> None:
    checked = {path.name: problem for path, problem in verify(Run(HERE / name))}
    checked["run"] = checked.pop(name)
    assert checked == dict.fromkeys(parts)


def test_an_export_translates_the_same_text_for_ever() -> None:
    (folder,) = (LSTM / "export").iterdir()
    run = Run(LSTM)
    model = LiteRTTranslator.load(Export(folder), run, run.load_config().decoding)
    assert [found.text for found in model.translate(SOURCES)] == TARGETS


def test_a_dump_holds_what_the_model_attends_to_for_ever() -> None:
    dump = Dump(HERE / "dump_1")
    found = list(Translator.load(LSTM).translate(SOURCES))
    assert [record.hypothesis for record in dump] == TARGETS
    for record, translation in zip(dump, found, strict=True):
        assert list(record.target_pieces) == translation.target_pieces
        np.testing.assert_allclose(record.weights, translation.weights, atol=1e-3)
