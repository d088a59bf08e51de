"""Dropout is a function of its seed."""

import numpy as np
import pytest
import tensorflow as tf

from attnmt.layers.dropout import dropout, dropout_mask, fold_in, word_dropout

SEED = tf.constant([1, 2])


def test_places_have_seeds_of_their_own():
    seeds = [fold_in(SEED, 0), fold_in(SEED, 1), fold_in(fold_in(SEED, 0), 0), SEED]
    assert len({tuple(np.asarray(seed)) for seed in seeds}) == 4
    np.testing.assert_array_equal(fold_in(SEED, 1), fold_in(tf.constant([1, 2]), 1))
    assert fold_in(None, 1) is None


def test_without_a_seed_or_a_rate_nothing_is_dropped():
    x = tf.random.normal([2, 3, 5])
    for rate, seed in ((0.5, None), (0.0, SEED)):
        np.testing.assert_array_equal(dropout(x, rate, seed), x)
        np.testing.assert_array_equal(word_dropout(x, rate, seed), x)
        assert dropout_mask(x, 7, rate, seed) is None


@pytest.mark.parametrize("rate", [0.2, 0.5])
def test_the_share_of_zeros_is_the_rate_and_the_rest_is_scaled_up(rate):
    x = tf.ones([20, 30, 11])
    for dropped in (
        dropout(x, rate, SEED),
        word_dropout(x, rate, SEED),
        dropout_mask(x, 330, rate, SEED),
    ):
        values = np.asarray(dropped)
        assert set(np.unique(values)) == {0.0, np.float32(1 / (1 - rate))}
        assert np.mean(values == 0.0) == pytest.approx(rate, abs=0.07)


def test_words_are_dropped_as_wholes():
    dropped = np.asarray(word_dropout(tf.ones([20, 30, 11]), 0.3, SEED))
    np.testing.assert_array_equal(dropped.min(-1), dropped.max(-1))


@pytest.mark.parametrize("axis", [0, 1])
def test_along_an_axis_the_same_numbers_are_dropped(axis):
    x = tf.random.uniform([20, 30, 11], 1.0, 2.0)
    dropped = np.asarray(dropout(x, 0.3, SEED, along=axis)) == 0.0
    np.testing.assert_array_equal(dropped.min(axis), dropped.max(axis))
    for other in {0, 1, 2} - {axis}:
        assert (dropped.min(other) < dropped.max(other)).any()
    assert dropped.mean() == pytest.approx(0.3, abs=0.07)


def test_a_mask_is_as_large_as_the_batch():
    mask = dropout_mask(tf.zeros([3, 5, 2], tf.float16), 7, 0.3, SEED)
    assert mask is not None and mask.shape == (3, 7) and mask.dtype == tf.float16


def test_the_same_seed_drops_the_same():
    x = tf.ones([2, 3, 5])
    np.testing.assert_array_equal(dropout(x, 0.5, SEED), dropout(x, 0.5, SEED))
    other = dropout(x, 0.5, fold_in(SEED, 1))
    assert not np.array_equal(dropout(x, 0.5, SEED), other)
