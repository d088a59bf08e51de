"""The loss against its plain formula."""

import numpy as np
import pytest
import tensorflow as tf

from attnmt.config import schema
from attnmt.model import PAD, Seq2Seq, build_model
from attnmt.training.attention_loss import Guide, coverage_loss, guided_loss
from attnmt.training.objective import cross_entropy, divergence, totals

TOKENS, VOCABULARY = 5, 7


def plain(logits: tf.Tensor, labels: tf.Tensor, smoothing: float) -> tf.Tensor:
    """- sum_v q_v log p_v with q = (1 - smoothing) label + smoothing / vocabulary."""
    target = (1 - smoothing) * tf.one_hot(labels, VOCABULARY) + smoothing / VOCABULARY
    return -tf.reduce_sum(target * tf.nn.log_softmax(logits), axis=-1)


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.6])
def test_cross_entropy_and_its_gradient_are_those_of_the_formula(smoothing):
    draw = np.random.default_rng(0)
    logits = tf.constant(draw.normal(size=(TOKENS, VOCABULARY)) * 3, tf.float32)
    labels = tf.constant([3, 0, 6, 3, 1])
    share = tf.constant(draw.normal(size=TOKENS), tf.float32)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(logits)
        smoothed, exact = cross_entropy(logits, labels, smoothing)
        found = tf.reduce_sum(smoothed * share)
        expected = tf.reduce_sum(plain(logits, labels, smoothing) * share)
    np.testing.assert_allclose(smoothed, plain(logits, labels, smoothing), rtol=1e-5)
    np.testing.assert_allclose(exact, plain(logits, labels, 0.0), rtol=1e-5)
    np.testing.assert_allclose(
        tape.gradient(found, logits), tape.gradient(expected, logits), atol=1e-6
    )


def test_cross_entropy_survives_enormous_logits():
    logits = tf.constant([[1e4, -1e4, 0.0], [-1e4, -1e4, -1e4]])
    with tf.GradientTape() as tape:
        tape.watch(logits)
        smoothed, exact = cross_entropy(logits, tf.constant([1, 2]), 0.1)
    np.testing.assert_allclose(exact, [2e4, np.log(3)], atol=2e-3)
    assert np.isfinite(smoothed).all()
    assert np.isfinite(tape.gradient(smoothed, logits)).all()


@pytest.fixture(scope="module")
def model() -> Seq2Seq:
    config = schema.Model.model_validate(
        {
            "embeddings": {"size": 4},
            "encoder": {"units": 3},
            "decoder": {"units": 5},
            "dropout": {"embedding": 0.5},
        }
    )
    model = build_model(config, 9, VOCABULARY)
    never_padding = [-100.0] + [0.0] * (VOCABULARY - 1)
    model.projection.bias.assign(never_padding)
    return model


SOURCE = tf.constant([[4, 5, 3], [8, 3, PAD]])
TARGET_IN = tf.constant([[2, 4, 5, 6], [2, 6, PAD, PAD]])
TARGET_OUT = tf.constant([[4, 5, 6, 3], [6, 3, PAD, PAD]])


def test_totals_are_sums_over_the_real_tokens(model):
    found = totals(model, SOURCE, TARGET_IN, TARGET_OUT, smoothing=0.1)
    loss = log_loss = correct = 0.0
    for row, length in enumerate((4, 2)):
        attentional, _ = model(SOURCE[row : row + 1], TARGET_IN[row : row + 1, :length])
        logits, labels = model.logits(attentional)[0], TARGET_OUT[row, :length]
        loss += tf.reduce_sum(plain(logits, labels, 0.1))
        log_loss += tf.reduce_sum(plain(logits, labels, 0.0))
        correct += (np.argmax(logits, -1) == np.asarray(labels)).sum()
    np.testing.assert_allclose(found, [loss, log_loss, correct, 6.0], rtol=1e-5)


def test_padding_adds_nothing(model):
    def pad(x):
        return tf.pad(x, [[0, 0], [0, 2]])

    plainly = totals(model, SOURCE, TARGET_IN, TARGET_OUT, 0.1)
    padded = totals(model, pad(SOURCE), pad(TARGET_IN), pad(TARGET_OUT), 0.1)
    np.testing.assert_allclose(padded, plainly, rtol=1e-5)


def test_guesses_are_counted(model):
    attentional, _ = model(SOURCE, TARGET_IN)
    guesses = np.array(tf.argmax(model.logits(attentional), axis=-1), np.int32)
    assert float(totals(model, SOURCE, TARGET_IN, guesses, 0.0).correct) == 8
    guesses[0, 2] = guesses[0, 2] % (VOCABULARY - 1) + 1  # another piece
    guesses[1, 2:] = PAD
    found = totals(model, SOURCE, TARGET_IN, guesses, 0.0)
    assert (float(found.correct), float(found.tokens)) == (5, 6)


