"""Means whose errors know that pieces of one sentence are not independent."""

import numpy as np
import pytest

from attnmt.analysis.faithfulness.figures import mean_of


def test_the_error_of_a_piece_a_sentence_is_the_usual_one():
    values = np.array([1.0, 4.0, 2.0, 7.0])
    found = mean_of(values, np.arange(4))
    assert found.value == 3.5
    assert found.error == pytest.approx(values.std() / 2)


def test_saying_everything_thrice_makes_no_mean_more_certain():
    values = np.array([1.0, 4.0, 2.0, 7.0])
    once = mean_of(values, np.arange(4))
    thrice = mean_of(np.repeat(values, 3), np.repeat(np.arange(4) * 5, 3))
    assert thrice.value == once.value
    assert thrice.error == pytest.approx(once.error)
