"""Every mechanism against its paper's formula, one number at a time, in NumPy."""

from collections.abc import Callable

import numpy as np
import pytest
import tensorflow as tf

from attnmt.weights import named_weights

Weights = dict[str, np.ndarray]
Score = Callable[[np.ndarray, np.ndarray, Weights], float]


def additive(query: np.ndarray, value: np.ndarray, w: Weights) -> float:
    """Bahdanau et al. (2015), A.1.2: v . tanh(W s + U h), with a bias."""
    from_query = w["query_layer.kernel"].T @ query
    from_key = w["key_layer.kernel"].T @ value + w["key_layer.bias"]
    return (w["energy_layer.kernel"].T @ np.tanh(from_query + from_key)).item()


def dot(query: np.ndarray, value: np.ndarray, w: Weights) -> float:
    """Luong et al. (2015), eq. 8: h_t . h_s."""
    return sum(a * b for a, b in zip(query, value, strict=True))


def scaled_dot(query: np.ndarray, value: np.ndarray, w: Weights) -> float:
    """Vaswani et al. (2017), eq. 1: q . k / sqrt(d)."""
    return dot(query, value, w) / len(query) ** 0.5


def general(query: np.ndarray, value: np.ndarray, w: Weights) -> float:
    """Luong et al. (2015), eq. 8: h_t . W h_s."""
    return (query @ (w["key_layer.kernel"].T @ value)).item()


ORACLES: dict[str, Score] = {
    "additive": additive,
    "dot": dot,
    "scaled_dot": scaled_dot,
    "general": general,
}
OPTIONS = {"additive": {"units": 4}}
MECHANISMS = pytest.mark.parametrize("kind", ORACLES)


def oracle(
    score: Score, query: np.ndarray, values: np.ndarray, mask: np.ndarray, w: Weights
) -> tuple[np.ndarray, np.ndarray]:
    """Contexts and weights: for each query a softmax over the real values only."""
    contexts = np.zeros(query.shape[:2] + values.shape[2:])
    weights = np.zeros(query.shape[:2] + mask.shape[1:])
    for b, t in np.ndindex(query.shape[:2]):
        real = [j for j in range(mask.shape[1]) if mask[b, j]]
        powers = [np.exp(score(query[b, t], values[b, j], w)) for j in real]
        for j, power in zip(real, powers, strict=True):
            weights[b, t, j] = power / sum(powers)
            contexts[b, t] += weights[b, t, j] * values[b, j]
    return contexts, weights


@MECHANISMS
def test_contexts_and_weights_are_those_of_the_formula(make_case, kind):
    case = make_case(kind, **OPTIONS.get(kind, {}))
    context, weights = case.read()
    expected = oracle(ORACLES[kind], case.query, case.values, case.mask, case.weights())
    np.testing.assert_allclose(context, expected[0], atol=2e-6)
    np.testing.assert_allclose(weights, expected[1], atol=2e-6)


@MECHANISMS
@pytest.mark.parametrize("masked", [True, False])
def test_gradients_are_those_of_the_formula(make_case, kind, masked):
    case = make_case(kind, **OPTIONS.get(kind, {}))
    mask = case.mask if masked else np.ones_like(case.mask)
    draw = np.random.default_rng(2)
    by_context = draw.normal(size=case.read()[0].shape)
    by_weights = draw.normal(size=case.read()[1].shape)
    points = {"query": case.query, "values": case.values} | case.weights()
    points = {name: point.astype(np.float64) for name, point in points.items()}

    def loss(points: Weights) -> float:
        query, values = points["query"], points["values"]
        context, weights = oracle(ORACLES[kind], query, values, mask, points)
        return (context * by_context).sum() + (weights * by_weights).sum()

    variables = named_weights(case.attention)
    with tf.GradientTape() as tape:
        inputs = {k: tf.constant(points[k], tf.float32) for k in ("query", "values")}
        tape.watch(inputs)
        memory = case.attention.prepare(inputs["values"], mask)
        context, weights, _ = case.attention(inputs["query"], memory)
        total = tf.reduce_sum(context * by_context)
        total += tf.reduce_sum(weights * by_weights)
    sources = inputs | {name: v.value for name, v in variables.items()}
    for name, gradient in tape.gradient(total, sources).items():
        expected = numeric_gradient(loss, points, name)
        found = np.asarray(gradient)
        np.testing.assert_allclose(found, expected, atol=3e-5, err_msg=name)


def numeric_gradient(
    loss: Callable[[Weights], float], points: Weights, name: str, step: float = 1e-5
) -> np.ndarray:
    """Central differences of `loss` in double precision."""
    point = points[name]
    gradient = np.zeros_like(point)
    for index in np.ndindex(point.shape):
        kept = point[index]
        point[index] = kept + step
        above = loss(points)
        point[index] = kept - step
        gradient[index] = (above - loss(points)) / (2 * step)
        point[index] = kept
    return gradient
