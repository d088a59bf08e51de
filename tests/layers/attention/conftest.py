"""One small case for all mechanisms: every size is another number."""

from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import numpy as np
import pytest
import tensorflow as tf

from attnmt.config import schema
from attnmt.layers.attention import Attention, State, Tensor, build_attention
from attnmt.weights import named_weights

BATCH, TARGET, SOURCE, QUERY, VALUES, UNITS = 2, 3, 5, 7, 6, 4

STEPS = 4  # target positions of a mechanism with a state
Weights = dict[str, np.ndarray]
# query [depth], real values [n, depth], weights, state -> row of weights [n], state
Row = Callable[[np.ndarray, np.ndarray, Weights, Any], tuple[np.ndarray, Any]]


class Case(NamedTuple):
    """A mechanism with random weights and something to read."""

    attention: Attention
    query: np.ndarray  # [batch, target, query]
    values: np.ndarray  # [batch, source, values]
    mask: np.ndarray  # [batch, source]

    def read(self, **change: Any) -> tuple[np.ndarray, np.ndarray]:
        """Context and weights, of other inputs where some are given."""
        case = self._replace(**change)
        memory = case.attention.prepare(case.values, case.mask)
        state = case.attention.initial_state(memory)
        context, weights, _ = case.attention(case.query, memory, state)
        return np.asarray(context, np.float32), np.asarray(weights)

    def weights(self) -> dict[str, np.ndarray]:
        """The weights by name in double precision."""
        named = named_weights(self.attention)
        return {name: np.asarray(value, np.float64) for name, value in named.items()}


@pytest.fixture(scope="session")
def make_case() -> Callable[..., Case]:
    def make(kind: str, dtype: str = "float32", **options: int) -> Case:
        draw = np.random.default_rng(sum(map(ord, kind)))
        depth = QUERY if kind in ("dot", "scaled_dot") else VALUES
        query = draw.normal(size=(BATCH, TARGET, QUERY)).astype(np.float32)
        values = draw.normal(size=(BATCH, SOURCE, depth)).astype(np.float32)
        mask = np.arange(SOURCE) < np.array([[SOURCE - 2], [SOURCE]])
        config = schema.Attention.model_validate({"type": kind, **options})
        attention = build_attention(config, QUERY)
        to = keras.ops.cast
        case = Case(attention, to(query, dtype), to(values, dtype), mask)
        case.read()  # builds the layers
        for variable in attention.weights:
            variable.assign(draw.normal(size=variable.shape))
        return case._replace(query=query, values=values) if dtype == "float32" else case

    return make


@pytest.fixture(scope="session")
def check_formula() -> Callable[..., None]:
    """Hold a mechanism, one target position at a time, against a formula in NumPy.

    Contexts, weights, the slope along one direction of each input and each weight,
    more padding, and all positions at once where there is no state.
    """

    def check(kind: str, row: Row, **options: Any) -> None:
        attention, points, mask = _steps_case(kind, **options)
        contexts, weights = _formula(row, points, mask)
        inputs = {k: tf.constant(points[k], tf.float32) for k in ("query", "values")}
        by = np.random.default_rng(3)
        by_context = by.normal(size=contexts.shape)
        by_weights = by.normal(size=weights.shape)

        def loss(contexts: Any, weights: Any) -> Any:
            return (contexts * by_context).sum() + (weights * by_weights).sum()

        with tf.GradientTape() as tape:
            tape.watch(inputs)
            found = _step_through(attention, **inputs, mask=mask)
            total = tf.reduce_sum(found[0] * by_context)
            total += tf.reduce_sum(found[1] * by_weights)
        np.testing.assert_allclose(found[0], contexts, atol=3e-6)
        np.testing.assert_allclose(found[1], weights, atol=3e-6)
        variables = {k: v.value for k, v in named_weights(attention).items()}
        for name, gradient in tape.gradient(total, inputs | variables).items():
            assert np.isfinite(gradient).all(), name
            assert np.abs(gradient).max() > 1e-5, name
            way = by.normal(size=np.shape(gradient))
            ends = [
                loss(*_formula(row, points | {name: points[name] + step * way}, mask))
                for step in (1e-5, -1e-5)
            ]
            slope, expected = np.sum(gradient * way), (ends[0] - ends[1]) / 2e-5
            np.testing.assert_allclose(slope, expected, 1e-3, 1e-4, err_msg=name)
        noise = np.full_like(points["values"][:, :3], 9.0)
        longer = np.concatenate([points["values"], noise], axis=1)
        wider = np.pad(mask, [(0, 0), (0, 3)])
        more = _step_through(attention, points["query"], longer, wider)
        np.testing.assert_allclose(more[0], found[0], atol=1e-6)
        np.testing.assert_allclose(more[1][..., :SOURCE], found[1], atol=1e-6)
        np.testing.assert_array_equal(more[1][..., SOURCE:], 0.0)
        memory = attention.prepare(inputs["values"], mask)
        state = attention.initial_state(memory)
        if not tf.nest.flatten(state):
            whole = attention(inputs["query"], memory, state)
            np.testing.assert_allclose(whole[0], found[0], atol=1e-6)
            np.testing.assert_allclose(whole[1], found[1], atol=1e-6)

    return check


