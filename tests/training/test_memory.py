"""Batches are cut into parts that hold the same sentences and links."""

import numpy as np
import pytest

from attnmt.text.batches import Batch
from attnmt.training.guidance import GuidedBatch
from attnmt.training.memory import split

SIDES = [np.arange(5 * n, dtype=np.int32).reshape(5, n) for n in (3, 4, 4)]
LINKS = np.array([[0, 1, 2], [1, 0, 0], [1, 3, 1], [4, 2, 2]], np.int32)
SHARES = np.array([1.0, 0.5, 0.25, 0.75], np.float32)


@pytest.mark.parametrize(
    ("parts", "sizes"), [(1, [5]), (2, [3, 2]), (4, [2, 1, 1, 1]), (8, [1] * 5)]
)
def test_the_parts_of_a_batch_are_the_batch(parts: int, sizes: list[int]) -> None:
    found = split(Batch(*SIDES), parts)
    assert [len(part.source) for part in found] == sizes
    for whole, pieces in zip(SIDES, zip(*found, strict=True), strict=True):
        np.testing.assert_array_equal(np.concatenate(pieces), whole)


def test_links_stay_with_their_sentence() -> None:
    found = split(GuidedBatch(*SIDES, LINKS, SHARES), 2)
    assert all(isinstance(part, GuidedBatch) for part in found)
    first, second = found
    np.testing.assert_array_equal(first.links, LINKS[:3])
    np.testing.assert_array_equal(second.links, [[1, 2, 2]])  # the fifth is the second
    np.testing.assert_array_equal(second.shares, SHARES[3:])
