"""Normalisers with exact zeros against bisection in double precision."""

from collections.abc import Callable

import numpy as np
import pytest
import tensorflow as tf

from attnmt.layers.attention import AlphaEntmax, Entmax15, Normaliser, Sparsemax

LOW = {"float32": -1e30, "float16": -6e4, "bfloat16": -1e30}
ALPHAS = {"sparsemax": 2.0, "entmax15": 1.5} | {
    f"alpha_entmax-{alpha}": alpha for alpha in (1.01, 1.3, 1.9)
}
NAMES = pytest.mark.parametrize("name", ALPHAS)
SCORES = np.random.default_rng(1).normal(size=(3, 2, 6)).astype(np.float32)
MASK = np.arange(6) < np.array([6, 4, 1])[:, None, None]  # [3, 1, 6]


def make(name: str) -> Normaliser:
    if name in ("sparsemax", "entmax15"):
        return Sparsemax() if name == "sparsemax" else Entmax15()
    normaliser = AlphaEntmax()
    normaliser.alpha_logit.assign(logit(ALPHAS[name]))
    return normaliser


def logit(alpha: float) -> float:
    return float(np.log((alpha - 1.0) / (2.0 - alpha)))


def bisected(scores: np.ndarray, alpha: float) -> np.ndarray:
    """Blondel et al. (2019), algorithm 1, on one row: halve where the root may be."""
    z = (alpha - 1.0) * scores.astype(np.float64)

    def weigh(tau: float) -> np.ndarray:
        return np.maximum(z - tau, 0.0) ** (1.0 / (alpha - 1.0))

    low, high = z.max() - 1.0, z.max()
    for _ in range(60):
        middle = (low + high) / 2.0
        low, high = (middle, high) if weigh(middle).sum() >= 1.0 else (low, middle)
    return weigh(low)


def oracle(scores: np.ndarray, mask: np.ndarray, alpha: float) -> np.ndarray:
    """Rows of [..., source], over their real positions only."""
    mask = np.broadcast_to(mask, scores.shape)
    weights = np.zeros(scores.shape)
    for row in np.ndindex(scores.shape[:-1]):
        if mask[row].any():
            weights[row][mask[row]] = bisected(scores[row][mask[row]], alpha)
    return weights


@NAMES
@pytest.mark.parametrize("spread", [0.01, 1.0, 3.0, 1000.0])
def test_weights_are_those_of_the_bisection(name, spread):
    weights = np.asarray(make(name)(SCORES * spread, MASK))
    expected = oracle(SCORES * np.float32(spread), MASK, ALPHAS[name])
    np.testing.assert_allclose(weights, expected, atol=2e-6)
    np.testing.assert_allclose(weights.sum(-1), 1.0, atol=2e-6)
    np.testing.assert_array_equal(weights == 0.0, expected < 1e-30)


@NAMES
def test_a_long_source_has_weights_as_exact_as_a_short_one(name):
    scores = np.random.default_rng(2).normal(size=(2, 2000)).astype(np.float32)
    weights = np.asarray(make(name)(scores, np.ones_like(scores, bool)))
    np.testing.assert_allclose(
        weights, oracle(scores, np.True_, ALPHAS[name]), atol=2e-6
    )


@pytest.mark.parametrize("name", ["sparsemax", "entmax15"])
def test_low_scores_weigh_exactly_nothing(name):
    scores = np.array([[0.1, 0.0, -2.1, -9.0]], np.float32)
    weights = np.asarray(make(name)(scores, np.ones((1, 4), bool)))
    assert (weights[0, :2] > 0.0).all()
    assert (weights[0, 2:] == 0.0).all()


def test_sparsemax_is_itself_on_the_simplex():
    point = np.array([[0.2, 0.0, 0.5, 0.3]], np.float32)
    weights = Sparsemax()(point, np.ones((1, 4), bool))
    np.testing.assert_allclose(weights, point, atol=1e-7)


@NAMES
@pytest.mark.parametrize("dtype", LOW)
def test_a_row_without_tokens_is_zero_with_zero_gradients(name, dtype):
    normaliser = make(name)
    scores = tf.cast([[1.0, 2.0, LOW[dtype]], [0.5, LOW[dtype], 0.0]], dtype)
    mask = np.array([[False] * 3, [True] * 3])
    with tf.GradientTape() as tape:
        tape.watch(scores)
        weights = normaliser(scores, mask)
        loss = tf.reduce_sum(weights[..., 0] ** 2)
    assert weights.dtype == tf.float32
    np.testing.assert_array_equal(weights[0], 0.0)
    np.testing.assert_allclose(tf.reduce_sum(weights[1]), 1.0, atol=1e-6)
    sources = [scores, *(v.value for v in normaliser.trainable_weights)]
    for gradient in tape.gradient(loss, sources):
        found = np.asarray(gradient, np.float32)
        assert np.isfinite(found).all()
        if found.shape:
            np.testing.assert_array_equal(found[0], 0.0)


def numeric(loss: Callable[[np.ndarray], float], point: np.ndarray) -> np.ndarray:
    gradient = np.zeros(point.shape)
    for place in np.ndindex(point.shape):
        step = np.zeros(point.shape)
        step[place] = 1e-6
        gradient[place] = (loss(point + step) - loss(point - step)) / 2e-6
    return gradient


@NAMES
@pytest.mark.parametrize("spread", [0.3, 3.0])
def test_gradients_are_those_of_the_formula_on_and_off_the_support(name, spread):
    normaliser, alpha = make(name), ALPHAS[name]
    point = (SCORES * spread).astype(np.float64)
    by = np.random.default_rng(3).normal(size=point.shape)
    scores = tf.constant(point, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(scores)
        weights = normaliser(scores, MASK)
        loss = tf.reduce_sum(weights * by.astype(np.float32))
    sources = [scores, *(v.value for v in normaliser.trainable_weights)]
    found = [np.asarray(g) for g in tape.gradient(loss, sources)]
    expected = numeric(lambda x: (oracle(x, MASK, alpha) * by).sum(), point)
    np.testing.assert_allclose(found[0], expected, atol=2e-5)
    off = np.asarray(weights) == 0.0
    assert off.any()
    np.testing.assert_array_equal(found[0][off], 0.0)
    for gradient in found[1:]:  # of alpha_logit

        def by_logit(x: np.ndarray) -> float:
            return (oracle(point, MASK, 1.0 + 1.0 / (1.0 + np.exp(-x))) * by).sum()

        expected = numeric(by_logit, np.array(logit(alpha)))
        np.testing.assert_allclose(gradient, expected, atol=5e-5)


def test_alpha_is_learnt():
    """Flat scores, and a loss that wants the best to have it all: alpha must rise."""
    normaliser = make("alpha_entmax-1.3")
    scores = tf.constant([[0.8, 0.0, 0.1]])
    for _ in range(20):
        with tf.GradientTape() as tape:
            loss = -normaliser(scores, np.ones((1, 3), bool))[0, 0]
        [gradient] = tape.gradient(loss, [normaliser.alpha_logit.value])
        normaliser.alpha_logit.assign_sub(2.0 * gradient)
    assert 1.0 / (1.0 + np.exp(-np.asarray(normaliser.alpha_logit))) > 0.5