@pytest.fixture
def check_precision(policy: Callable[[str], None]) -> Callable[..., None]:
    """Weights and state are float32, without a source zeros, never a NaN."""

    def check(kind: str, precision: str, **options: Any) -> None:
        policy(precision if precision == "float32" else f"mixed_{precision}")
        attention, points, mask = _steps_case(kind, precision, **options)
        mask[0] = False
        query, values = (
            keras.ops.cast(points[k], precision) for k in ("query", "values")
        )
        with tf.GradientTape() as tape:
            tape.watch([query, values])
            contexts, weights = _step_through(attention, query, values, mask)
            total = tf.reduce_sum(tf.cast(contexts, tf.float32) ** 2)
            total += tf.reduce_sum(weights**2)
        assert (contexts.dtype, weights.dtype) == (precision, "float32")
        np.testing.assert_array_equal(weights[0], 0.0)
        np.testing.assert_array_equal(tf.cast(contexts[0], tf.float32), 0.0)
        np.testing.assert_allclose(tf.reduce_sum(weights[1], -1), 1.0, atol=1e-6)
        assert np.min(weights) >= 0.0
        variables = [v.value for v in attention.weights]
        for gradient in tape.gradient(total, [query, values, *variables]):
            assert np.isfinite(tf.cast(gradient, tf.float32)).all()

    return check


def _steps_case(
    kind: str, dtype: str = "float32", **options: Any
) -> tuple[Attention, Weights, np.ndarray]:
    """A mechanism, its weights beside query and values, a mask of 3 and 5 tokens."""
    draw = np.random.default_rng(sum(map(ord, kind)))
    points = {
        "query": draw.normal(size=(BATCH, STEPS, QUERY)),
        "values": draw.normal(size=(BATCH, SOURCE, VALUES)),
    }
    mask = np.arange(SOURCE) < np.array([[SOURCE - 2], [SOURCE]])
    config = schema.Attention.model_validate({"type": kind, **options})
    attention = build_attention(config, QUERY)
    inputs = [keras.ops.cast(point, dtype) for point in points.values()]
    _step_through(attention, *inputs, mask)  # builds the layers
    for variable in attention.weights:
        variable.assign(0.5 * draw.normal(size=variable.shape))
    for name, variable in named_weights(attention).items():
        points[name] = np.asarray(variable, np.float64)
    return attention, points, mask


def _step_through(
    attention: Attention, query: Any, values: Any, mask: np.ndarray
) -> tuple[Tensor, Tensor]:
    """Contexts and weights, one target position at a time; the state is float32."""
    memory = attention.prepare(tf.convert_to_tensor(values, query.dtype), mask)
    state: State = attention.initial_state(memory)
    readings = []
    for t in range(query.shape[1]):
        context, weights, state = attention(query[:, t : t + 1], memory, state)
        for part in tf.nest.flatten(state):
            assert (part.dtype, part.shape[0]) == (tf.float32, BATCH)
        readings.append((context, weights))
    contexts, rows = zip(*readings, strict=True)
    return tf.concat(contexts, axis=1), tf.concat(rows, axis=1)


def _formula(
    row: Row, points: Weights, mask: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Contexts and weights of a formula that sees one sentence without its padding."""
    query, values = points["query"], points["values"]
    contexts = np.zeros(query.shape[:2] + values.shape[2:])
    weights = np.zeros(query.shape[:2] + mask.shape[1:])
    for b, real in enumerate(mask.sum(axis=1)):
        state = None
        for t in range(query.shape[1]):
            found, state = row(query[b, t], values[b, :real], points, state)
            weights[b, t, :real] = found
            contexts[b, t] = found @ values[b, :real]
    return contexts, weights
