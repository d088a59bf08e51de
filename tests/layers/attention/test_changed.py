"""Attention whose weights are changed: what is read then, of every mechanism."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from attnmt.config import schema
from attnmt.layers.attention import MECHANISMS, Attention, build_attention
from attnmt.layers.attention import changed as changes
from attnmt.layers.attention.changed import ChangedAttention

QUERY, SOURCE, STEPS = 8, 6, 3
LENGTHS = np.array([4, 6])
TOKENS = sorted(kind for kind in MECHANISMS if kind != "linformer")
MODIFIED: list[dict[str, Any]] = [
    *({"type": kind} for kind in TOKENS),
    {"type": "general", "heads": 2},
    {"type": "local_p", "heads": 2},
    {"type": "linear", "heads": 4},
    {"type": "additive", "coverage": "gated"},
    {"type": "monotonic", "coverage": "count", "heads": 2},
    {"type": "scaled_dot", "normaliser": "sparsemax"},
]
MASK = np.arange(SOURCE) < LENGTHS[:, None]


def attention_of(**config: Any) -> Attention:
    attention = build_attention(schema.Attention.model_validate(config), QUERY)
    steps(attention)  # makes the weights
    draw = np.random.default_rng(3)
    for variable in attention.weights:
        variable.assign(0.6 * draw.normal(size=variable.shape))
    return attention


def steps(
    attention: Attention, mask: np.ndarray = MASK, keep: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Contexts and weights [step, ...], one target position at a time."""
    draw = np.random.default_rng(5)
    queries = tf.constant(draw.normal(size=(STEPS, 2, 1, QUERY)), tf.float32)
    values = tf.constant(draw.normal(size=(2, SOURCE, QUERY)), tf.float32)
    memory: Any = attention.prepare(values, tf.constant(mask))
    memory = memory if keep is None else memory._replace(keep=tf.constant(keep))
    state = attention.initial_state(memory)
    found = []
    for query in queries:
        context, weights, state = attention(query, memory, state)
        found.append((context.numpy(), weights.numpy()))
    contexts, weights = zip(*found, strict=True)
    return np.stack(contexts), np.stack(weights)


@pytest.mark.parametrize("config", MODIFIED, ids=str)
def test_without_a_change_every_mechanism_reads_what_it_reads(config) -> None:
    attention = attention_of(**config)
    own = steps(attention)
    same = steps(ChangedAttention(attention, [changes.own], QUERY))
    np.testing.assert_allclose(same[0], own[0], atol=1e-5)
    np.testing.assert_array_equal(same[1], own[1])


@pytest.mark.parametrize("config", MODIFIED, ids=str)
def test_keeping_everything_changes_nothing(config) -> None:
    attention = attention_of(**config)
    own = steps(attention)
    same = steps(ChangedAttention(attention, [changes.kept], QUERY))
    np.testing.assert_allclose(same[0], own[0], atol=1e-5)
    np.testing.assert_allclose(same[1], own[1], atol=1e-6)


@pytest.mark.parametrize("heads", [1, 2])
def test_what_is_not_kept_is_as_good_as_masked(heads) -> None:
    attention = attention_of(type="general", heads=heads)
    keep = MASK & (np.arange(SOURCE) != 1)
    masked = steps(attention, keep)
    kept = steps(ChangedAttention(attention, [changes.kept], QUERY), keep=keep)
    np.testing.assert_allclose(kept[0], masked[0], atol=1e-5)
    np.testing.assert_allclose(kept[1], masked[1], atol=1e-6)
    assert np.abs(kept[1] - steps(attention)[1]).max() > 0.05


def test_where_all_weight_was_erased_nothing_is_read() -> None:
    attention = attention_of(type="general")
    none = np.zeros_like(MASK)
    context, weights = steps(
        ChangedAttention(attention, [changes.kept], QUERY), keep=none
    )
    assert not context.any() and not weights.any()


@pytest.mark.parametrize("heads", [1, 2])
def test_uniform_weights_read_the_mean_of_the_real_positions(heads) -> None:
    attention = attention_of(type="additive", heads=heads)
    _, weights = steps(ChangedAttention(attention, [changes.uniform], QUERY))
    for sentence, length in enumerate(LENGTHS):
        rows = weights[:, sentence].reshape(-1, SOURCE)
        expected = np.broadcast_to(MASK[sentence] / length, rows.shape)
        np.testing.assert_allclose(rows, expected, rtol=1e-5)


def test_uniform_weights_change_nothing_where_they_are_the_own_ones() -> None:
    attention = attention_of(type="general")
    for variable in attention.weights:
        variable.assign(tf.zeros_like(variable))  # all scores are zero
    own = steps(attention)
    even = steps(ChangedAttention(attention, [changes.uniform], QUERY))
    np.testing.assert_allclose(even[0], own[0], atol=1e-6)


def test_a_row_that_sums_to_less_keeps_its_sum() -> None:
    attention = attention_of(type="monotonic", end="leave")
    own = steps(attention)[1].sum(axis=-1)
    assert own.min() < 0.9
    for change in (changes.uniform, changes.permuted, changes.kept):
        _, weights = steps(ChangedAttention(attention, [change], QUERY))
        np.testing.assert_allclose(weights.sum(axis=-1), own, rtol=1e-5)


@pytest.mark.parametrize("heads", [1, 2])
def test_permuted_weights_are_the_same_numbers_elsewhere(heads) -> None:
    attention = attention_of(type="general", heads=heads)
    _, own = steps(attention)
    layer = ChangedAttention(attention, [changes.permuted], QUERY)
    _, weights = steps(layer)
    np.testing.assert_array_equal(np.sort(weights), np.sort(own))
    assert not weights[:, 0, ..., LENGTHS[0] :].any()
    moved = [np.argsort(row) for row in weights[:, 1].reshape(-1, SOURCE)]
    stayed = [np.argsort(row) for row in own[:, 1].reshape(-1, SOURCE)]
    assert (
        np.mean([np.array_equal(a, b) for a, b in zip(moved, stayed, strict=True)])
        < 0.5
    )
    np.testing.assert_array_equal(weights, steps(layer)[1])  # each time the same


@pytest.mark.parametrize("config", MODIFIED, ids=str)
def test_frozen_weights_are_those_of_the_first_position(config) -> None:
    attention = attention_of(**config)
    _, own = steps(attention)
    _, weights = steps(ChangedAttention(attention, [changes.frozen], QUERY))
    np.testing.assert_array_equal(weights, np.broadcast_to(own[0], own.shape))


def test_a_compiled_function_changes_by_choice() -> None:
    choice = tf.Variable(0)
    both = [changes.own, changes.uniform]
    layer = ChangedAttention(attention_of(type="general"), both, QUERY, choice)
    values = tf.random.stateless_normal([2, SOURCE, QUERY], [1, 2])
    memory = layer.prepare(values, tf.constant(MASK))
    state = layer.initial_state(memory)
    read = tf.function(lambda query: layer(query, memory, state)[1])
    query = tf.ones([2, 1, QUERY])
    assert np.ptp(read(query)[1, 0]) > 0.1
    choice.assign(1)
    np.testing.assert_allclose(read(query)[1, 0], 1 / LENGTHS[1], rtol=1e-5)


def test_nothing_is_read_of_the_source() -> None:
    attention = attention_of(type="general", heads=2)
    context, weights = steps(ChangedAttention(attention, [changes.nothing], QUERY))
    assert not context.any() and not weights.any()
