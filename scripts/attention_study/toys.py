"""Small tasks whose word links are known: copy, reversal, a dictionary with reordering.

A sentence never has a word twice, so that each target word has one source word.
"""

import random
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from attnmt.text.lines import write_lines

SIZES = {"train": 10_000, "test": 200}
SHORTEST, LONGEST = 6, 10  # words of a source
WORDS = [f"w{number}" for number in range(60)]
ADJECTIVES, NOUNS = WORDS[:36], WORDS[36:]


class Pair(NamedTuple):
    """A sentence pair; target word t is made of source word `origins[t]`."""

    source: list[str]
    target: list[str]
    origins: list[int]

    @property
    def pharaoh(self) -> str:
        """The links, in the order of the source."""
        links = sorted((s, t) for t, s in enumerate(self.origins))
        return " ".join(f"{s}-{t}" for s, t in links)


def copy(dice: random.Random) -> Pair:
    """The target is the source."""
    source = _words(dice)
    return Pair(source, source, list(range(len(source))))


def reversal(dice: random.Random) -> Pair:
    """The target is the source from its end to its beginning."""
    source = _words(dice)
    return Pair(source, source[::-1], list(range(len(source)))[::-1])


def lexicon(dice: random.Random) -> Pair:
    """Word for word, but each noun phrase is turned around.

    A source is of noun phrases: one to three adjectives and a noun. w5 always becomes
    v5.
    """
    length, origins = dice.randint(SHORTEST, LONGEST), list[int]()
    nouns = dice.sample(NOUNS, LONGEST)
    adjectives = dice.sample(ADJECTIVES, len(ADJECTIVES))
    source = list[str]()
    while len(source) < length:
        more = dice.randint(1, 3)
        origins += range(len(source) + more, len(source) - 1, -1)
        source += [adjectives.pop() for _ in range(more)] + [nouns.pop()]
    return Pair(source, [f"v{source[place][1:]}" for place in origins], origins)


TOYS: dict[str, Callable[[random.Random], Pair]] = {
    "copy": copy,
    "reversal": reversal,
    "lexicon": lexicon,
}


def write_toy(name: str, folder: Path) -> None:
    """Write SPLIT.source, SPLIT.target and SPLIT.align, always the same."""
    for split, size in SIZES.items():
        dice = random.Random(f"{name} {split}")
        pairs = [TOYS[name](dice) for _ in range(size)]
        write_lines(folder / f"{split}.source", (" ".join(p.source) for p in pairs))
        write_lines(folder / f"{split}.target", (" ".join(p.target) for p in pairs))
        write_lines(folder / f"{split}.align", (p.pharaoh for p in pairs))


def _words(dice: random.Random) -> list[str]:
    return dice.sample(WORDS, dice.randint(SHORTEST, LONGEST))
