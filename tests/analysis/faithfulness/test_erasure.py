"""Which positions are erased, and what figures come of the costs."""

import numpy as np

from attnmt.analysis.faithfulness.erasure import (
    DRAWS,
    SHARES,
    erasures,
    keep_masks,
)
from attnmt.analysis.faithfulness.figures import RANDOM

SIZE = 10


def masks() -> np.ndarray:
    up = np.arange(SIZE) / SIZE
    return keep_masks({"up": up, "down": -up}, np.random.default_rng(1))


def test_first_everything_is_kept_then_each_order_drops_and_keeps_its_first():
    found = masks()
    assert found.shape == (1 + (2 + DRAWS) * len(SHARES) * 2, SIZE)
    assert found[0].all()
    orders = found[1:].reshape(-1, len(SHARES), 2, SIZE)
    np.testing.assert_array_equal(orders[:, :, 0], ~orders[:, :, 1])
    for k, share in enumerate(SHARES):
        count = int(share * SIZE)
        assert np.flatnonzero(orders[0, k, 1]).tolist() == list(range(10))[-count:]
        assert np.flatnonzero(orders[1, k, 1]).tolist() == list(range(count))
        assert (orders[2:, k, 1].sum(axis=1) == count).all()


def test_random_orders_are_seeded_and_differ():
    np.testing.assert_array_equal(masks(), masks())
    random = masks()[1:].reshape(-1, len(SHARES), 2, SIZE)[2:, -1, 0]
    assert len(np.unique(random, axis=0)) == DRAWS


def test_costs_become_means_by_order_and_share():
    pieces = 4
    costs = np.zeros((pieces, 1 + DRAWS, len(SHARES), 2))
    costs[:, 0, :, 0] = [0.3, 0.6, 3.0]  # dropped, by share
    costs[:, 0, :, 1] = [2.0, 1.0, 0.0]  # alone
    costs[:, 1:, :, 0] = np.arange(DRAWS)[:, None]  # random: the draws average to 1
    everything = np.array([[-1.0], [-2.0], [-3.0], [-4.0]])
    log_probs = np.hstack([everything, everything - costs.reshape(pieces, -1)])
    order, random = erasures(log_probs, ["attention"], np.array([0, 0, 1, 2]))
    assert (order.order, random.order) == ("attention", RANDOM)
    np.testing.assert_allclose(
        [m.value for m in order.comprehensiveness], [0.3, 0.6, 3]
    )
    np.testing.assert_allclose(
        [m.value for m in order.sufficiency], [2, 1, 0], atol=1e-9
    )
    np.testing.assert_allclose(order.aopc_comprehensiveness.value, 1.3)
    np.testing.assert_allclose(order.aopc_sufficiency.value, 1.0)
    np.testing.assert_allclose(random.aopc_comprehensiveness.value, (DRAWS - 1) / 2)
    np.testing.assert_allclose(order.gain.value, 1.3 - (DRAWS - 1) / 2)
    assert random.gain.value == random.gain.error == 0.0
