"""The moving average of the weights against its closed form."""

import keras
import numpy as np
import pytest

from attnmt.training.average import Average

START = np.array([[1.0, -2.0, 0.5], [0.0, 4.0, 3.0]], np.float32)


def moved(step: int) -> np.ndarray:
    return START * np.cos(step) + step


@pytest.fixture
def weight() -> keras.Variable:
    return keras.Variable(START)


@pytest.mark.parametrize("decay", [0.6, 0.3])
def test_it_is_the_sum_of_all_weights_by_what_was_left_of_them(weight, decay) -> None:
    average = Average([weight], decay)
    decays = []
    for step in range(1, 31):
        weight.assign(moved(step))
        average.follow(step)
        decays.append(min(decay, step / (9 + step)))
    expected = START * np.prod(decays)
    for step, d in enumerate(decays, 1):
        expected += (1 - d) * np.prod(decays[step:]) * moved(step)
    np.testing.assert_allclose(average.means[0], expected, rtol=1e-5)
    assert min(decays) < decay == max(decays)
    np.testing.assert_array_equal(weight, moved(30).astype(np.float32))


def test_it_is_in_place_within_the_block_and_the_weights_come_back(weight) -> None:
    average = Average([weight], 0.9)
    weight.assign(moved(1))
    with pytest.raises(KeyError), average.in_place():
        np.testing.assert_array_equal(weight, START)
        raise KeyError
    np.testing.assert_array_equal(weight, moved(1).astype(np.float32))
    np.testing.assert_array_equal(average.means[0], START)


def test_weights_that_it_does_not_follow_keep_their_names(weight) -> None:
    other = keras.Variable(np.zeros(5))
    average = Average([weight], 0.9)
    named = average.named({"a.b": other, "c": weight})
    assert named == {"a.b": other, "c": average.means[0]}
