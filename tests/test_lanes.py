"""Batches that are computed at a time."""

from threading import Barrier, Event
from types import SimpleNamespace
from typing import Any

import pytest

from attnmt import devices
from attnmt.config.schema import Runtime
from attnmt.translating import BaseTranslator

SECONDS = 60  # a test that is wrong ends


def each(lanes: int, compute: Any, batches: list[list[int]]) -> list[list[int]]:
    translator: Any = SimpleNamespace(lanes=lanes, at_once=0)
    return list(BaseTranslator._each(translator, compute, batches))


@pytest.mark.parametrize("lanes", [1, 2, 3, 9])
def test_results_come_in_the_order_of_the_batches(lanes: int) -> None:
    batches = [[5, 3], [4], [], [2, 0, 1]]
    found = each(lanes, lambda places: [10 * place for place in places], batches)
    assert found == [[50, 30], [40], [], [20, 0, 10]]


def test_as_many_are_computed_at_a_time_as_there_are_lanes() -> None:
    together = Barrier(2, timeout=SECONDS)  # broken unless two wait at it

    def compute(places: list[int]) -> list[int]:
        together.wait()
        return places

    assert each(2, compute, [[1], [2], [3], [4]]) == [[1], [2], [3], [4]]


def test_after_an_error_the_rest_is_not_begun() -> None:
    failed, begun = Event(), []

    def compute(places: list[int]) -> list[int]:
        begun.extend(places)
        if places == [0]:
            failed.set()
            raise ValueError("no such line")
        failed.wait(SECONDS)
        return places

    with pytest.raises(ValueError, match="no such line"):
        each(2, compute, [[place] for place in range(99)])
    assert len(begun) < 99


def test_a_processor_of_its_own_for_each_lane() -> None:
    devices.prepare(Runtime())
    assert 1 <= devices.lanes() <= devices.MOST_LANES
