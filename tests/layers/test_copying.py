"""Copying from the source against See et al. (2017), eq. 8 and 9."""

import numpy as np
import pytest
import tensorflow as tf

from attnmt import search
from attnmt.config import schema
from attnmt.errors import ConfigError
from attnmt.layers.copying import Copying, at_a_step, at_positions, mixture
from attnmt.model import build_model

ROWS, SOURCE, VOCABULARY = 3, 4, 7
DRAW = np.random.default_rng(5)
LOGITS = DRAW.normal(size=(ROWS, VOCABULARY)).astype(np.float32)
WEIGHTS = DRAW.dirichlet(np.ones(SOURCE), ROWS).astype(np.float32)
IDS = np.array([[2, 5, 2, 3], [6, 6, 6, 3], [4, 3, 0, 0]], np.int32)
P_GEN = np.array([0.3, 0.9, 0.5], np.float32)
WEIGHTS[2, 2:] = 0.0  # padding


def oracle() -> np.ndarray:
    found = np.zeros((ROWS, VOCABULARY))
    for row in range(ROWS):
        powers = np.exp(LOGITS[row].astype(np.float64))
        found[row] = P_GEN[row] * powers / powers.sum()
        for j in range(SOURCE):
            found[row, IDS[row, j]] += (1.0 - P_GEN[row]) * WEIGHTS[row, j]
    return found


def test_the_mixture_is_eq_9():
    WEIGHTS[2] /= WEIGHTS[2].sum()
    found = np.exp(mixture(LOGITS, Copying(P_GEN, WEIGHTS, IDS)))
    np.testing.assert_allclose(found, oracle(), rtol=1e-5)
    np.testing.assert_allclose(found.sum(axis=1), 1.0, rtol=1e-5)


def test_logits_and_gradients_stay_finite_at_the_extremes():
    logits = tf.constant([[300.0, -300.0, 0.0, 0.0, 0.0, 0.0, 0.0]] * ROWS)
    for p in (1e-6, 1.0 - 1e-6):
        parts = [logits, tf.fill([ROWS], p), tf.constant(WEIGHTS)]
        with tf.GradientTape() as tape:
            tape.watch(parts)
            found = mixture(parts[0], Copying(parts[1], parts[2], tf.constant(IDS)))
            loss = tf.reduce_sum(found)
        assert np.isfinite(found).all()
        assert all(np.isfinite(g).all() for g in tape.gradient(loss, parts))


def test_positions_are_rows_with_the_source_of_their_sentence():
    weights = DRAW.random((2, 3, 4, SOURCE)).astype(np.float32)  # 3 heads
    p_gen = DRAW.random((2, 4)).astype(np.float32)
    chosen = np.array([[True, True, False, False], [True, True, True, True]])
    found = at_positions(p_gen, weights, IDS[:2], chosen)
    np.testing.assert_allclose(found.weights, weights.mean(axis=1)[chosen], rtol=1e-6)
    np.testing.assert_array_equal(found.p_gen, p_gen[chosen])
    np.testing.assert_array_equal(found.source, IDS[[0, 0, 1, 1, 1, 1]])
    step = at_a_step(p_gen[:, 0], tf.constant(weights[:, :, 0]), IDS[:2])
    np.testing.assert_allclose(step.weights, weights[:, :, 0].mean(axis=1), rtol=1e-6)


def make_model(**attention: object):
    config = {
        "embeddings": {"size": 5},
        "encoder": {"units": 3},
        "decoder": {"units": 6, "copy_source": True},
        "attention": attention or {"type": "additive"},
        "dropout": {"embedding": 0.0, "output": 0.0},
    }
    model = build_model(schema.Model.model_validate(config), 9, 9)
    draw = np.random.default_rng(3)
    for variable in model.weights:
        variable.assign(draw.normal(size=variable.shape))
    return model


@pytest.mark.parametrize("attention", [{"type": "additive"}, {"heads": 2}])
def test_p_gen_is_eq_8_and_steps_are_the_whole_sequence(attention):
    model = make_model(**attention)
    source = tf.constant([[5, 4, 7, 3, 0], [6, 5, 4, 8, 3]])
    target = tf.constant([[2, 4, 5], [2, 8, 6]])
    attentional, seen = model.read(source, target)
    every = tf.ones_like(target, tf.bool)
    whole = np.reshape(model.logits_at(attentional, seen, source, every), (2, 3, 9))
    np.testing.assert_allclose(np.exp(whole).sum(axis=-1), 1.0, rtol=1e-5)
    encoded = model.encode(source)
    state = model.start(encoded)
    for t in range(3):
        logits, at, state = model.step(target[:, t], state, encoded.memory, source)
        np.testing.assert_allclose(logits, whole[:, t], atol=1e-4)
        p_gen = at.extras["p_gen"]
        np.testing.assert_allclose(p_gen, seen.extras["p_gen"][:, t], atol=1e-5)
        mean = np.asarray(at.weights)
        mean = mean.mean(axis=1) if mean.ndim == 3 else mean
        if "heads" not in attention:  # else the context is not that of the mean
            context = np.einsum("bs,bsd->bd", mean, encoded.encoded.values)
            embedded = np.asarray(model.target_embedding(target[:, t]))
            parts = np.concatenate([context, state.cells[0][0], embedded], axis=1)
            gate = parts @ model.decoder.gate.kernel + model.decoder.gate.bias
            np.testing.assert_allclose(p_gen, 1 / (1 + np.exp(-gate[:, 0])), rtol=1e-4)


def test_a_search_copies_a_piece_that_the_vocabulary_never_makes():
    model = make_model(type="dot", units=6)
    model.decoder.gate.bias.assign([-50.0])  # always copy
    source = tf.constant([[7, 7, 7], [5, 5, 5]])
    encoded = model.encode(source)
    trace = search.search(
        lambda token, state, read: model.step(token, state, *read),
        model.start(encoded),
        (encoded.memory, source),
        tf.fill([2], 4),
        beam_size=1,
        begin=2,
        end=3,
        never=(0, 2),
    )
    np.testing.assert_array_equal(np.squeeze(trace.tokens).T, [[7] * 4, [5] * 4])
    assert float(tf.reduce_max(trace.seen.extras["p_gen"])) < 1e-5


def test_memory_slots_cannot_be_copied():
    with pytest.raises(ConfigError, match="copy_source: expected false.*linformer"):
        make_model(type="linformer", slots=3)


def test_copying_asks_for_one_vocabulary(tmp_path):
    fields = {
        "run_dir": str(tmp_path),
        "data": {
            "source_lang": "en",
            "target_lang": "de",
            "train": [{"tsv": "train.tsv"}],
        },
        "tokenizer": {"shared": False},
        "model": {"decoder": {"copy_source": True}},
    }
    with pytest.raises(ValueError, match="needs one vocabulary"):
        schema.Config.model_validate(fields)
