"""Losses of attention, and the word links that guide it on their way to a batch."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from attnmt.analysis.words import piece_words, word_spans
from attnmt.config import schema
from attnmt.errors import ConfigError, DataError
from attnmt.model import build_model
from attnmt.text.encoded import prepare_corpus
from attnmt.text.tokenizer import prepare_tokenizers
from attnmt.training.attention_loss import Guide, coverage_loss, guided_loss
from attnmt.training.guidance import (
    GuidedBatch,
    _packed,
    _teach,
    guided_batch,
    prepare_links,
)
from attnmt.training.session import train
from attnmt.training.step import Trainer

PAIRS = [
    ("the brown house", "das braune Haus", "0-0 1-1 2-2"),
    ("", "nichts", ""),
    ("in the house", "im Haus", "0-0 1-0 2-1"),
    ("the house " * 30, "zu lang", "0-0"),
    ("a housekeeper", "eine Haushälterin", "1-1"),
]
WEIGHTS = np.random.default_rng(0).dirichlet(np.ones(5), size=(2, 3, 4))  # 3 heads


def loop_coverage(weights: np.ndarray, lengths: list[int]) -> float:
    """See et al. (2017), eq. 10 and 11."""
    total = 0.0
    for b, length in enumerate(lengths):
        covered = np.zeros(weights.shape[-1])
        for t in range(length):
            total += sum(min(a, c) for a, c in zip(weights[b, t], covered, strict=True))
            covered += weights[b, t]
    return total


@pytest.mark.parametrize("heads", [False, True])
def test_coverage_loss_is_that_of_the_formula(heads):
    weights = WEIGHTS if heads else WEIGHTS[:, 0]
    expected = loop_coverage(weights.mean(axis=1) if heads else weights, [2, 4])
    real = np.arange(4) < np.array([[2], [4]])
    found = coverage_loss(tf.constant(weights), tf.constant(real))
    np.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize("heads", [False, True])
def test_guided_loss_is_that_of_the_formula(heads):
    weights = WEIGHTS if heads else WEIGHTS[:, 0]
    links, shares = [[0, 1, 2], [0, 1, 3], [1, 3, 0]], [0.25, 0.75, 1.0]
    mean = weights.mean(axis=1) if heads else weights
    expected = -sum(
        share * np.log(mean[b, t, s] + 1e-6)
        for (b, t, s), share in zip(links, shares, strict=True)
    )
    guide = Guide(tf.constant(links), tf.constant(shares, tf.float64), 1.0)
    found = guided_loss(tf.constant(weights), guide)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def make_config(folder: Path, pairs: Any = PAIRS, **guided: Any) -> schema.Config:
    names = [folder / name for name in ("train.en", "train.de", "train.align")]
    for name, column in zip(names, zip(*pairs, strict=True), strict=True):
        name.write_text("".join(f"{line}\n" for line in column), "utf-8")
    corpus = dict(zip(("source", "target", "alignment"), names, strict=True))
    return schema.Config.model_validate(
        {
            "run_dir": folder,
            "data": {
                "source_lang": "en",
                "target_lang": "de",
                "train": [corpus],
                "max_length": 40,
            },
            "tokenizer": {"vocab_size": 40, "shared": False, "byte_fallback": False},
            "training": {"guided_alignment": {"weight": 0.5, **guided}},
        }
    )


def prepare(config: schema.Config):
    folder, data = config.run_dir, config.data
    tokenizers = prepare_tokenizers(config, folder / "tokenizer")
    encoded = prepare_corpus(
        data.train[0], data, *tokenizers, folder / "encoded", data.max_length
    )
    (links,) = prepare_links(config, tokenizers, [encoded], folder)
    return tokenizers, encoded, links


def test_links_of_words_become_shares_of_pieces(tmp_path):
    tokenizers, encoded, links = prepare(make_config(tmp_path))
    assert len(encoded) == 3  # one was empty, one too long
    order = np.array([2, 0, 1])
    batch = guided_batch([encoded], [links], order)
    kept = [PAIRS[i] for i in (0, 2, 4)]
    for row, pair in enumerate(kept[i] for i in order):
        texts, words = pair[:2], []
        for tokenizer, text in zip(tokenizers, texts, strict=True):
            spans = tokenizer.encode_with_spans(text).spans
            words.append([*piece_words(spans, word_spans(text)), "end"])
        expected = {("end", "end")}
        expected |= {tuple(map(int, link.split("-"))) for link in pair[2].split()}
        shares: dict[int, dict[Any, float]] = {}
        for (b, t, s), share in zip(batch.links, batch.shares, strict=True):
            if b == row:
                assert (words[0][s], words[1][t]) in expected
                of_word = shares.setdefault(t, {})
                of_word[words[0][s]] = of_word.get(words[0][s], 0.0) + share
        linked = {target for _, target in expected}
        assert sorted(shares) == [t for t, w in enumerate(words[1]) if w in linked]
        for of_word in shares.values():
            np.testing.assert_allclose(list(of_word.values()), 1.0 / len(of_word))
            np.testing.assert_allclose(sum(of_word.values()), 1.0)


def test_a_tag_is_of_no_word_and_shifts_the_links(tmp_path):
    config = make_config(tmp_path)
    *_, links = prepare(config)
    corpus = config.data.train[0].model_copy(update={"tag": "<bt>"})
    data = config.data.model_copy(update={"train": [corpus]})
    (tmp_path / "tagged").mkdir()
    _, encoded, shifted = prepare(
        config.model_copy(update={"data": data, "run_dir": tmp_path / "tagged"})
    )
    assert len(encoded) == 3
    for i in range(len(encoded)):
        np.testing.assert_array_equal(shifted[i], links[i] + 1)  # of source positions


def test_links_are_kept_until_the_file_changes(tmp_path):
    config = make_config(tmp_path)
    _, _, first = prepare(config)
    made = (tmp_path / "train.0.links/links.ids").stat().st_mtime_ns
    prepare(config)
    assert (tmp_path / "train.0.links/links.ids").stat().st_mtime_ns == made
    make_config(tmp_path, [(s, t, "") for s, t, _ in PAIRS])
    _, _, second = prepare(config)
    assert first.lengths.sum() > second.lengths.sum() == 3  # the ends


@pytest.mark.parametrize(
    ("links", "message"),
    [("0-0 3-1", "the link 3-1 is outside of 3 source"), ("0:0", "found '0:0'")],
)
def test_links_that_do_not_fit_are_told_with_their_line(tmp_path, links, message):
    pairs = [(s, t, links if s == "in the house" else a) for s, t, a in PAIRS]
    with pytest.raises(DataError, match=f"(?s)3: .*{message}"):
        prepare(make_config(tmp_path, pairs))


def test_fewer_lines_of_links_than_text_are_refused(tmp_path):
    config = make_config(tmp_path)
    (tmp_path / "train.align").write_text("0-0\n")
    with pytest.raises(DataError, match="align:2: there are more lines of text"):
        prepare(config)


def test_attnmt_aligns_the_text_itself_when_told_so(tmp_path, capsys):
    config = make_config(tmp_path, teacher="ibm1")
    (tmp_path / "train.align").unlink()
    corpus = config.data.train[0].model_copy(update={"alignment": None})
    data = config.data.model_copy(update={"train": [corpus]})
    _, encoded, links = prepare(config.model_copy(update={"data": data}))
    assert len(links.lengths) == len(encoded) == 3
    assert links.lengths.min() > 1
    told = "guided alignment: learning the word links of 5 pairs\n"
    assert told in capsys.readouterr().err


def test_attnmt_learns_the_links_from_all_corpora_together():
    clear = [("red", "rot"), ("house", "haus"), ("red", "rot"), ("house", "haus")]
    crossed = [("house red", "rot haus")]
    assert _teach([crossed]) == [[[(0, 0), (1, 1)]]]  # the diagonal, for lack of better
    assert _teach([clear, crossed]) == [[[(0, 0)]] * 4, [[(0, 1), (1, 0)]]]


def test_a_file_of_links_is_asked_for(tmp_path):
    config = make_config(tmp_path).model_dump(mode="json")
    del config["data"]["train"][0]["alignment"]
    with pytest.raises(ValueError, match="expected a file of word links"):
        schema.Config.model_validate(config)
    config["training"]["guided_alignment"]["teacher"] = "ibm1"
    schema.Config.model_validate(config)


def test_memory_slots_cannot_be_guided(tmp_path):
    config = make_config(tmp_path).model_dump(mode="json")
    config["model"]["attention"] = {"type": "linformer", "slots": 3}
    with pytest.raises(ConfigError, match="guided_alignment.weight: expected 0.*found"):
        train(schema.Config.model_validate(config))


BATCH = GuidedBatch(
    np.array([[4, 5, 6, 7, 3], [5, 7, 3, 0, 0]], np.int32),
    np.array([[2, 4, 5], [2, 6, 0]], np.int32),
    np.array([[4, 5, 3], [6, 3, 0]], np.int32),
    np.array([[0, 0, 3], [0, 1, 0], [0, 2, 4], [1, 0, 1], [1, 1, 2]], np.int32),
    np.ones(5, np.float32),
)


@pytest.mark.parametrize("heads", [1, 2])
def test_attention_learns_to_look_where_it_is_guided(heads):
    keras.utils.set_random_seed(1)
    model = build_model(
        schema.Model.model_validate(
            {
                "embeddings": {"size": 6},
                "encoder": {"units": 8},
                "decoder": {"units": 8},
                "attention": {"heads": heads},
            }
        ),
        9,
        9,
    )
    training = schema.Training.model_validate(
        {"guided_alignment": {"weight": 5.0, "until": 100}, "coverage_loss": 0.1}
    )
    trainer = Trainer(model, training)
    for step in range(100):
        trainer.update([BATCH, BATCH], 1, step, 0.02)
    _, weights = model(BATCH.source, BATCH.target_in)
    weights = np.asarray(weights).reshape(2, heads, 3, 5).mean(axis=1)
    rows, targets, sources = BATCH.links.T
    np.testing.assert_array_equal(weights[rows, targets].argmax(axis=-1), sources)
    assert [trainer._guide_weight(step) for step in (0, 50, 100, 200)] == [5, 2.5, 0, 0]


def test_the_teacher_links_characters_where_no_spaces_part_words() -> None:
    pairs = [("我 喝 茶", "I drink tea"), ("我喝水", "I drink water"), ("茶", "tea")]
    links = _teach([pairs * 4])[0]
    assert set(links[1]) >= {(0, 0), (1, 1), (2, 2)}


def test_a_piece_of_several_characters_is_guided_to_all_that_they_are_linked_to():
    # Pieces of the words 0 and 1, and of 2; the source: 0 and 1, 2, and 3.
    source, target = [range(2), range(2, 3), range(3, 4)], [range(2), range(2, 3)]
    packed = _packed([(1, 0), (3, 1), (2, 2)], source, target)
    links = {(n & 0xFFFFF, n >> 20 & 0xFFFFF): n >> 40 for n in packed}
    assert links == {(3, 2): 1, (0, 0): 2, (2, 0): 2, (1, 1): 1}
