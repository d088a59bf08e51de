"""Pinned attention: given weights are read, and all goes on from there."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from attnmt.config import schema
from attnmt.layers.attention import MECHANISMS, Attention, build_attention
from attnmt.layers.attention.pinned import PinnedAttention
from attnmt.testing import check_attention
from attnmt.testing.case import Case, make_case

DEPTH, STEP = 8, 1
KINDS: dict[str, dict[str, Any]] = {
    **{name: {"type": name} for name in MECHANISMS if name != "linformer"},
    "two heads": {"type": "location", "heads": 2},
    "count": {"type": "dot", "coverage": "count"},
    "gated heads": {"type": "general", "coverage": "gated", "heads": 2},
}
GIVEN = np.array([[0.5, 0, 0.25, 0, 0.25], [0, 1, 0, 0, 0], [0] * 5], np.float32)


def make(config: dict[str, Any], units: int = DEPTH) -> Attention:
    return build_attention(schema.Attention.model_validate(config), units)


def pinned_case(config: dict[str, Any]) -> Case:
    return make_case(lambda units: PinnedAttention(make(config, units)), DEPTH, DEPTH)


def read(case: Case, given: np.ndarray | None = None) -> list[Any]:
    """Context, weights and next state of each step; [batch, source] given at STEP."""
    memory, state = case.start()
    if given is not None:
        shape = (len(given), STEP + 1)
        rows = np.zeros((*shape, given.shape[-1]), np.float32)
        rows[:, STEP], pinned = given, np.zeros(shape, bool)
        pinned[:2, STEP] = True  # the last sentence has no token at all
        memory = memory._replace(given=tf.constant(rows), pinned=tf.constant(pinned))
    found = []
    for position in range(3):
        query = case.query[:, position : position + 1]
        context, weights, state = case.attention(query, memory, state)
        found.append((context, weights, state))
    return found


def inner(case: Case) -> Case:
    """The mechanism alone."""
    attention: Any = case.attention
    return case._replace(attention=attention.inner)


def assert_same(one: Any, other: Any, tolerance: float) -> None:
    pairs = zip(tf.nest.flatten(one), tf.nest.flatten(other), strict=True)
    for found, expected in pairs:
        np.testing.assert_allclose(found, expected, atol=tolerance, rtol=tolerance)


@pytest.mark.parametrize("kind", KINDS)
def test_without_anything_given_it_is_the_mechanism(kind) -> None:
    case = pinned_case(KINDS[kind])
    for found, expected in zip(read(case), read(inner(case)), strict=True):
        context, weights, (_, state) = found
        assert_same((context, weights, state), expected, 0.0)


@pytest.mark.parametrize("kind", KINDS)
def test_given_weights_are_reported_and_read_at_their_step_alone(kind) -> None:
    case = pinned_case(KINDS[kind])
    own, found = read(case), read(case, GIVEN)
    assert_same(found[0], own[0], 0.0)
    weights = found[STEP][1].numpy()  # [batch, (head,) 1, source]
    weights = weights[:, 0] if weights.ndim == 4 else weights
    np.testing.assert_array_equal(weights[:2, 0], GIVEN[:2])
    later = found[STEP + 1][1].numpy()
    assert np.abs(later.sum(-1)[:2] - 1).max() < 1e-5
    if "heads" not in KINDS[kind]:
        context = np.einsum("bs,bsd->bd", GIVEN, case.values)
        np.testing.assert_allclose(found[STEP][0][:2, 0], context[:2], atol=1e-6)


# Where the state is another thing than the weights, or heads read apart, the weights
# that the mechanism itself reads with are none that could be given.
OWN = [kind for kind in KINDS if kind != "mocha" and "heads" not in KINDS[kind]]


@pytest.mark.parametrize("kind", OWN)
def test_given_its_own_weights_a_mechanism_goes_on_as_it_would(kind) -> None:
    case = pinned_case(KINDS[kind])
    own = read(case)
    assert_same(read(case, own[STEP][1][:, 0].numpy()), own, 2e-5)


@pytest.mark.parametrize("kind", ["location", "monotonic", "mocha"])
def test_the_state_is_that_of_the_given_weights(kind) -> None:
    _, state = read(pinned_case(KINDS[kind]), GIVEN)[STEP][2]
    (found,) = tf.nest.flatten(state)
    np.testing.assert_array_equal(found[:2], GIVEN[:2])


def test_coverage_counts_the_given_weights() -> None:
    case = pinned_case(KINDS["count"])
    own, found = read(case), read(case, GIVEN)
    before, after = (tf.nest.flatten(found[step][2][1])[0] for step in (0, STEP))
    np.testing.assert_allclose((after - before)[:2, :, 0], GIVEN[:2], atol=1e-6)
    assert np.abs(own[2][1] - found[2][1]).max() > 1e-3


def test_which_rows_were_given_is_told() -> None:
    case = pinned_case(KINDS["local_p"])
    memory, state = case.start()
    pinned = tf.constant([[False, True], [False, False], [True, False]])
    given = tf.zeros([3, 2, 5])
    memory = memory._replace(given=given, pinned=pinned)
    told = []
    for position in range(3):
        query = case.query[:, position : position + 1]
        extras = case.attention.extras(query, memory, state)
        assert list(extras) == ["p_center", "pinned"]
        told.append(extras["pinned"][:, 0].numpy())
        _, _, state = case.attention(query, memory, state)
    np.testing.assert_array_equal(told, [[0, 0, 1], [1, 0, 0], [0, 0, 0]])


@pytest.mark.slow
def test_it_keeps_the_contract_of_a_mechanism() -> None:
    check_attention(
        lambda units: PinnedAttention(make({"type": "location"}, units)),
        gradients=False,
    )
