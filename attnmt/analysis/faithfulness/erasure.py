"""Which source pieces are left to read, and what their absence costs."""

from collections.abc import Mapping

import numpy as np

from attnmt.analysis.faithfulness.figures import RANDOM, Erasure, mean_of
from attnmt.analysis.faithfulness.ranks import strongest

SHARES = (0.1, 0.2, 0.5)  # of the source pieces that are dropped, or kept
DRAWS = 3  # random orders per target piece


def keep_masks(
    scores: Mapping[str, np.ndarray], random: np.random.Generator
) -> np.ndarray:
    """What to keep by each order of the source pieces of one target piece.

    `scores` [source] by the name of their order. Returns bool [1 + variants, source]:
    first everything, then for each order, and each random one, for each share without
    the strongest, and the strongest alone.
    """
    (size,) = {len(row) for row in scores.values()}
    rows = [np.ones(size, bool)]
    drawn = [random.random(size) for _ in range(DRAWS)]
    for row in [*scores.values(), *drawn]:
        for share in SHARES:
            top = strongest(row, share)
            rows += [~top, top]
    return np.stack(rows)


def erasures(
    log_probs: np.ndarray, orders: list[str], sentences: np.ndarray
) -> list[Erasure]:
    """The figures of what the variants of `keep_masks` gave, [pieces, 1 + variants]."""
    costs = log_probs[:, :1] - log_probs[:, 1:]
    costs = costs.reshape(len(costs), -1, len(SHARES), 2)  # [pieces, order, share, 2]
    by_order = {name: costs[:, i] for i, name in enumerate(orders)}
    by_order[RANDOM] = costs[:, len(orders) :].mean(axis=1)
    random = by_order[RANDOM][..., 0].mean(axis=1)
    return [
        Erasure(
            name,
            list(SHARES),
            [mean_of(column, sentences) for column in cost[..., 0].T],
            [mean_of(column, sentences) for column in cost[..., 1].T],
            mean_of(cost[..., 0].mean(axis=1), sentences),
            mean_of(cost[..., 1].mean(axis=1), sentences),
            mean_of(cost[..., 0].mean(axis=1) - random, sentences),
        )
        for name, cost in by_order.items()
    ]