def test_a_seed_drops_and_none_does_not(model):
    given = (model, SOURCE, TARGET_IN, TARGET_OUT, 0.1)
    plainly = totals(*given)
    np.testing.assert_array_equal(totals(*given), plainly)
    seeded = totals(*given, seed=tf.constant([1, 2]))
    np.testing.assert_array_equal(totals(*given, seed=tf.constant([1, 2])), seeded)
    assert float(seeded.loss) != float(plainly.loss)


@pytest.mark.parametrize("tie", ["none", "target_softmax"])
def test_a_training_has_the_loss_and_the_gradients_of_the_plain_path(tie):
    """A seed chooses the path that holds no logits; here it drops nothing."""
    config = {
        "embeddings": {"size": 4, "tie": tie},
        "encoder": {"units": 3},
        "decoder": {"units": 5},
        "dropout": {"embedding": 0.0, "output": 0.0},
    }
    model = build_model(schema.Model.model_validate(config), 9, VOCABULARY)
    variables = [v.value for v in model.trainable_variables]

    def measured(seed):
        with tf.GradientTape() as tape:
            found = totals(model, SOURCE, TARGET_IN, TARGET_OUT, 0.1, seed)
        return *found, *tape.gradient(found.loss, variables)

    for x, expected in zip(measured(tf.constant([1, 2])), measured(None), strict=True):
        np.testing.assert_allclose(x, expected, atol=1e-5)


def test_the_divergence_is_that_of_both_directions():
    draw = np.random.default_rng(4)
    p, q = (np.exp(draw.normal(size=(TOKENS, VOCABULARY)) * 2) for _ in range(2))
    p, q = (x / x.sum(axis=1, keepdims=True) for x in (p, q))
    there, back = (p * np.log(p / q)).sum(), (q * np.log(q / p)).sum()
    one, two = tf.constant(np.log(p) + 5.0), tf.constant(np.log(q) - 3.0)
    np.testing.assert_allclose(divergence(one, two), (there + back) / 2, rtol=1e-6)
    assert divergence(one, one) == 0.0


@pytest.mark.parametrize("guided", [False, True])
def test_a_consistent_model_reads_the_same_twice(model, guided):
    seed, coverage = tf.constant([3, 4]), 0.5
    batch = model, SOURCE, TARGET_IN, TARGET_OUT, 0.1
    links, shares = tf.constant([[0, 1, 2], [1, 0, 0]]), tf.constant([1.0, 0.5])
    guide = Guide(links, shares, tf.constant(0.7)) if guided else None
    found = totals(*batch, seed, coverage, guide, consistency=5.0)
    twice = [tf.concat([ids, ids], axis=0) for ids in batch[1:4]]
    attentional, seen = model.read(*twice[:2], seed)
    logits = model.logits_at(attentional, seen, twice[0], twice[2] != PAD)
    p, q = np.split(np.asarray(tf.nn.log_softmax(logits), np.float64), 2)
    apart = ((np.exp(p) - np.exp(q)) * (p - q)).sum() / 2
    assert apart > 0.01  # the two dropouts do differ
    pairs = []
    labels = tf.boolean_mask(TARGET_OUT, TARGET_OUT != PAD).numpy()
    for half, weights in zip((p, q), np.split(seen.weights, 2), strict=True):
        loss = plain(tf.constant(half, tf.float32), labels, 0.1).numpy().sum()
        loss += coverage * coverage_loss(tf.constant(weights), TARGET_OUT != PAD)
        if guide:
            loss += guide.weight * guided_loss(tf.constant(weights), guide)
        exact = -np.take_along_axis(half, labels[:, None], axis=1).sum()
        pairs.append((loss, exact, (half.argmax(-1) == labels).sum(), len(labels)))
    expected = np.mean(np.array(pairs, np.float64), axis=0)
    expected[0] += 5.0 / 2 * apart
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_the_gradient_of_the_divergence_is_that_of_its_formula():
    draw = np.random.default_rng(5)
    one, two = (
        tf.constant(draw.normal(size=(TOKENS, VOCABULARY)) * 2, tf.float32)
        for _ in range(2)
    )
    with tf.GradientTape(persistent=True) as tape:
        tape.watch((one, two))
        p, q = tf.nn.softmax(one), tf.nn.softmax(two)
        formula = 3.0 * 0.5 * tf.reduce_sum((p - q) * tf.math.log(p / q))
        found = 3.0 * divergence(one, two)
    for logits in (one, two):
        np.testing.assert_allclose(
            tape.gradient(found, logits), tape.gradient(formula, logits), atol=1e-5
        )


def test_without_dropout_consistency_costs_nothing(model):
    batch = model, SOURCE, TARGET_IN, TARGET_OUT, 0.1
    assert totals(*batch, None, consistency=5.0) == totals(*batch)
