"""The lexical module against its formula, and in a model."""

import numpy as np
import pytest
import tensorflow as tf

from attnmt.config import schema
from attnmt.errors import ConfigError
from attnmt.layers.lexical import Lexical
from attnmt.model import Seq2Seq, build_model
from attnmt.training.objective import totals
from attnmt.weights import named_weights

BATCH, HEADS, TARGET, SOURCE, SIZE, VOCABULARY = 2, 3, 4, 5, 6, 9
IDS = tf.constant([[4, 8, 5, 7, 3], [6, 5, 3, 0, 0]])
TARGET_IN = tf.constant([[2, 4, 6, 8], [2, 7, 0, 0]])
TARGET_OUT = tf.constant([[4, 6, 8, 3], [7, 3, 0, 0]])


@pytest.mark.parametrize("heads", [0, HEADS])
def test_words_are_read_as_nguyen_and_chiang_have_it(heads: int) -> None:
    draw = np.random.default_rng(1)
    shape = (BATCH, heads, TARGET, SOURCE) if heads else (BATCH, TARGET, SOURCE)
    weights = draw.dirichlet(np.ones(SOURCE), shape[:-1]).astype(np.float32)
    words = draw.normal(size=(BATCH, SOURCE, SIZE)).astype(np.float32)
    module = Lexical(SIZE, VOCABULARY)
    found = module(weights, words)
    matrix = np.asarray(module.hidden.kernel)  # [from, to]
    for b in range(BATCH):
        for t in range(TARGET):
            row = weights[b, :, t].mean(axis=0) if heads else weights[b, t]
            read = np.tanh(sum(row[s] * words[b, s] for s in range(SOURCE)))
            expected = np.tanh(read @ matrix) + read
            np.testing.assert_allclose(found[b, t], expected, atol=1e-5)


def model_of(tie: str, **decoder: object) -> Seq2Seq:
    model = build_model(
        schema.Model.model_validate(
            {
                "embeddings": {"size": SIZE, "tie": tie},
                "encoder": {"units": 7},
                "decoder": {"units": 8, "lexical": True, **decoder},
                "dropout": {"embedding": 0.0, "output": 0.0},
            }
        ),
        VOCABULARY,
        VOCABULARY,
    )
    draw = np.random.default_rng(2)
    for variable in model.trainable_weights:
        variable.assign_add(draw.normal(size=variable.shape) * 0.3)
    return model


@pytest.fixture(params=["none", "all"])
def model(request: pytest.FixtureRequest) -> Seq2Seq:
    return model_of(request.param)


def test_its_logits_are_added_to_those_of_the_decoder(model: Seq2Seq) -> None:
    vectors, seen = model.read(IDS, TARGET_IN)
    logits = model.logits(vectors)
    words = model.lexical(seen.weights, model.source_embedding(IDS))
    table = model.target_embedding.table if model.tied else None
    depth = vectors.shape[-1] - SIZE
    own = model.projection(vectors[..., :depth], table)
    rest = tf.matmul(words, model.lexical.kernel.value, transpose_b=True)
    np.testing.assert_allclose(logits, own + rest, atol=1e-5)
    assert {"lexical.kernel", "lexical.hidden.kernel"} < named_weights(model).keys()


def test_a_search_step_has_the_logits_of_training(model: Seq2Seq) -> None:
    encoded = model.encode(IDS)
    state, output = model.start(encoded), model.output_layer()
    whole = model.logits(model.read(IDS, TARGET_IN)[0])
    for t in range(TARGET):
        step = model.step(TARGET_IN[:, t], state, encoded.memory, IDS, output)
        logits, _, state = step
        np.testing.assert_allclose(logits[0], whole[0, t], atol=1e-5)


def test_training_has_the_loss_of_whole_logits(model: Seq2Seq) -> None:
    given = model, IDS, TARGET_IN, TARGET_OUT, 0.1
    variables = [v.value for v in model.trainable_variables]
    made = []
    for seed in (None, tf.constant([1, 2])):  # whole logits, and some rows at a time
        with tf.GradientTape() as tape:
            loss = totals(*given, seed).loss
        made.append((loss, tape.gradient(loss, variables)))
    for one, two in zip(*map(tf.nest.flatten, made), strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-4, atol=1e-5)


def test_weights_over_slots_read_no_words() -> None:
    config = {"decoder": {"lexical": True}, "attention": {"type": "linformer"}}
    with pytest.raises(ConfigError, match="lexical: expected false, because the"):
        build_model(schema.Model.model_validate(config), VOCABULARY, VOCABULARY)
