"""Expected risk and its gradient against the formulas of the paper, written plainly."""

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from attnmt.config import schema
from attnmt.model import Seq2Seq, build_model
from attnmt.text.batches import make_batch
from attnmt.text.encoded import encode_corpus
from attnmt.text.tokenizer import prepare_tokenizers
from attnmt.training.draws import Draws
from attnmt.training.minimum_risk import Risks, expected_risks, risk_totals
from attnmt.training.step import Trainer

VOCABULARY = 9
SOURCE = np.array([[4, 5, 3], [8, 3, 0]], np.int32)
# Two references, then draws: two of the second source and one, cut short, of the first.
TARGETS = [[4, 5, 6, 3], [6, 3], [3], [7, 7, 7, 7, 3], [5, 5]]
OF, RISKS = [0, 1, 1, 1, 0], [0.0, 0.0, 1.0, 0.3, 0.75]


def padded(rows: list[list[int]]) -> np.ndarray:
    width = max(map(len, rows))
    return np.array([row + [0] * (width - len(row)) for row in rows], np.int32)


TARGET_OUT, TARGET_IN = padded(TARGETS), padded([[2, *row[:-1]] for row in TARGETS])


def plain(log_probs, risks, of, alpha: float) -> np.ndarray:
    """sum_y Q(y) risk(y) over the translations y of each source, in the paper's words.

    Q(y) = P(y)^alpha / sum_y' P(y')^alpha
    """
    found = []
    for source in range(max(of) + 1):
        own = [i for i, place in enumerate(of) if place == source]
        powers = [np.exp(log_probs[i]) ** alpha for i in own]
        q = np.array(powers) / sum(powers)
        found.append(sum(q * np.array([risks[i] for i in own])))
    return np.array(found)


@pytest.mark.parametrize("alpha", [0.005, 0.3, 1.0])
def test_the_risk_and_its_gradient_are_those_of_the_paper(alpha: float) -> None:
    draw = np.random.default_rng(5)
    of = [0, 1, 2, 1, 0, 1, 1]  # the third source has one translation alone
    log_probs, risks = -20.0 * draw.random(7), draw.random(7)
    counts = np.array([3.0, 5.0, 2.0])
    point = tf.constant(log_probs)
    with tf.GradientTape() as tape:
        tape.watch(point)
        given = Risks(tf.constant(of), tf.constant(risks))
        found = expected_risks(point, given, 3, alpha)
        total = tf.reduce_sum(counts * found)
    expected = plain(log_probs, risks, of, alpha)
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    slope = np.asarray(tape.gradient(total, point))
    for i, source in enumerate(of):
        # In closed form: alpha Q_i (risk_i - expected risk).
        q = np.exp(alpha * log_probs[i]) / sum(
            np.exp(alpha * log_probs[j]) for j in range(7) if of[j] == source
        )
        closed = counts[source] * alpha * q * (risks[i] - expected[source])
        step = np.eye(7)[i] * 1e-4
        moved = [plain(log_probs + s * step, risks, of, alpha) for s in (1, -1)]
        numeric = (counts * (moved[0] - moved[1])).sum() / 2e-4
        np.testing.assert_allclose(slope[i], closed, rtol=1e-6, atol=1e-12)
        np.testing.assert_allclose(slope[i], numeric, rtol=1e-4, atol=1e-9)


def test_translations_that_are_never_drawn_do_no_harm() -> None:
    log_probs = tf.constant([-1e5, -3.0, -2e5])
    with tf.GradientTape() as tape:
        tape.watch(log_probs)
        given = Risks(tf.constant([0, 1, 0]), tf.constant([0.2, 0.5, 0.9]))
        found = expected_risks(log_probs, given, 2, 1.0)
    np.testing.assert_allclose(found, [0.2, 0.5], rtol=1e-6)
    np.testing.assert_array_equal(tape.gradient(found, log_probs), np.zeros(3))


def model_of(seed: int = 3, **options: dict) -> Seq2Seq:
    keras.utils.set_random_seed(seed)
    small = {
        "embeddings": {"size": 4, "tie": "all"},
        "encoder": {"units": 3},
        "decoder": {"units": 6},
        "dropout": {"embedding": 0.4, "output": 0.4, "recurrent": 0.4},
    }
    sizes = {name: small.get(name, {}) | options.get(name, {}) for name in options}
    model = build_model(
        schema.Model.model_validate(small | sizes), VOCABULARY, VOCABULARY
    )
    never_padding = [-100.0] + [0.0] * (VOCABULARY - 1)
    model.projection.bias.assign(never_padding)
    return model


