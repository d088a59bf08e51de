"""Heads, coverage and dropout in a whole model: training, search, translator, dump."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from attnmt.analysis.alignments import argmax_links
from attnmt.analysis.dump import Dump
from attnmt.analysis.dump_writer import DumpWriter
from attnmt.config import schema
from attnmt.model import Seq2Seq, build_model
from attnmt.text.tokenizer import prepare_tokenizers
from attnmt.translator import Translator

TEXT = ("a dog saw the big cat", "the cat saw a dog", "a big dog", "the cat")
SEED = tf.constant([3, 1])
MODIFIED = pytest.mark.parametrize(
    "attention",
    [
        {"heads": 3},
        {"coverage": "gated"},
        {"type": "location", "heads": 3, "coverage": "fertility", "dropout": 0.5},
    ],
    ids=str,
)


def make_model(attention: dict[str, Any], vocabulary: int = 17) -> Seq2Seq:
    config = schema.Model.model_validate(
        {
            "embeddings": {"size": 6},
            "encoder": {"units": 5},
            "decoder": {"units": 9, "style": "luong", "input_feeding": False},
            "attention": attention,
            "dropout": {"embedding": 0.0, "output": 0.0},
        }
    )
    model = build_model(config, vocabulary, vocabulary)
    draw = np.random.default_rng(5)
    for variable in model.weights:
        variable.assign(draw.normal(size=variable.shape) * 0.7)
    return model


@pytest.fixture(scope="module")
def tokenizers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tokenizers")
    for side in ("en", "de"):
        (folder / f"train.{side}").write_text("".join(f"{t}\n" for t in TEXT * 5))
    config = schema.Config.model_validate(
        {
            "run_dir": folder,
            "data": {
                "source_lang": "en",
                "target_lang": "de",
                "train": [
                    {"source": folder / "train.en", "target": folder / "train.de"}
                ],
            },
            "tokenizer": {"vocab_size": 30, "byte_fallback": False},
        }
    )
    return prepare_tokenizers(config, folder / "tokenizer")


@MODIFIED
def test_weights_of_a_hypothesis_are_those_of_forcing_it(
    attention, tokenizers, tmp_path: Path
):
    model = make_model(attention, len(tokenizers[0]))
    decoding = schema.Decoding(beam_size=3, max_length_ratio=1.0)
    translator = Translator(model, tokenizers, decoding)
    heads = attention.get("heads", 1)
    found = [best for best in translator.n_best(TEXT, 2)]
    with DumpWriter(tmp_path / "dump", translator.describe(), dtype="f4") as dump:
        for translations in found:
            for translation in translations:
                dump.write(translation)
    records = list(Dump(tmp_path / "dump"))
    assert len(records) == 2 * len(TEXT)
    for record in records:
        source = np.array([record.source_ids], np.int32)
        target = np.array([[2, *record.target_ids[:-1]]], np.int32)
        _, weights = model(source, target)
        shape = (heads, len(record.target_ids), len(record.source_ids))
        expected = np.reshape(weights, (1, *shape))
        np.testing.assert_allclose(record.weights, expected, atol=1e-4)


def test_links_are_read_from_the_mean_of_the_heads():
    one = [[0.0, 0.9, 0.1], [0.6, 0.3, 0.1], [0.0, 0.0, 1.0]]
    other = [[0.8, 0.0, 0.2], [0.0, 0.1, 0.9], [0.0, 0.0, 1.0]]
    assert argmax_links(np.array([[one, other]])) == [(1, 0), (0, 1)]


SOURCE = np.array([[4, 5, 6, 7, 8, 9, 10, 3], [8, 9, 11, 12, 3, 0, 0, 0]], np.int32)
TARGET = np.array([[2, 4, 5], [2, 6, 7]], np.int32)


@pytest.mark.parametrize("more", [{}, {"heads": 3}, {"type": "general"}], ids=str)
def test_attention_dropout_leaves_out_values_and_not_weights(more):
    plain, dropping = make_model(more), make_model({**more, "dropout": 0.5})
    whole, weights = plain(SOURCE, TARGET, SEED)
    partial, same = dropping(SOURCE, TARGET, SEED)
    np.testing.assert_array_equal(same, weights)  # nothing is fed in: equal to the bit
    assert np.abs(partial - whole).max() > 0.05
    np.testing.assert_array_equal(dropping(SOURCE, TARGET)[0], plain(SOURCE, TARGET)[0])
    again, _ = dropping(SOURCE, TARGET, SEED)
    np.testing.assert_array_equal(again, partial)


@pytest.mark.parametrize("more", [{}, {"heads": 3}], ids=str)
def test_attention_dropout_drops_whole_positions_and_scales_the_rest(more):
    model = make_model({**more, "dropout": 0.5})
    values = np.asarray(model.encode(SOURCE).memory.values)
    dropped = np.asarray(model.encode(SOURCE, SEED).memory.values)
    gone = (dropped == 0.0).all(axis=-1)  # [batch, source]
    assert 0 < gone.sum() < gone.size
    np.testing.assert_allclose(dropped[~gone], 2.0 * values[~gone], atol=1e-6)
