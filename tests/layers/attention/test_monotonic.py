"""Monotonic attention against Raffel et al. (2017) and Chiu & Raffel (2018)."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from attnmt.errors import ConfigError
from attnmt.layers.attention import Attention
from attnmt.layers.attention.monotonic import MochaAttention, MonotonicAttention
from attnmt.weights import named_weights

BATCH, SOURCE, QUERY, VALUES, UNITS, STEPS = 2, 6, 7, 5, 3, 4
MASK = np.arange(SOURCE) < np.array([[4], [6]])
DRAW = np.random.default_rng(1)
QUERIES = DRAW.normal(size=(STEPS, BATCH, QUERY)).astype(np.float32)
MEMORY = DRAW.normal(size=(BATCH, SOURCE, VALUES)).astype(np.float32)
Weights = dict[str, np.ndarray]

KINDS = pytest.mark.parametrize(
    "make",
    [
        lambda: MonotonicAttention(UNITS),
        lambda: MonotonicAttention(UNITS, mode="hard"),
        lambda: MochaAttention(UNITS, chunk=3),
        lambda: MochaAttention(UNITS, chunk=3, mode="hard"),
        lambda: MochaAttention(UNITS, chunk=9),
        lambda: MonotonicAttention(UNITS, end="leave"),
        lambda: MonotonicAttention(UNITS, mode="hard", end="leave"),
        lambda: MochaAttention(UNITS, chunk=3, end="leave"),
    ],
    ids=[
        "monotonic",
        "hard",
        "mocha",
        "hard-mocha",
        "chunk-of-all",
        "leaves",
        "hard-leaves",
        "mocha-leaves",
    ],
)


def read(
    attention: Attention,
    values: Any = MEMORY,
    mask: Any = MASK,
    queries: Any = QUERIES,
) -> tuple[Any, Any]:
    """Contexts and weights [steps, batch, ...], one target position after the other."""
    memory = attention.prepare(values, mask)
    state, contexts, weights = attention.initial_state(memory), [], []
    for query in queries:
        context, row, state = attention(query[:, None], memory, state)
        contexts.append(context[:, 0])
        weights.append(row[:, 0])
    return tf.stack(contexts), tf.stack(weights)


def randomised(make: Callable[[], Attention]) -> Attention:
    attention = make()
    read(attention)  # builds it
    draw = np.random.default_rng(10)  # in "hard" some stop and some walk past
    for variable in attention.weights:
        variable.assign(draw.normal(size=variable.shape))
    return attention


def weights_of(attention: Attention) -> Weights:
    named = named_weights(attention)
    return {name: np.asarray(value, np.float64) for name, value in named.items()}


def sigmoid(x: float) -> float:
    return 1.0 / (1.0 + np.exp(-x))


def chances(query: np.ndarray, values: np.ndarray, w: Weights, hard: bool) -> list:
    """Raffel et al. (2017), eq. 16: sigmoid(g v / |v| . tanh(W s + V h + b) + r)."""
    v = w["energy_layer.kernel"][:, 0]
    found = []
    for h in values:
        hidden = query @ w["query_layer.kernel"] + h @ w["key_layer.kernel"]
        hidden = np.tanh(hidden + w["key_layer.bias"])
        chance = sigmoid(w["scale"] * (v / np.sqrt(v @ v)) @ hidden + w["bias"])
        found.append(float(chance > 0.5) if hard else chance)
    return found


def expected_alignment(p: list, before: np.ndarray) -> np.ndarray:
    """Eq. 9, term by term."""
    found = np.zeros(len(p))
    for j in range(len(p)):
        for k in range(j + 1):
            walked = np.prod([1.0 - p[i] for i in range(k, j)])
            found[j] += p[j] * before[k] * walked
    return found


def chunked(
    a: np.ndarray, query: np.ndarray, values: np.ndarray, w: Weights, size: int
):
    """Chiu & Raffel (2018): a softmax over the last `size` positions to each stop."""
    u = []
    for h in values:
        hidden = query @ w["chunk_energy.query_layer.kernel"]
        hidden = hidden + h @ w["chunk_energy.key_layer.kernel"]
        hidden = np.tanh(hidden + w["chunk_energy.key_layer.bias"])
        u.append(np.exp(hidden @ w["chunk_energy.energy_layer.kernel"]).item())
    found = np.zeros(len(a))
    for k in range(len(a)):
        chunk = range(max(0, k - size + 1), k + 1)
        for j in chunk:
            found[j] += a[k] * u[j] / sum(u[i] for i in chunk)
    return found


def oracle(attention: Any) -> tuple[np.ndarray, np.ndarray]:
    w = weights_of(attention)
    contexts = np.zeros((STEPS, BATCH, VALUES))
    weights = np.zeros((STEPS, BATCH, SOURCE))
    for b in range(BATCH):
        length = int(MASK[b].sum())
        values = MEMORY[b, :length].astype(np.float64)
        alignment = np.eye(length)[0]  # before the first step: the first position
        for t in range(STEPS):
            p = chances(QUERIES[t, b], values, w, attention.hard)
            if attention.sums_to_one:
                p[-1] = 1.0  # nothing walks past the end
            alignment = row = expected_alignment(p, alignment)
            if isinstance(attention, MochaAttention):
                row = chunked(row, QUERIES[t, b], values, w, attention.chunk)
            weights[t, b, :length] = row
            contexts[t, b] = row @ values
    return contexts, weights


@KINDS
def test_contexts_and_weights_are_those_of_the_formula(make):
    attention = randomised(make)
    contexts, weights = oracle(attention)
    found = read(attention)
    if attention.sums_to_one:
        np.testing.assert_allclose(weights.sum(axis=-1), 1.0)
    else:
        assert 3.0 < weights.sum() < STEPS * BATCH - 0.1
    np.testing.assert_allclose(found[0], contexts, atol=2e-6)
    np.testing.assert_allclose(found[1], weights, atol=2e-6)


@pytest.mark.parametrize("source", [1, 2, 3, 50, 500])
@pytest.mark.parametrize("spread", [1.0, 20.0])
def test_the_parallel_form_is_the_recursion_without_bias(source, spread):
    draw = np.random.default_rng(source)
    energy = (spread * draw.normal(size=source)).astype(np.float32)
    before = draw.random(source).astype(np.float32) / source
    exact = np.zeros(source)
    q = 0.0
    for j in range(source):  # eq. 13 and 14 in double precision
        walked = 1.0 / (1.0 + np.exp(float(energy[j - 1]))) if j else 0.0
        q = walked * q + float(before[j])
        exact[j] = q / (1.0 + np.exp(-float(energy[j])))
    mask = np.ones((1, 1, source), bool)
    found = MonotonicAttention(UNITS, end="leave").align(
        tf.constant(energy)[None, None], mask, tf.constant(before)[None, None]
    )
    np.testing.assert_allclose(np.ravel(found), exact, rtol=2e-6)


def test_hard_stops_at_the_first_likely_position_from_the_last_one_on():
    attention = MonotonicAttention(UNITS, mode="hard", end="leave")
    before = tf.one_hot([[1]], 5)
    rows = {
        2: [3.0, -1.0, 2.0, 3.0, -1.0],  # 0 is behind
        1: [-1.0, 0.1, 5.0, -1.0, -1.0],  # to stay is allowed
    }
    for place, energy in rows.items():
        found = attention.align(
            tf.constant([[energy]]), np.ones((1, 1, 5), bool), before
        )
        np.testing.assert_array_equal(np.ravel(found), np.eye(5)[place])
    nowhere = tf.fill((1, 1, 5), -1.0)
    found = attention.align(nowhere, np.ones((1, 1, 5), bool), before)
    np.testing.assert_array_equal(np.ravel(found), 0.0)
    staying = MonotonicAttention(UNITS, mode="hard")
    mask = np.array([[[True, True, True, True, False]]])
    found = staying.align(nowhere, mask, before)
    np.testing.assert_array_equal(np.ravel(found), np.eye(5)[3])


def test_the_mean_position_never_goes_back():
    weights = np.asarray(read(randomised(lambda: MonotonicAttention(UNITS)))[1])
    passed = np.cumsum(weights, axis=-1)  # [steps, batch, source]
    assert (np.diff(passed, axis=0) <= 1e-6).all()


@KINDS
def test_every_weight_has_a_finite_gradient_that_is_not_zero(make):
    attention = randomised(make)
    named = named_weights(attention)
    with tf.GradientTape() as tape:
        values = tf.constant(MEMORY)
        tape.watch(values)
        contexts, weights = read(attention, values)
        loss = tf.reduce_sum(contexts**2) + tf.reduce_sum(weights**2)
    sources = {name: v.value for name, v in named.items()} | {"values": values}
    for name, found in tape.gradient(loss, sources).items():
        gradient = np.asarray(found)
        assert np.isfinite(gradient).all(), name
        assert np.abs(gradient).max() > 1e-6, name
    assert "bias" in sources and "scale" in sources


def test_gradients_in_a_graph_with_a_source_of_any_length_are_those_without():
    attention = randomised(lambda: MochaAttention(UNITS, chunk=3))
    kernel = attention.query_layer.kernel  # type: ignore

    def gradient(values, mask):
        with tf.GradientTape() as tape:
            contexts, _ = read(attention, values, mask, QUERIES[:1])
            loss = tf.reduce_sum(contexts**2)
        return tape.gradient(loss, kernel.value)

    any_length = tf.function(
        gradient,
        input_signature=[
            tf.TensorSpec([None, None, VALUES]),
            tf.TensorSpec([None, None], tf.bool),
        ],
    )
    for length in (1, SOURCE):
        inputs = (MEMORY[:, :length], MASK[:, :length])
        np.testing.assert_allclose(any_length(*inputs), gradient(*inputs), atol=1e-6)


@KINDS
def test_more_padding_changes_nothing(make):
    attention = randomised(make)
    more = read(
        attention,
        np.concatenate([MEMORY, np.full_like(MEMORY[:, :3], 9.0)], axis=1),
        np.pad(MASK, [(0, 0), (0, 3)]),
    )
    contexts, weights = read(attention)
    np.testing.assert_allclose(more[0], contexts, atol=1e-6)
    np.testing.assert_allclose(more[1][..., :SOURCE], weights, atol=1e-6)
    padding = ~np.pad(MASK, [(0, 0), (0, 3)])
    assert (np.asarray(more[1])[:, padding] == 0.0).all()


@KINDS
@pytest.mark.parametrize("precision", ["float32", "mixed_float16", "mixed_bfloat16"])
def test_a_source_without_tokens_gives_zeros_in_every_precision(
    make, policy, precision
):
    policy(precision)
    dtype = keras.config.dtype_policy().compute_dtype
    attention = make()
    mask = np.array([[False] * SOURCE, [True] * SOURCE])
    queries, values = (tf.cast(x, dtype) for x in (QUERIES, MEMORY))
    contexts, weights = read(attention, values, mask, queries)
    assert contexts.dtype == dtype and weights.dtype == tf.float32
    assert np.isfinite(np.asarray(contexts, np.float32)).all()
    assert (weights.numpy() >= 0).all() and (weights.numpy().sum(-1) <= 1.001).all()
    np.testing.assert_array_equal(weights[:, 0], 0.0)
    np.testing.assert_array_equal(np.asarray(contexts, np.float32)[:, 0], 0.0)


def test_the_energy_begins_as_in_the_paper():
    attention = MonotonicAttention(units=16, bias=-4.0)
    assert float(attention.scale.value) == 0.25
    assert float(attention.bias.value) == -4.0
    assert not MonotonicAttention(UNITS, end="leave").sums_to_one


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        ("mode", "loud", "expected one of soft, hard, found 'loud'"),
        ("bias", "low", "expected a number, found 'low'"),
        ("chunk", 0, "expected a whole number above 0, found 0"),
    ],
)
def test_a_wrong_option_is_a_configuration_error(option, value, expected):
    with pytest.raises(ConfigError, match=f"model.attention.{option}: {expected}"):
        MochaAttention(UNITS, **{option: value})
