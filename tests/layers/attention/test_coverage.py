"""Coverage as input to the score, against Tu et al. (2016), one number at a time."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from attnmt.config import schema
from attnmt.errors import ConfigError
from attnmt.layers.attention import MECHANISMS, Attention, Coverage, build_attention
from attnmt.weights import named_weights

BATCH, SOURCE, QUERY, VALUES, STEPS = 2, 5, 7, 6, 4
MASK = np.arange(SOURCE) < np.array([[3], [5]])
COVERAGES = pytest.mark.parametrize("coverage", ["count", "fertility", "gated"])
DRAW = np.random.default_rng(5)
QUERIES = DRAW.normal(size=(STEPS, BATCH, QUERY)).astype(np.float32)
SAME_DEPTH = DRAW.normal(size=(BATCH, SOURCE, QUERY)).astype(np.float32)
OTHER_DEPTH = SAME_DEPTH[..., :VALUES]


def build(coverage: str, kind: str = "additive", **options: Any) -> Attention:
    config = {"type": kind, "coverage": coverage, **options}
    return build_attention(schema.Attention.model_validate(config), QUERY)


def values_for(kind: str) -> np.ndarray:
    return SAME_DEPTH if kind in ("dot", "scaled_dot") else OTHER_DEPTH


def read(attention: Attention, values, mask=MASK, queries=QUERIES):
    """Contexts and weights of one target position after the other."""
    memory = attention.prepare(values, mask)
    state, contexts, weights = attention.initial_state(memory), [], []
    for query in queries:
        context, row, state = attention(query[:, None], memory, state)
        contexts.append(context[:, 0])
        weights.append(row[:, 0])
    return tf.stack(contexts), tf.stack(weights)  # [steps, batch, ...]


def randomised(coverage: str, kind: str = "additive", **options: Any) -> Attention:
    attention = build(coverage, kind, **options)
    read(attention, values_for(kind))  # builds it
    draw = np.random.default_rng(3)
    for variable in attention.weights:
        variable.assign(draw.normal(size=variable.shape))
    return attention


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-x))


def gru(c: np.ndarray, weight: float, h: np.ndarray, query: np.ndarray, w: dict):
    """Cho et al. (2014), eq. 5 to 8, of the input [weight, h, query]."""
    x = (
        h @ w["coverage.value_layer.kernel"]
        + w["coverage.value_layer.bias"]
        + weight * w["coverage.weight_layer.kernel"][0]
        + query @ w["coverage.query_layer.kernel"]
    )
    d = len(c)
    gates = w["coverage.gate_layer.kernel"]
    reset = sigmoid(x[:d] + c @ gates[:, :d])
    update = sigmoid(x[d : 2 * d] + c @ gates[:, d:])
    new = np.tanh(x[2 * d :] + (reset * c) @ w["coverage.candidate_layer.kernel"])
    return update * c + (1 - update) * new


def oracle(kind: str, coverage: str, w: dict[str, np.ndarray]):
    """energy_j = v tanh(W s + U h_j + V C_j), or s (h_j + V C_j) for dot."""
    values, size = values_for(kind), 10 if coverage == "gated" else 1
    contexts = np.zeros((STEPS, BATCH, values.shape[-1]))
    weights = np.zeros((STEPS, BATCH, SOURCE))
    for b, length in enumerate(MASK.sum(axis=1)):
        covered = [np.zeros(size) for _ in range(length)]
        for t in range(STEPS):
            s, energies = QUERIES[t, b], []
            for h, c in zip(values[b], covered, strict=False):
                seen = c @ w["coverage.key_layer.kernel"]
                if kind == "dot":
                    energies.append(s @ (h + seen))
                    continue
                key = h @ w["inner.key_layer.kernel"] + w["inner.key_layer.bias"]
                inner = np.tanh(s @ w["inner.query_layer.kernel"] + key + seen)
                energies.append((inner @ w["inner.energy_layer.kernel"]).item())
            row = np.exp(energies) / np.exp(energies).sum()
            weights[t, b, :length], contexts[t, b] = row, row @ values[b, :length]
            for j, h in enumerate(values[b, :length]):
                if coverage == "gated":
                    covered[j] = gru(covered[j], row[j], h, s, w)
                else:
                    fertility = 1.0
                    if coverage == "fertility":
                        u = w["coverage.fertility_layer.kernel"][:, 0]
                        fertility = 2.0 * sigmoid(h @ u)
                    covered[j] = covered[j] + row[j] / fertility
    return contexts, weights


@COVERAGES
@pytest.mark.parametrize("kind", ["additive", "dot"])
def test_four_positions_are_those_of_the_formula(kind, coverage):
    attention = randomised(coverage, kind)
    named = named_weights(attention).items()
    weights = {name: np.asarray(value, np.float64) for name, value in named}
    found = read(attention, values_for(kind))
    for one, other in zip(found, oracle(kind, coverage, weights), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


@COVERAGES
def test_every_weight_has_a_finite_gradient(coverage):
    attention = randomised(coverage)
    upstream = np.random.default_rng(1).normal(size=(STEPS, BATCH, VALUES))
    variables = {n: v.value for n, v in named_weights(attention).items()}
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(read(attention, OTHER_DEPTH)[0] * upstream)
    for name, gradient in tape.gradient(loss, variables).items():
        found = np.asarray(gradient)
        assert np.isfinite(found).all(), name
        assert np.abs(found).max() > 0.0, name


@COVERAGES
def test_more_padding_changes_nothing(coverage):
    attention = randomised(coverage)
    noise = np.full((BATCH, 3, VALUES), 9.0, np.float32)
    values = np.concatenate([OTHER_DEPTH, noise], axis=1)
    padded = read(attention, values, np.pad(MASK, [(0, 0), (0, 3)]))
    context, weights = read(attention, OTHER_DEPTH)
    np.testing.assert_allclose(padded[0], context, atol=1e-6)
    np.testing.assert_allclose(padded[1][..., :SOURCE], weights, atol=1e-6)
    assert not np.any(padded[1][..., SOURCE:])


@COVERAGES
@pytest.mark.parametrize(
    ("precision", "dtype"),
    [
        ("float32", "float32"),
        ("mixed_float16", "float16"),
        ("mixed_bfloat16", "bfloat16"),
    ],
)
def test_the_state_is_not_rounded_and_an_empty_source_gives_zeros(
    policy, coverage, precision, dtype
):
    policy(precision)
    attention = build(coverage)
    values = tf.cast(OTHER_DEPTH, dtype)
    mask = np.array([[False] * SOURCE, [True] * SOURCE])
    memory = attention.prepare(values, mask)
    state = attention.initial_state(memory)
    for query in tf.unstack(tf.cast(QUERIES, dtype)):
        context, weights, state = attention(query[:, None], memory, state)
        assert (context.dtype, weights.dtype) == (dtype, "float32")
        assert not np.any(np.asarray(weights)[0])
        assert not np.any(np.asarray(context, np.float32)[0])
        np.testing.assert_allclose(np.asarray(weights)[1].sum(), 1.0, atol=1e-5)
    for part in tf.nest.flatten(state):
        assert part.dtype == "float32"
        assert np.isfinite(part).all()


@pytest.mark.parametrize("kind", sorted(set(MECHANISMS) - {"multiplicative"}))
def test_a_mechanism_hears_of_coverage_or_refuses_it(kind):
    try:
        attention = build("count", kind)
    except ConfigError as error:
        assert "model.attention.coverage" in str(error)
        return
    values = values_for(kind)
    read(attention, values)  # builds it
    kernel = named_weights(attention)["coverage.key_layer.kernel"]
    upstream = np.random.default_rng(1).normal(size=(STEPS, BATCH, values.shape[-1]))
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(read(attention, values)[0] * upstream)
    gradient = np.asarray(tape.gradient(loss, kernel.value))
    assert np.abs(gradient).max() > 0.0


def test_what_does_not_score_by_keys_is_refused(tmp_path, monkeypatch):
    (tmp_path / "users_blind.py").write_text(
        "from attnmt.layers.attention import Attention, Coverage\n"
        "class Blind(Attention):\n"
        "    scores_by_keys = False\n"
        "class Mine(Coverage):\n"
        "    pass\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ConfigError, match="expected none, because users_blind:Blind"):
        build("count", "users_blind:Blind")
    own = build("users_blind:Mine")
    assert isinstance(own.coverage, Coverage)  # type: ignore[attr-defined]
    with pytest.raises(ConfigError, match="model.attention.coverage: expected one of"):
        build("counts")
