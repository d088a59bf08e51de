"""The largest of many numbers, as NumPy finds them."""

import numpy as np
import pytest
import tensorflow as tf

from attnmt.search.top import top_k

# In blocks: 1,000, 4,000; all at once: what is few, and a prime.
COLUMNS = (7, 999, 1000, 1009, 4000)


def rows_of(columns: int, digits: int) -> np.ndarray:
    draw = np.random.default_rng(columns)
    return draw.normal(size=(6, columns)).round(digits).astype(np.float32)


@pytest.mark.parametrize("columns", COLUMNS)
@pytest.mark.parametrize("digits", [7, 1, 0], ids=["", "ties", "many ties"])
@pytest.mark.parametrize("k", [1, 2, 5])
def test_of_equals_the_first_ones_are_told(columns: int, digits: int, k: int) -> None:
    x = rows_of(columns, digits)
    best, found = top_k(tf.constant(x), k)
    expected = np.argsort(-x, axis=-1, kind="stable")[:, :k]
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(best, np.take_along_axis(x, expected, axis=-1))


def test_the_largest_may_all_stand_in_one_block() -> None:
    x = rows_of(4000, 7)
    x[:, 130:135] = 9.0, 12.0, 11.0, 9.0, 10.0
    _, found = top_k(tf.constant(x), 5)
    np.testing.assert_array_equal(found, [[131, 132, 134, 130, 133]] * 6)


def test_more_may_be_asked_for_than_there_are_blocks() -> None:
    x = rows_of(1000, 1)  # 8 blocks of 125
    _, found = top_k(tf.constant(x), 40)
    np.testing.assert_array_equal(found, np.argsort(-x, kind="stable")[:, :40])


def test_sizes_may_be_unknown_until_it_runs() -> None:
    anything = tf.TensorSpec([None, None], tf.float32)
    graph = tf.function(top_k, input_signature=[anything, tf.TensorSpec([], tf.int32)])
    for columns in COLUMNS:
        x = rows_of(columns, 1)
        _, found = graph(tf.constant(x), tf.constant(3))
        np.testing.assert_array_equal(found, np.argsort(-x, kind="stable")[:, :3])
