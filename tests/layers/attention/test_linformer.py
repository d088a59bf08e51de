"""Attention over memory slots: pooled as in Britz et al. (2017), then read."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from attnmt.errors import ConfigError
from attnmt.layers.attention import Attention
from attnmt.layers.attention.linformer import LinformerAttention
from attnmt.weights import named_weights

BATCH, TARGET, SOURCE, QUERY, VALUES, SLOTS = 2, 3, 6, 7, 5, 4
MASK = np.arange(SOURCE) < np.array([[3], [6]])
DRAW = np.random.default_rng(1)
QUERIES = DRAW.normal(size=(BATCH, TARGET, QUERY)).astype(np.float32)
MEMORY = DRAW.normal(size=(BATCH, SOURCE, VALUES)).astype(np.float32)


def read(
    attention: Attention, values: Any = MEMORY, mask: Any = MASK, query: Any = QUERIES
) -> tuple[Any, Any]:
    context, weights, _ = attention(query, attention.prepare(values, mask))
    return context, weights


@pytest.fixture
def attention() -> LinformerAttention:
    attention = LinformerAttention(QUERY, slots=SLOTS)
    read(attention)  # builds it
    draw = np.random.default_rng(3)
    for variable in attention.weights:
        variable.assign(draw.normal(size=variable.shape))
    return attention


def softmax(x: np.ndarray) -> np.ndarray:
    return np.exp(x) / np.exp(x).sum()


def test_contexts_and_weights_are_those_of_the_formula(attention):
    w = {n: np.asarray(v, np.float64) for n, v in named_weights(attention).items()}
    contexts, weights = read(attention)
    assert weights.shape == (BATCH, TARGET, SLOTS)
    for b in range(BATCH):
        values = MEMORY[b, : MASK[b].sum()].astype(np.float64)
        slots = [softmax(values @ a) @ values for a in w["slot_layer.kernel"].T]
        keys = [slot @ w["key_layer.kernel"] for slot in slots]
        for t in range(TARGET):
            row = softmax(np.array([QUERIES[b, t] @ key for key in keys]))
            np.testing.assert_allclose(weights[b, t], row, atol=2e-6)
            np.testing.assert_allclose(contexts[b, t], row @ slots, atol=2e-6)


def test_the_columns_are_slots_however_long_the_source(attention):
    assert attention.align_kind == "slot" and attention.sums_to_one
    for length in (2, 6, 40):
        values = DRAW.normal(size=(BATCH, length, VALUES)).astype(np.float32)
        memory = attention.prepare(values, np.ones((BATCH, length), bool))
        assert memory.values.shape == (BATCH, SLOTS, VALUES)
        _, weights = read(attention, values, np.ones((BATCH, length), bool))
        np.testing.assert_allclose(np.sum(weights, -1), 1.0, atol=1e-6)


def test_a_slot_knows_what_stands_in_the_source_but_not_where(attention):
    backwards = read(attention, MEMORY[:, ::-1], MASK[:, ::-1])
    for found, expected in zip(backwards, read(attention), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-6)


def test_more_padding_changes_nothing(attention):
    more = read(
        attention,
        np.concatenate([MEMORY, np.full_like(MEMORY[:, :3], 9.0)], axis=1),
        np.pad(MASK, [(0, 0), (0, 3)]),
    )
    for found, expected in zip(more, read(attention), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-6)


def test_every_weight_has_a_finite_gradient_that_is_not_zero(attention):
    with tf.GradientTape() as tape:
        values, query = tf.constant(MEMORY), tf.constant(QUERIES)
        tape.watch([values, query])
        context, weights = read(attention, values, query=query)
        loss = tf.reduce_sum(context**2) + tf.reduce_sum(weights**2)
    trained = [variable.value for variable in attention.trainable_variables]
    assert len(trained) == 2
    for found in tape.gradient(loss, [*trained, values, query]):
        gradient = np.asarray(found)
        assert np.isfinite(gradient).all()
        assert np.abs(gradient).max() > 1e-6


@pytest.mark.parametrize("precision", ["float32", "mixed_float16", "mixed_bfloat16"])
def test_a_source_without_tokens_gives_zeros_in_every_precision(policy, precision):
    policy(precision)
    dtype = keras.config.dtype_policy().compute_dtype
    attention = LinformerAttention(QUERY, slots=SLOTS)
    mask = np.array([[False] * SOURCE, [True] * SOURCE])
    query, values = (tf.cast(x, dtype) for x in (QUERIES, MEMORY))
    context, weights = read(attention, values, mask, query)
    assert context.dtype == dtype and weights.dtype == tf.float32
    assert np.isfinite(np.asarray(context, np.float32)).all()
    np.testing.assert_array_equal(weights[0], 0.0)
    np.testing.assert_array_equal(np.asarray(context, np.float32)[0], 0.0)


def test_a_wrong_number_of_slots_is_a_configuration_error():
    expected = "model.attention.slots: expected a whole number above 0, found '8'"
    with pytest.raises(ConfigError, match=expected):
        LinformerAttention(QUERY, slots="8")  # type: ignore