def measured(model: Seq2Seq, alpha: float = 0.1, seed=None):
    given = Risks(tf.constant(OF), tf.constant(RISKS))
    batch = map(tf.constant, (SOURCE, TARGET_IN, TARGET_OUT))
    return risk_totals(model, *batch, given, alpha, seed)


def each_alone(model: Seq2Seq) -> tuple[list[float], int]:
    """log P of each translation, read without padding, and what references guess."""
    log_probs, correct = [], 0
    for row, (of, target) in enumerate(zip(OF, TARGETS, strict=True)):
        source = SOURCE[of : of + 1, : (SOURCE[of] > 0).sum()]
        ids = np.array([[2, *target[:-1]]], np.int32)
        attentional, seen = model.read(source, ids)
        logits = model.logits_at(attentional, seen, source, ids > 0)
        chosen = tf.gather(tf.nn.log_softmax(logits), target, batch_dims=1)
        log_probs.append(float(tf.reduce_sum(chosen)))
        guesses = np.argmax(logits, axis=-1)
        correct += int((guesses == target).sum()) if row < len(SOURCE) else 0
    return log_probs, correct


KINDS: list[dict] = [
    {"attention": {"type": "linformer", "slots": 2}},  # over no source positions
    {"attention": {"type": "gmm"}},  # has a state
    {"attention": {"heads": 2, "coverage": "gated"}},
    {"decoder": {"copy_source": True}},
    {"decoder": {"lexical": True, "style": "gnmt", "layers": 2}},
    {"encoder": {"self_attention_heads": 2, "layers": 2}},
]


@pytest.mark.parametrize("options", KINDS, ids=str)
def test_totals_are_those_of_each_translation_read_alone(options: dict) -> None:
    model = model_of(**options)
    with tf.GradientTape() as tape:
        found = measured(model)
    log_probs, correct = each_alone(model)
    risks = plain(log_probs, RISKS, OF, 0.1)
    # A source counts by the length of its reference.
    expected = [4 * risks[0] + 2 * risks[1], -sum(log_probs[:2]), correct, 6.0]
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    gradients = tape.gradient(found.loss, model.trainable_variables)
    assert all(
        np.isfinite(tf.convert_to_tensor(g)).all() for g in gradients if g is not None
    )
    assert sum(g is not None for g in gradients) > 5


def test_dropout_is_that_of_the_seed() -> None:
    model = model_of()
    seeds = [None, *(tf.constant([1, number]) for number in (7, 7, 8))]
    none, one, same, other = (measured(model, seed=seed) for seed in seeds)
    np.testing.assert_array_equal(one, same)
    assert len({float(x.loss) for x in (one, other, none)}) == 3


WORDS = [("dog", "Hund"), ("man", "Mann"), ("boat", "Kahn"), ("ship", "Bug")]
PAIRS = [(f"{a} and {b}", f"{c} und {d}") for a, c in WORDS for b, d in WORDS]


@pytest.mark.slow
def test_a_refined_model_draws_what_is_right(
    make_config: Callable[..., schema.Config], tmp_path: Path
) -> None:
    sizes = {
        "embeddings": {"size": 12},
        "encoder": {"units": 10},
        "decoder": {"units": 16},
        "attention": {"type": "additive"},
    }
    text = tmp_path / "pairs.tsv"
    text.write_text("".join(f"{a}\t{b}\n" for a, b in PAIRS), "utf-8")
    config = make_config(
        data={"train": [{"tsv": text}], "valid": None},
        model=sizes,
        tokenizer={"vocab_size": 300},
        training={"minimum_risk": {"samples": 6}},
        decoding={"max_length_ratio": 1.0},
    )
    tokenizers = prepare_tokenizers(config, tmp_path)
    corpus = encode_corpus(PAIRS, *tokenizers, tmp_path / "encoded")
    batch = make_batch([corpus], np.arange(len(PAIRS)))
    keras.utils.set_random_seed(2)
    model = build_model(config.model, *map(len, tokenizers))
    draws = Draws(config, model, tokenizers)

    def right() -> int:
        drawn = draws._draw(batch.source, 2, 0)
        references = [tuple(row[row > 0].tolist()) for row in batch.target_out]
        return sum(map(list.count, drawn, references))

    def update(trainer: Trainer, steps: int, rate: float) -> None:
        for step in range(steps):
            trainer.update([batch], 1, step, rate)

    update(Trainer(model, schema.Training()), 80, 0.02)
    before = right()
    update(Trainer(model, config.training, draws=draws), 40, 0.01)
    assert right() > 1.3 * before > 20
