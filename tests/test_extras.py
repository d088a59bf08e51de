"""What a mechanism tells beside its weights: from the model to the dump."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from letters import LETTERS, Letters

from attnmt.analysis.dump import Dump
from attnmt.analysis.dump_writer import DumpWriter
from attnmt.config import schema
from attnmt.layers import Decoder
from attnmt.model import Seq2Seq, build_model
from attnmt.text.tokenizer import BOS, EOS
from attnmt.translator import Translator

LINES = ["a b c d e f g h", "", "b a", "h h e"]
BEAM = schema.Decoding(beam_size=3, max_length_ratio=1.0)
GREEDY = schema.Decoding(beam_size=1, max_length_ratio=1.0)


def make_model(attention: dict[str, Any], **decoder: Any) -> Seq2Seq:
    config = schema.Model.model_validate(
        {
            "embeddings": {"size": 6},
            "encoder": {"units": 5},
            "decoder": {"units": 8, **decoder},
            "attention": attention,
        }
    )
    model = build_model(config, len(LETTERS), len(LETTERS))
    draw = np.random.default_rng(1)
    for variable in model.trainable_variables:
        variable.assign(draw.normal(size=variable.shape))
    return model


def translator(model: Seq2Seq, decoding: schema.Decoding = BEAM) -> Translator:
    tokenizers: Any = (Letters(), Letters())
    return Translator(model, tokenizers, decoding)


AT_ONCE = {"style": "luong", "input_feeding": False}
KINDS: dict[str, tuple[dict[str, Any], dict[str, Any], str, tuple[int, ...]]] = {
    "at once": ({"type": "local_p", "window": 1}, AT_ONCE, "p_center", ()),
    "fed": ({"type": "local_p", "window": 1}, {}, "p_center", ()),
    "heads": ({"type": "local_p", "heads": 2}, AT_ONCE, "p_center", (2,)),
    "components": ({"type": "gmm", "components": 3}, {}, "p_centers", (3,)),
    "heads of components": (
        *({"type": "gmm", "components": 3, "heads": 2}, {"style": "bahdanau"}),
        *("p_centers", (2, 3)),
    ),
    "copying": ({"heads": 2}, {"copy_source": True}, "p_gen", ()),
    "copying at once": ({}, {"copy_source": True, **AT_ONCE}, "p_gen", ()),
    "coverage": ({"type": "local_m", "coverage": "count"}, {}, "p_center", ()),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("decoding", [BEAM, GREEDY], ids=["beam", "greedy"])
def test_a_dump_tells_of_every_hypothesis_what_forcing_it_tells(
    kind, decoding, tmp_path: Path
):
    attention, decoder, name, shape = KINDS[kind]
    model = make_model(attention, **decoder)
    translations = translator(model, decoding).n_best(LINES, decoding.beam_size)
    with DumpWriter(tmp_path / "dump", {}) as dump:
        for translation in (t for best in translations for t in best):
            dump.write(translation)
    records = [record for record in Dump(tmp_path / "dump") if record.source_ids]
    assert len(records) == 3 * decoding.beam_size
    told = []
    for record in records:
        target = [BOS, *record.target_ids[:-1]]
        _, seen = model.read(tf.constant([record.source_ids]), tf.constant([target]))
        assert list(record.extras) == [name]
        assert record.extras[name].shape == (len(target), *shape)
        np.testing.assert_allclose(
            record.extras[name], seen.extras[name][0], rtol=1e-4, atol=1e-4
        )
        told.append(record.extras[name].ravel())
    assert np.ptp(np.concatenate(told)) > 0.01


def test_forced_translations_tell_the_same():
    model = make_model({"type": "local_p"}, **AT_ONCE)
    found = list(translator(model).force(LINES, ["h a", "b", "", "c d e"]))
    assert found[1].extras == {}
    for i, ids in ((0, [11, 4]), (2, []), (3, [6, 7, 8])):
        target = tf.constant([[BOS, *ids]])
        _, seen = model.read(tf.constant([found[i].source_ids]), target)
        assert found[i].target_ids == [*ids, EOS]
        np.testing.assert_allclose(
            found[i].extras["p_center"], seen.extras["p_center"][0], atol=1e-5
        )


@pytest.mark.parametrize("decoder", [AT_ONCE, {}], ids=["at once", "fed"])
def test_training_is_told_nothing_more(decoder, monkeypatch):
    model = make_model({"type": "local_p"}, **decoder)
    outputs, call = [], Decoder.call

    def noted(*arguments, **options):
        outputs.append(call(*arguments, **options))
        return outputs[-1]

    monkeypatch.setattr(Decoder, "call", noted)
    ids = tf.constant([[4, 5, 3]])
    model.read(ids, ids, report=False)
    model.read(ids, ids)
    assert [list(output.extras) for output in outputs] == [[], ["p_center"]]
