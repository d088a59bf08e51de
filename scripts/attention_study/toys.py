"""Small tasks whose word links are known: copy, reversal, a dictionary with reordering.

A sentence never has a word twice, so that each target word has one source word.
"""

import random
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from attnmt.text.lines import write_lines

SIZES = {"train": 10_000, "test": 200}
SHORTEST, LONGEST = 8, 14  # words of a source
WORDS = [f"w{number}" for number in range(60)]
VERBS, ADJECTIVES, NOUNS = WORDS[:8], WORDS[8:36], WORDS[36:]


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
    """Word for word, but each noun phrase is turned around and the verb comes last.

    A source is a noun phrase, the verb, and more noun phrases; one to three adjectives
    stand before a noun. w5 always becomes v5.
    """
    length, phrases = dice.randint(SHORTEST, LONGEST), list[list[int]]()
    nouns = dice.sample(NOUNS, LONGEST)
    adjectives = dice.sample(ADJECTIVES, len(ADJECTIVES))
    source, verb = list[str](), 0
    while len(source) < length:
        more = min(dice.randint(1, 3), len(adjectives))
        phrases.append(list(range(len(source), len(source) + more + 1)))
        source += [adjectives.pop() for _ in range(more)] + [nouns.pop()]
        if len(phrases) == 1:
            verb = len(source)
            source.append(dice.choice(VERBS))
    origins = [place for phrase in phrases for place in reversed(phrase)] + [verb]
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
