"""Faults, planted into the words of a translation."""

import random
from collections.abc import Callable
from typing import NamedTuple

Words = list[str]


def delete(source: Words, target: Words, draw: random.Random) -> Words | None:
    """Leave two to four words in a row out, at most half of the sentence."""
    if len(target) < 5:
        return None
    size = draw.randint(2, min(4, len(target) // 2))
    begin = draw.randrange(len(target) - size)  # the last word, a full stop, stays
    return target[:begin] + target[begin + size :]


def repeat(source: Words, target: Words, draw: random.Random) -> Words | None:
    """Say one to four words in a row two or three times."""
    if len(target) < 2:
        return None
    size = draw.randint(1, min(4, len(target) - 1))
    begin = draw.randrange(len(target) - size)
    end = begin + size
    return target[:end] + draw.randint(1, 2) * target[begin:end] + target[end:]


def copy(source: Words, target: Words, draw: random.Random) -> Words | None:
    """Leave half of the source or more as it is, from some word to the end."""
    if len(source) < 6 or source == target:
        return None
    share = draw.uniform(0, 0.5)
    return target[: int(share * len(target))] + source[int(share * len(source)) :]


class Fault(NamedTuple):
    """A fault and the flag that should be raised for it."""

    flag: str
    plant: Callable[[Words, Words, random.Random], Words | None]  # None: too short


FAULTS = {
    "deleted": Fault("untranslated", delete),
    "repeated": Fault("repetition", repeat),
    "copied": Fault("copied", copy),
}


def planted(name: str, source: str, target: str, seed: str) -> str | None:
    """The target with a fault; None for one that is too short for it."""
    draw = random.Random(f"{name} {seed}")
    words = FAULTS[name].plant(source.split(), target.split(), draw)
    return None if words is None else " ".join(words)
