"""Orders of source pieces against definitions written out."""

from itertools import combinations

import numpy as np
import pytest

from attnmt.analysis.faithfulness.ranks import divergence, kendall_tau, strongest


def by_definition(x, y) -> float:
    """Kendall (1945): concordant less discordant pairs over the untied of each row."""
    concordant = discordant = in_x = in_y = 0
    for i, j in combinations(range(len(x)), 2):
        in_x += x[i] != x[j]
        in_y += y[i] != y[j]
        concordant += (x[i] < x[j]) == (y[i] < y[j]) and x[i] != x[j] and y[i] != y[j]
        discordant += (x[i] < x[j]) == (y[i] > y[j]) and x[i] != x[j] and y[i] != y[j]
    return (concordant - discordant) / (in_x * in_y) ** 0.5


def test_tau_is_that_of_the_definition_with_ties_and_without():
    draw = np.random.default_rng(1)
    for size in (2, 3, 7, 12):
        for levels in (3, 1000):
            x, y = draw.integers(0, levels, (2, size)).astype(float)
            if len({*x}) > 1 and len({*y}) > 1:
                assert kendall_tau(x, y) == pytest.approx(by_definition(x, y))


def test_tau_of_known_orders():
    x = np.array([0.1, 0.4, 0.2, 0.3])
    assert kendall_tau(x, x**3) == 1.0
    assert kendall_tau(x, -x) == -1.0
    assert kendall_tau(np.array([1, 2, 3, 4]), np.array([1, 2, 4, 3])) == 4 / 6
    assert kendall_tau(x, np.ones(4)) == 0.0


def test_the_strongest_are_a_share_and_one_at_least():
    scores = np.array([0.1, 0.4, 0.1, 0.3, 0.1])
    assert strongest(scores, 0.1).tolist() == [False, True, False, False, False]
    assert strongest(scores, 0.4).tolist() == [False, True, False, True, False]
    assert strongest(scores, 0.6).tolist() == [True, True, False, True, False]


def test_divergence_is_the_mean_distance_from_the_middle():
    draw = np.random.default_rng(2)
    p, q = draw.dirichlet(np.ones(5), size=(2, 3))
    middle = (p + q) / 2
    expected = 0.5 * (p * np.log(p / middle) + q * np.log(q / middle)).sum(axis=1)
    np.testing.assert_allclose(divergence(p, q), expected)
    np.testing.assert_allclose(divergence(0.5 * p, 3 * q), expected)
    np.testing.assert_allclose(divergence(p, p), 0.0, atol=1e-12)
    ends = np.eye(5)[[0, 4]]
    np.testing.assert_allclose(divergence(ends[0], ends[1]), np.log(2))
