"""Random choices that come out the same with every Python version."""

import random
from collections.abc import Sequence
from typing import TypeVar

from .words import EMPTY, Phrase, phrase

T = TypeVar("T")


class Dice:
    """Chooses with `random()` alone, the one method whose sequence Python promises."""

    def __init__(self, seed: int):
        self._random = random.Random(seed).random

    def chance(self, probability: float) -> bool:
        return self._random() < probability

    def one(self, options: Sequence[T]) -> T:
        return options[int(self._random() * len(options))]

    def weighted(self, options: Sequence[tuple[T, float]]) -> T:
        point = self._random() * sum(weight for _, weight in options)
        for option, weight in options:
            point -= weight
            if point < 0:
                return option
        return options[-1][0]

    def maybe(self, probability: float, options: Sequence[tuple[str, str]]) -> Phrase:
        """Choose one of some translated words, or nothing."""
        return phrase(*self.one(options)) if self.chance(probability) else EMPTY
