"""Linear attention: Katharopoulos et al. (2020), Choromanski et al. (2021)."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from attnmt.errors import ConfigError
from attnmt.layers.attention import Attention
from attnmt.layers.attention.linear import LinearAttention, PerformerAttention
from attnmt.weights import named_weights

BATCH, TARGET, SOURCE, QUERY, VALUES, UNITS = 2, 3, 6, 7, 5, 4
MASK = np.arange(SOURCE) < np.array([[4], [6]])
DRAW = np.random.default_rng(1)
QUERIES = DRAW.normal(size=(BATCH, TARGET, QUERY)).astype(np.float32)
MEMORY = DRAW.normal(size=(BATCH, SOURCE, VALUES)).astype(np.float32)
Weights = dict[str, np.ndarray]

KINDS = pytest.mark.parametrize(
    "make",
    [lambda: LinearAttention(UNITS), lambda: PerformerAttention(UNITS, features=9)],
    ids=["linear", "performer"],
)


def read(
    attention: Attention, values: Any = MEMORY, mask: Any = MASK, query: Any = QUERIES
) -> tuple[Any, Any]:
    context, weights, _ = attention(query, attention.prepare(values, mask))
    return context, weights


def randomised(make: Callable[[], LinearAttention], seed: int = 3) -> LinearAttention:
    attention = make()
    read(attention)  # builds it
    draw = np.random.default_rng(seed)
    for variable in attention.trainable_variables:
        variable.assign(draw.normal(size=variable.shape))
    return attention


def elu_plus_one(x: np.ndarray, w: Weights) -> np.ndarray:
    """Katharopoulos et al. (2020), eq. 7."""
    return np.array([value + 1.0 if value > 0 else np.exp(value) for value in x])


def random_features(x: np.ndarray, w: Weights) -> np.ndarray:
    """Choromanski et al. (2021), lemma 1, for the kernel exp(x . y / sqrt(units))."""
    x = x / UNITS**0.25
    return np.array([np.exp(f @ x - x @ x / 2) for f in w["directions"].T])


def oracle(attention: LinearAttention) -> tuple[np.ndarray, np.ndarray]:
    """Every pair of a query and a key on its own."""
    w = {n: np.asarray(v, np.float64) for n, v in named_weights(attention).items()}
    performer = isinstance(attention, PerformerAttention)
    phi = random_features if performer else elu_plus_one
    contexts = np.zeros((BATCH, TARGET, VALUES))
    weights = np.zeros((BATCH, TARGET, SOURCE))
    for b, t in np.ndindex(BATCH, TARGET):
        query = phi(QUERIES[b, t] @ w["query_layer.kernel"], w)
        for j in range(MASK[b].sum()):
            key = phi(MEMORY[b, j] @ w["key_layer.kernel"], w)
            weights[b, t, j] = query @ key
        weights[b, t] /= weights[b, t].sum()
        contexts[b, t] = weights[b, t] @ MEMORY[b]
    return contexts, weights


@KINDS
def test_contexts_and_weights_are_those_of_the_formula(make):
    attention = randomised(make)
    for found, expected in zip(read(attention), oracle(attention), strict=True):
        np.testing.assert_allclose(found, expected, atol=3e-6)


@KINDS
@pytest.mark.parametrize("size", [1.0, 100.0])
def test_the_weights_times_the_values_are_the_context(make, size):
    attention = randomised(make)
    context, weights = read(attention, size * MEMORY, query=size * QUERIES)
    np.testing.assert_allclose(context, weights @ (size * MEMORY), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(np.sum(weights, -1), 1.0, atol=1e-5)
    assert (np.asarray(weights) >= 0.0).all()


@KINDS
def test_other_values_are_read_with_the_same_weights(make):
    attention = randomised(make)
    memory = attention.prepare(MEMORY, MASK)
    other = DRAW.normal(size=(BATCH, SOURCE, VALUES + 1)).astype(np.float32)
    context, weights, _ = attention(QUERIES, attention.with_values(memory, other))
    np.testing.assert_allclose(context, weights @ other, atol=1e-5)
    np.testing.assert_array_equal(weights, read(attention)[1])


def test_the_context_needs_the_summed_products_alone():
    attention = randomised(lambda: LinearAttention(UNITS))
    memory = attention.prepare(MEMORY, MASK)
    short = memory._replace(keys=memory.keys[:, :1], values=memory.values[:, :1])
    np.testing.assert_array_equal(
        attention(QUERIES, short)[0], attention(QUERIES, memory)[0]
    )


def test_many_random_features_come_near_the_softmax():
    attention = randomised(lambda: PerformerAttention(UNITS, features=20_000))
    w = {n: np.asarray(v, np.float64) / 3 for n, v in named_weights(attention).items()}
    for name, variable in named_weights(attention).items():
        if name != "directions":
            variable.assign(w[name])
    queries = QUERIES @ w["query_layer.kernel"]
    keys = MEMORY @ w["key_layer.kernel"]
    powers = np.exp(np.einsum("btu,bju->btj", queries, keys) / UNITS**0.5)
    powers *= MASK[:, None]
    expected = powers / powers.sum(-1, keepdims=True)
    assert expected.max() > 0.4  # not just an even spread
    np.testing.assert_allclose(read(attention)[1], expected, atol=0.05)


def test_the_random_directions_are_orthogonal_the_same_each_time_and_do_not_train():
    first, second = (PerformerAttention(UNITS, features=9) for _ in range(2))
    np.testing.assert_array_equal(first.directions.value, second.directions.value)
    directions = np.asarray(first.directions.value)  # [units, features]
    assert directions.shape == (UNITS, 9)
    for begin in (0, 4, 8):
        block = directions[:, begin : begin + UNITS]
        products = block.T @ block
        np.testing.assert_allclose(products, np.diag(np.diag(products)), atol=1e-5)
    read(first)
    assert "directions" in named_weights(first)  # a checkpoint holds it
    assert len(first.trainable_variables) == 2


@KINDS
def test_every_weight_has_a_finite_gradient_that_is_not_zero(make):
    attention = randomised(make)
    with tf.GradientTape() as tape:
        values, query = tf.constant(MEMORY), tf.constant(QUERIES)
        tape.watch([values, query])
        context, weights = read(attention, values, query=query)
        loss = tf.reduce_sum(context**2) + tf.reduce_sum(weights**2)
    trained = [variable.value for variable in attention.trainable_variables]
    for found in tape.gradient(loss, [*trained, values, query]):
        gradient = np.asarray(found)
        assert np.isfinite(gradient).all()
        assert np.abs(gradient).max() > 1e-6


def test_the_gradients_of_performer_are_those_of_the_formula():
    attention = randomised(lambda: PerformerAttention(UNITS, features=9))
    kernel = named_weights(attention)["query_layer.kernel"]
    by_weights = DRAW.normal(size=(BATCH, TARGET, SOURCE))
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(read(attention)[1] * by_weights)
    found, point = np.asarray(tape.gradient(loss, kernel.value)), np.array(kernel)
    expected = np.zeros_like(found)
    for index in np.ndindex(point.shape):
        sides = []
        for step in (1e-2, -1e-2):
            moved = point.copy()
            moved[index] += step
            kernel.assign(moved)
            sides.append((oracle(attention)[1] * by_weights).sum())
        expected[index] = (sides[0] - sides[1]) / 2e-2
    np.testing.assert_allclose(found, expected, atol=1e-3)


@KINDS
def test_more_padding_changes_nothing(make):
    attention = randomised(make)
    more = read(
        attention,
        np.concatenate([MEMORY, np.full_like(MEMORY[:, :3], 9.0)], axis=1),
        np.pad(MASK, [(0, 0), (0, 3)]),
    )
    context, weights = read(attention)
    np.testing.assert_allclose(more[0], context, atol=1e-5)
    np.testing.assert_allclose(more[1][..., :SOURCE], weights, atol=1e-6)
    assert (np.asarray(more[1])[..., SOURCE:] == 0.0).all()
    assert (np.asarray(weights)[0, :, 4:] == 0.0).all()


@KINDS
@pytest.mark.parametrize("precision", ["float32", "mixed_float16", "mixed_bfloat16"])
def test_a_source_without_tokens_gives_zeros_in_every_precision(
    make, policy, precision
):
    policy(precision)
    dtype = keras.config.dtype_policy().compute_dtype
    attention = make()
    mask = np.array([[False] * SOURCE, [True] * SOURCE])
    query, values = (tf.cast(x, dtype) for x in (QUERIES, MEMORY))
    with tf.GradientTape() as tape:
        tape.watch([query, values])
        context, weights = read(attention, values, mask, query)
        loss = tf.reduce_sum(tf.cast(context, tf.float32) ** 2)
    assert context.dtype == dtype and weights.dtype == tf.float32
    assert np.isfinite(np.asarray(context, np.float32)).all()
    np.testing.assert_array_equal(weights[0], 0.0)
    np.testing.assert_array_equal(np.asarray(context, np.float32)[0], 0.0)
    for gradient in tape.gradient(loss, [query, values]):
        assert np.isfinite(np.asarray(gradient, np.float32)).all()


def test_a_wrong_number_of_features_is_a_configuration_error():
    expected = "model.attention.features: expected a whole number above 0, found 0"
    with pytest.raises(ConfigError, match=expected):
        PerformerAttention(UNITS, features=0)
