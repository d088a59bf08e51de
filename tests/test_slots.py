"""Attention over memory slots, from a model to the dump: never taken for alignments."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from letters import Letters
from rich.console import Console
from typer.testing import CliRunner

from attnmt.analysis.dump import Dump, DumpWriter
from attnmt.analysis.show import show
from attnmt.analysis.views import piece_view, word_view
from attnmt.cli import app
from attnmt.config import schema
from attnmt.config.schema import Decoding
from attnmt.edits import Edits
from attnmt.errors import ConfigError
from attnmt.model import build_model
from attnmt.text.tokenizer import EOS
from attnmt.translator import Translator
from attnmt.what_if import PinnedTranslator

SLOTS, HEADS = 5, 2
LINES = ["a b c d e f g h", "", "b a"]
SOURCE_PIECES = [9, 0, 3]  # with </s>


def translator_with(
    decoding: schema.Decoding, scale: float = 1.0, **attention: Any
) -> Translator:
    sizes = {
        "embeddings": {"size": 6},
        "encoder": {"units": 5},
        "decoder": {"units": 10},
    }
    config = schema.Model.model_validate(sizes | {"attention": attention})
    network, letters = build_model(config, 12, 12), Letters()
    draw = np.random.default_rng(1)
    for variable in network.trainable_variables:  # so that the weights are not all even
        variable.assign(draw.normal(scale=scale, size=variable.shape))
    tokenizers: Any = (letters, letters)
    return Translator(network, tokenizers, decoding)


@pytest.fixture(scope="module")
def translator() -> Translator:
    decoding = schema.Decoding(beam_size=3, coverage_penalty=0.0)
    return translator_with(decoding, type="linformer", slots=SLOTS, heads=HEADS)


@pytest.fixture(scope="module")
def translations(translator) -> list:
    return list(translator.translate(LINES))


def test_the_columns_of_the_weights_are_the_slots_for_every_source(translations):
    for translation, source in zip(translations, SOURCE_PIECES, strict=True):
        target = len(translation.target_pieces)
        assert len(translation.source_pieces) == source
        columns = SLOTS if source else 0
        assert translation.weights.shape[2:] == (target, columns)
        np.testing.assert_allclose(translation.weights.sum(-1), 1.0, atol=1e-5)


def test_the_weights_of_a_translation_are_those_of_forcing_it(translator, translations):
    forced = list(translator.force(LINES[:1], [translations[0].text]))[0]
    steps = len(translations[0].target_ids)
    assert (
        steps > 3 and forced.target_ids[: steps - 1] == translations[0].target_ids[:-1]
    )
    np.testing.assert_allclose(
        forced.weights[:, :, :steps], translations[0].weights[:, :, :steps], atol=1e-5
    )


def test_there_is_no_alignment(translations):
    assert translations[0].weights.max() > 0.5
    assert [translation.alignment for translation in translations] == [[], [], []]
    assert translations[0].to_json()["align"] == ""


def test_a_dump_says_slot_and_is_read_back(translator, translations, tmp_path):
    header = translator.describe()
    assert header["attention"]["align_kind"] == "slot"  # type: ignore
    with DumpWriter(tmp_path / "dump", header, dtype="f4") as dump:
        for translation in translations:
            dump.write(translation)
    found = Dump(tmp_path / "dump")
    assert found.header["attention"]["align_kind"] == "slot"
    for read, written in zip(found, translations, strict=True):
        assert read.align_kind == "slot" and read.alignment == []
        np.testing.assert_array_equal(read.weights, written.weights)


def test_views_name_the_slots_not_the_source(translations, tmp_path):
    names = [f"slot {number}" for number in range(1, SLOTS + 1)]
    for view in (word_view(translations[0]), piece_view(translations[0], head=1)):
        assert view.source == names
        assert view.weights.shape == (len(view.target), SLOTS)
        np.testing.assert_allclose(view.weights.sum(-1), 1.0, atol=1e-5)
    assert word_view(translations[1]).source == []
    console = Console(record=True, width=100)
    show(translations[0], console)
    assert "1 slot 1  2 slot 2" in console.export_text()


def test_the_command_draws_slots(translator, translations, tmp_path):
    with DumpWriter(tmp_path / "dump", translator.describe()) as dump:
        dump.write(translations[0])
    picture = tmp_path / "slots.svg"
    arguments = ["attention", "plot", str(tmp_path / "dump"), "-o", str(picture)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert "slot 5" in picture.read_text("utf-8")


def test_translate_align_says_that_there_is_none(
    translator, tmp_path, monkeypatch, capsys
):
    from attnmt.cli.engines import Engine
    from attnmt.cli.translate import translate

    folder = SimpleNamespace(
        is_export=False, load_config=lambda settings: schema.Decoding()
    )
    monkeypatch.setattr("attnmt.run.find_run", lambda run: Path("."))
    monkeypatch.setattr("attnmt.run.Run", lambda path: folder)
    monkeypatch.setattr("attnmt.translating.with_decoding", lambda *_, **__: Decoding())
    monkeypatch.setattr(Translator, "load", lambda *_, **__: translator)
    (tmp_path / "in.txt").write_text("a b\n", "utf-8")
    translate(
        tmp_path / "in.txt",
        output=tmp_path / "out.txt",
        align=True,
        engine=Engine.tensorflow,
    )
    assert (tmp_path / "out.txt").read_text("utf-8").endswith(" ||| \n")
    assert "there are no word alignments" in capsys.readouterr().err


def test_a_coverage_of_slots_is_no_coverage_penalty():
    decoding = schema.Decoding(coverage_penalty=0.2)
    with pytest.raises(ConfigError, match="decoding.coverage_penalty: expected 0"):
        translator_with(decoding, type="linformer")


@pytest.mark.parametrize("kind", ["monotonic", "mocha", "linear", "performer"])
def test_the_others_translate_with_weights_on_source_tokens(kind):
    # With larger weights a recurrent network is chaotic: rounding grows with the steps.
    translator = translator_with(schema.Decoding(beam_size=2), 0.7, type=kind)
    attention: Any = translator.describe()["attention"]
    assert attention["align_kind"] == "token"
    assert attention["sums_to_one"]
    found = list(translator.translate(LINES))[0]
    assert found.source_ids[-1] == EOS
    assert found.weights.shape[2:] == (len(found.target_ids), SOURCE_PIECES[0])
    forced = list(translator.force(LINES[:1], [found.text]))[0]
    steps = len(found.target_ids)
    np.testing.assert_allclose(
        forced.weights[:, :, :steps], found.weights[:, :, :steps], atol=1e-5
    )


def test_no_weights_of_slots_can_be_given(translator, tmp_path):
    (tmp_path / "edits.json").write_text("[]", "utf-8")
    with pytest.raises(ConfigError, match="one that reads memory slots"):
        PinnedTranslator(translator, Edits(tmp_path / "edits.json"), LINES)
