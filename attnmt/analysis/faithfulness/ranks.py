"""Source pieces in the order of their scores, and how far two orders agree."""

import numpy as np

from attnmt.analysis.statistics import entropies


def kendall_tau(x: np.ndarray, y: np.ndarray) -> float:
    """Kendall's tau-b of two rows of scores, from -1 to 1.

    Pairs that are tied in a row do not count against it; 0 where a row is all ties.
    """
    upper = np.triu_indices(len(x), 1)
    in_x, in_y = (np.sign(np.subtract.outer(z, z))[upper] for z in (x, y))
    untied = np.count_nonzero(in_x) * np.count_nonzero(in_y)
    return float(in_x @ in_y / np.sqrt(untied)) if untied else 0.0


def strongest(scores: np.ndarray, share: float) -> np.ndarray:
    """Which pieces are that share with the highest scores, one at least: bool [n]."""
    count = max(1, round(share * len(scores)))
    chosen = np.zeros(len(scores), bool)
    chosen[np.argsort(-scores, kind="stable")[:count]] = True
    return chosen


def divergence(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """Jensen-Shannon divergence of rows [..., n], in nats: 0 to log 2.

    Rows that do not sum to one are divided by their sums.
    """
    p, q = (x / np.maximum(x.sum(axis=-1, keepdims=True), 1e-30) for x in (p, q))
    return entropies((p + q) / 2) - (entropies(p) + entropies(q)) / 2
