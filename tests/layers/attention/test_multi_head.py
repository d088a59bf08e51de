"""Several heads, against Vaswani et al. (2017), section 3.2.2, in NumPy."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from attnmt.config import schema
from attnmt.errors import ConfigError
from attnmt.layers.attention import Attention, build_attention
from attnmt.weights import named_weights

BATCH, SOURCE, TARGET, QUERY, VALUES, UNITS, HEADS = 2, 5, 3, 7, 4, 6, 2
MASK = np.arange(SOURCE) < np.array([[3], [5]])
DRAW = np.random.default_rng(2)
QUERIES = DRAW.normal(size=(BATCH, TARGET, QUERY)).astype(np.float32)
SOURCES = DRAW.normal(size=(BATCH, SOURCE, VALUES)).astype(np.float32)


def build(kind: str = "scaled_dot", **options: Any) -> Attention:
    config = {"type": kind, "heads": HEADS, "units": UNITS, **options}
    if kind in ("dot", "scaled_dot"):
        del config["units"]  # the depth of the query then
    return build_attention(schema.Attention.model_validate(config), UNITS)


def randomised(kind: str = "scaled_dot", **options: Any) -> Attention:
    attention = build(kind, **options)
    read(attention)
    draw = np.random.default_rng(3)
    for variable in attention.weights:
        variable.assign(draw.normal(size=variable.shape, scale=0.6))
    return attention


def read(
    attention: Attention, values: Any = SOURCES, mask=MASK, queries: Any = QUERIES
) -> tuple[Any, Any]:
    """Contexts [batch, target, depth], weights [batch, head, target, source]."""
    memory = attention.prepare(values, mask)
    state, contexts, weights = attention.initial_state(memory), [], []
    if not tf.nest.flatten(state):
        return attention(queries, memory, state)[:2]
    for t in range(queries.shape[1]):
        context, row, state = attention(queries[:, t : t + 1], memory, state)
        contexts.append(context)
        weights.append(row)
    return tf.concat(contexts, axis=1), tf.concat(weights, axis=2)


def oracle(w: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """MultiHead(Q, K, V) = Concat(head_1, ..., head_h) W_O."""
    contexts = np.zeros((BATCH, TARGET, VALUES))
    weights = np.zeros((BATCH, HEADS, TARGET, SOURCE))
    d = UNITS // HEADS
    for b, length in enumerate(MASK.sum(axis=1)):
        heads = []
        for i in range(HEADS):
            of_head = slice(i * d, (i + 1) * d)
            q = QUERIES[b] @ w["query_layer.kernel"][:, of_head]
            k = SOURCES[b, :length] @ w["key_layer.kernel"][:, of_head]
            v = SOURCES[b, :length] @ w["value_layer.kernel"][:, of_head]
            powers = np.exp(q @ k.T / np.sqrt(d))
            rows = powers / powers.sum(axis=1, keepdims=True)
            weights[b, i, :, :length] = rows
            heads.append(rows @ v)
        contexts[b] = np.concatenate(heads, axis=1) @ w["output_layer.kernel"]
    return contexts, weights


def test_contexts_and_weights_are_those_of_the_formula():
    attention = randomised()
    named = named_weights(attention).items()
    weights = {name: np.asarray(value, np.float64) for name, value in named}
    for found, expected in zip(read(attention), oracle(weights), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-5)


CASES = pytest.mark.parametrize(
    "options",
    [
        {},
        {"kind": "additive"},
        {"kind": "general", "normaliser": "sparsemax"},
        {"kind": "additive", "coverage": "gated"},
        {"kind": "location", "filters": 3, "width": 3},
    ],
)


@CASES
def test_every_weight_has_a_finite_gradient(options):
    attention = randomised(**options)
    upstream = np.random.default_rng(1).normal(size=(BATCH, TARGET, VALUES))
    variables = {n: v.value for n, v in named_weights(attention).items()}
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(read(attention)[0] * upstream)
    for name, gradient in tape.gradient(loss, variables).items():
        found = np.asarray(gradient)
        assert np.isfinite(found).all(), name
        assert np.abs(found).max() > 0.0, name


@CASES
def test_heads_keep_their_rows_and_padding_gets_nothing(options):
    attention = randomised(**options)
    context, weights = map(np.asarray, read(attention))
    assert weights.shape == (BATCH, HEADS, TARGET, SOURCE)
    np.testing.assert_allclose(weights.sum(axis=-1), 1.0, atol=1e-6)
    assert np.abs(weights[:, 0] - weights[:, 1]).max() > 0.01
    noise = np.full((BATCH, 2, VALUES), 9.0, np.float32)
    values = np.concatenate([SOURCES, noise], axis=1)
    padded = read(attention, values, np.pad(MASK, [(0, 0), (0, 2)]))
    np.testing.assert_allclose(padded[0], context, atol=1e-5)
    np.testing.assert_allclose(padded[1][..., :SOURCE], weights, atol=1e-5)
    assert not np.any(padded[1][..., SOURCE:])


@CASES
@pytest.mark.parametrize(
    ("precision", "dtype"),
    [("mixed_float16", "float16"), ("mixed_bfloat16", "bfloat16")],
)
def test_half_precision_and_a_source_without_tokens(policy, options, precision, dtype):
    policy(precision)
    attention = build(**options)
    mask = np.array([[False] * SOURCE, [True] * SOURCE])
    context, weights = read(
        attention, tf.cast(SOURCES, dtype), mask, tf.cast(QUERIES, dtype)
    )
    assert (context.dtype, weights.dtype) == (dtype, "float32")
    assert not np.any(np.asarray(context, np.float32)[0])
    assert not np.any(np.asarray(weights)[0])
    np.testing.assert_allclose(np.asarray(weights)[1].sum(-1), 1.0, atol=1e-5)


@CASES
def test_other_values_change_what_is_read_and_not_the_weights(options):
    attention = randomised(**options)
    memory = attention.prepare(SOURCES, MASK)
    other = attention.with_values(memory, -2.0 * memory.values)
    state, query = attention.initial_state(memory), QUERIES[:, :1]
    context, weights, _ = attention(query, memory, state)
    changed, same, _ = attention(query, other, state)
    np.testing.assert_array_equal(same, weights)
    np.testing.assert_allclose(changed, -2.0 * context, atol=1e-5)


def test_heads_that_do_not_divide_the_units_are_refused():
    with pytest.raises(ConfigError, match=r"model.attention.heads: .*\(6; .*found 4"):
        build("additive", heads=4)
