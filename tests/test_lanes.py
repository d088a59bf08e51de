"""Batches that are computed at a time."""

from threading import Barrier, Event
from types import SimpleNamespace
from typing import Any

import pytest

from attnmt import devices
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


@pytest.mark.parametrize(
    ("threads", "gpus", "expected"), [(1, 0, 1), (3, 0, 3), (99, 0, 4), (3, 1, 1)]
)
def test_a_thread_of_its_own_for_each_lane(
    monkeypatch: pytest.MonkeyPatch, threads: int, gpus: int, expected: int
) -> None:
    config = "tensorflow.config"
    name = f"{config}.threading.get_intra_op_parallelism_threads"
    monkeypatch.setattr(name, lambda: threads)
    monkeypatch.setattr(f"{config}.get_visible_devices", lambda kind: [None] * gpus)
    assert devices.lanes() == expected
