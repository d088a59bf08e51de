"""What every mechanism promises, whatever its formula."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from attnmt.layers.attention import AdditiveAttention, Attention

MECHANISMS = pytest.mark.parametrize(
    "kind", ["additive", "dot", "scaled_dot", "general"]
)
PRECISIONS = pytest.mark.parametrize(
    ("precision", "dtype"),
    [
        ("float32", "float32"),
        ("mixed_float16", "float16"),
        ("mixed_bfloat16", "bfloat16"),
    ],
)


@MECHANISMS
@PRECISIONS
def test_rows_sum_to_one_and_padding_gets_exactly_nothing(
    make_case, policy, kind, precision, dtype
):
    policy(precision)
    case = make_case(kind, dtype)
    _, weights = case.read()
    assert weights.dtype == np.float32
    assert (weights >= 0).all()
    np.testing.assert_allclose(weights.sum(-1), 1.0, atol=1e-6)
    padding = np.broadcast_to(~case.mask[:, None], weights.shape)
    assert (weights[padding] == 0.0).all()
    assert (weights[~padding] > 0.0).all()


@MECHANISMS
@PRECISIONS
def test_a_source_without_tokens_gives_zeros_and_finite_gradients(
    make_case, policy, kind, precision, dtype
):
    policy(precision)
    case = make_case(kind, dtype)
    mask = np.array([[False] * 5, [True] * 5])
    query, values = map(tf.convert_to_tensor, (case.query, case.values))
    with tf.GradientTape() as tape:
        tape.watch([query, values])
        memory = case.attention.prepare(values, mask)
        context, weights, _ = case.attention(query, memory)
        loss = tf.reduce_sum(tf.cast(context, tf.float32) ** 2)
    assert context.dtype == dtype
    np.testing.assert_array_equal(np.asarray(weights)[0], 0.0)
    np.testing.assert_array_equal(np.asarray(context, np.float32)[0], 0.0)
    assert np.isfinite(np.asarray(context, np.float32)).all()
    for gradient in tape.gradient(loss, [query, values]):
        assert np.isfinite(np.asarray(gradient, np.float32)).all()
        np.testing.assert_array_equal(np.asarray(gradient, np.float32)[0], 0.0)


@MECHANISMS
def test_more_padding_changes_nothing(make_case, kind):
    case = make_case(kind)
    noise = np.full_like(case.values[:, :3], 9.0)
    more = case.read(
        values=np.concatenate([case.values, noise], axis=1),
        mask=np.pad(case.mask, [(0, 0), (0, 3)]),
    )
    context, weights = case.read()
    np.testing.assert_allclose(more[0], context, atol=1e-6)
    np.testing.assert_allclose(more[1][..., :5], weights, atol=1e-6)
    assert (more[1][..., 5:] == 0.0).all()


@MECHANISMS
def test_sentences_of_a_batch_do_not_touch_each_other(make_case, kind):
    case = make_case(kind)
    swapped = case.read(
        query=case.query[::-1], values=case.values[::-1], mask=case.mask[::-1]
    )
    for there, here in zip(swapped, case.read(), strict=True):
        np.testing.assert_allclose(there[::-1], here, atol=1e-6)


@MECHANISMS
def test_all_positions_at_once_are_one_after_the_other(make_case, kind):
    case = make_case(kind)
    one_by_one = [case.read(query=case.query[:, t : t + 1]) for t in range(3)]
    for i, whole in enumerate(case.read()):
        singles = np.concatenate([reading[i] for reading in one_by_one], axis=1)
        np.testing.assert_allclose(singles, whole, atol=1e-6)


@MECHANISMS
def test_reading_changes_neither_inputs_nor_weights(make_case, kind):
    case = make_case(kind)
    before = [case.query.copy(), case.values.copy(), case.mask.copy()]
    weights = case.weights()
    first, second = case.read(), case.read()
    for here, there in zip(before, case[1:], strict=True):
        np.testing.assert_array_equal(here, there)
    for name, value in case.weights().items():
        np.testing.assert_array_equal(value, weights[name])
    for here, there in zip(first, second, strict=True):
        np.testing.assert_array_equal(here, there)


@PRECISIONS
def test_a_state_is_handed_on_unrounded(policy, coverage_attention, precision, dtype):
    policy(precision)
    attention = coverage_attention(4)
    draw = np.random.default_rng(0)
    values = ops.cast(draw.normal(size=(2, 5, 6)), dtype)
    memory = attention.prepare(values, np.ones((2, 5), bool))
    state, seen = attention.initial_state(memory), np.zeros((2, 5), np.float32)
    readings = []
    for _ in range(3):
        query = ops.cast(draw.normal(size=(2, 1, 7)), dtype)
        _, weights, state = attention(query, memory, state)
        seen = seen + np.asarray(weights)[:, 0]
        readings.append(np.asarray(weights))
        assert keras.backend.standardize_dtype(state[0].dtype) == "float32"
        np.testing.assert_allclose(state[0], seen, atol=1e-6)
    assert not np.allclose(readings[0], readings[1], atol=1e-3)


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_softmax_survives_the_largest_scores(dtype):
    scores = ops.cast([[6e4, -6e4, 0.0], [-6e4, -6e4, 6e4]], dtype)
    mask = ops.array([[True, True, False], [True, True, False]])
    expected = [[1.0, 0.0, 0.0], [0.5, 0.5, 0.0]]
    weights = Attention(4).normalise(scores, mask)
    np.testing.assert_allclose(weights, expected, atol=1e-6)


def test_a_score_for_too_few_positions_is_refused():
    class Narrow(AdditiveAttention):
        def score(self, query, memory, state):
            return super().score(query, memory, state)[..., :1]

    attention = Narrow(4)
    memory = attention.prepare(ops.ones((2, 5, 6)), ops.ones((2, 5), "bool"))
    with pytest.raises(ValueError, match="5 source positions, found"):
        attention(ops.ones((2, 3, 7)), memory)
