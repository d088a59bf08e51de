"""Words of two languages at once, and the links between them."""

import itertools
from collections.abc import Iterable
from typing import NamedTuple

Combination = tuple[str, str, str]

_keys = itertools.count()


class Word(NamedTuple):
    """A word and its link keys: two words are aligned when they share one.

    `combinations` notes on an English word what it was combined with (`heldout.py`).
    """

    text: str
    keys: frozenset[int] = frozenset()
    combinations: frozenset[Combination] = frozenset()


class Phrase(NamedTuple):
    """The same thing said in both languages."""

    en: tuple[Word, ...] = ()
    de: tuple[Word, ...] = ()

    def then(self, *others: "Phrase") -> "Phrase":
        """Append phrases on both sides."""
        parts = (self, *others)
        return Phrase(
            tuple(word for part in parts for word in part.en),
            tuple(word for part in parts for word in part.de),
        )


class Pair(NamedTuple):
    """A finished sentence pair; links are (English, German) word positions."""

    en: str
    de: str
    links: tuple[tuple[int, int], ...]
    combinations: frozenset[Combination]

    @property
    def pharaoh(self) -> str:
        """The links in Pharaoh format."""
        return " ".join(f"{i}-{j}" for i, j in self.links)


EMPTY = Phrase()
COMMA = Word(",")


def fresh() -> frozenset[int]:
    """Return a link key that no other word has."""
    return frozenset([next(_keys)])


def phrase(en: str, de: str, links: str | None = None) -> Phrase:
    """Build a phrase from text.

    `links` is written in Pharaoh format; without it the words are linked one to
    one, or all to all when the lengths differ.
    """
    sides: tuple[list[Word], list[Word]] = (
        [Word(text) for text in en.split()],
        [Word(text) for text in de.split()],
    )
    for i, j in _positions(links, len(sides[0]), len(sides[1])):
        key = fresh()
        for side, position in zip(sides, (i, j), strict=True):
            word = side[position]
            side[position] = word._replace(keys=word.keys | key)
    return Phrase(tuple(sides[0]), tuple(sides[1]))


def _positions(links: str | None, en: int, de: int) -> Iterable[tuple[int, int]]:
    if links is not None:
        pairs = (link.split("-") for link in links.split())
        return [(int(i), int(j)) for i, j in pairs]
    if en == de:
        return [(i, i) for i in range(en)]
    return itertools.product(range(en), range(de))


def finish(sentence: Phrase, mark: str = ".") -> Pair:
    """Attach commas, capitalise, add the final mark and read off the alignment."""
    en, de = _attach_commas(sentence.en), _attach_commas(sentence.de)
    links = tuple(
        (i, j)
        for i, english in enumerate(en)
        for j, german in enumerate(de)
        if english.keys & german.keys
    )
    combinations = frozenset[Combination]().union(*(word.combinations for word in en))
    return Pair(_text(en, mark), _text(de, mark), links, combinations)


def _attach_commas(words: Iterable[Word]) -> list[Word]:
    result: list[Word] = []
    for word in words:
        if word is not COMMA:
            result.append(word)
        elif not result[-1].text.endswith(","):
            result[-1] = result[-1]._replace(text=result[-1].text + ",")
    return result


def _text(words: list[Word], mark: str) -> str:
    text = " ".join(word.text for word in words).removesuffix(",")
    return text[0].upper() + text[1:] + mark


def noted(
    words: tuple[Word, ...], combinations: Iterable[Combination]
) -> tuple[Word, ...]:
    """Note combinations on the last of some English words."""
    *before, last = words
    notes = last.combinations.union(combinations)
    return (*before, last._replace(combinations=notes))
