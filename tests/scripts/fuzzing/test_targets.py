"""The fuzzer begins with what is accepted, and tells what is no clear refusal."""

import pytest
from fuzzing.__main__ import NAMES
from fuzzing.targets import TARGETS, run

from attnmt.errors import AttnmtError


@pytest.mark.parametrize("name", NAMES)
def test_seeds_are_read_to_their_end(name: str) -> None:
    target, seeds = TARGETS[name]
    for seed in seeds():
        target(seed)  # refuses nothing


@pytest.mark.parametrize("name", NAMES)
def test_other_bytes_are_refused_clearly(name: str) -> None:
    target, seeds = TARGETS[name]
    (*_, seed) = seeds()
    for data in (b"", b"\xff\x00", seed[:-20], seed.replace(b"{", b"[", 1)):
        run(target, data)
    with pytest.raises(AttnmtError):
        target(b"\xff")


def test_any_other_exception_breaks() -> None:
    def broken(data: bytes) -> None:
        raise IndexError(data)

    with pytest.raises(IndexError):
        run(broken, b"")
