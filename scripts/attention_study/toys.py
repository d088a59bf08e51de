"""Small tasks whose word links are known: copy, reversal, a dictionary with reordering.

A sentence never has a word twice, so that each target word has one source word.
"""

import random
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from attnmt.text.lines import write_lines

SIZES = {"train": 6000, "test": 200}
SHORTEST, LONGEST = 8, 14  # words of a source
WORDS = [f"w{number}" for number in range(40)]
VERBS, ADJECTIVES, NOUNS = WORDS[:8], WORDS[8:20], WORDS[20:]


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
    """Word for word, but nouns stand before their adjectives and the verb comes last.

    w5 always becomes v5. The source is a phrase, the verb, and further phrases.
    """
    source = _clause(dice)
    phrases, [verb] = _phrases(source), _places(source, VERBS)
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


def _clause(dice: random.Random) -> list[str]:
    """A noun phrase, the verb, further noun phrases; adjectives before their nouns."""
    nouns, adjectives = list(NOUNS), list(ADJECTIVES)
    dice.shuffle(nouns)
    dice.shuffle(adjectives)
    length, words = dice.randint(SHORTEST, LONGEST), list[str]()
    while len(words) < length:
        words += [adjectives.pop()] if adjectives and dice.random() < 0.5 else []
        words.append(nouns.pop())
        if len(words) <= 2:
            words.append(dice.choice(VERBS))
    return words


def _phrases(source: list[str]) -> list[list[int]]:
    """The places of each noun phrase's words."""
    phrases: list[list[int]] = []
    for noun in _places(source, NOUNS):
        described = noun > 0 and source[noun - 1] in ADJECTIVES
        phrases.append([noun - 1, noun] if described else [noun])
    return phrases


def _places(source: list[str], kind: list[str]) -> list[int]:
    return [place for place, word in enumerate(source) if word in kind]
