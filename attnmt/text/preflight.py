"""What may be wrong with parallel text, told before a training learns from it."""

import re
from array import array
from collections.abc import Iterator
from hashlib import blake2b
from typing import NamedTuple

import numpy as np

from attnmt.config import schema
from attnmt.text.corpora import Pair, read_pairs

FAR = 3.0  # times the usual ratio of lengths
SHORT = 30  # characters: shorter sentences may be of any ratio
# Control characters but the tab, and what stands for bytes that could not be read.
_STRANGE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffd]")

EMPTY = "empty on a side"
LONG = "longer in words than data.max_length is in pieces"
EQUAL = "the same on both sides"
STRANGE = "control characters, or U+FFFD for bytes that were no text"
UNEVEN = "far shorter or longer than its translation"
REPEATED = "a pair that was there before"
KNOWN_PAIR = "a pair that is trained on"
KNOWN_SOURCE = "a source that is trained on, with another target"


class Finding(NamedTuple):
    """What was found, and where."""

    what: str
    lines: np.ndarray  # their numbers, from 1, rising


class Checked(NamedTuple):
    """A corpus and what was found in it."""

    key: str  # of the configuration
    name: str
    pairs: int
    characters: tuple[float, float]  # of a line, on average: source, target
    findings: list[Finding]


class _Text:
    """What is kept of a corpus: 32 bytes a pair, so that millions fit."""

    def __init__(self) -> None:
        self._sources, self._pairs = array("Q"), array("Q")
        self._lengths = array("Q")
        self._marked: dict[str, array] = {}

    def add(self, source: str, target: str) -> None:
        self._sources.append(_hash(source))
        self._pairs.append(_hash(f"{source}\t{target}"))
        self._lengths.extend((len(source), len(target)))

    def mark(self, what: str) -> None:
        """Note that something is to be said of the last pair."""
        self._marked.setdefault(what, array("Q")).append(len(self._pairs))

    def marked(self) -> Iterator[Finding]:
        for what, lines in self._marked.items():
            yield Finding(what, np.array(lines, np.int64))

    @property
    def sources(self) -> np.ndarray:
        return np.array(self._sources, np.uint64)

    @property
    def pairs(self) -> np.ndarray:
        return np.array(self._pairs, np.uint64)

    @property
    def lengths(self) -> np.ndarray:
        """In characters, [pairs, 2]."""
        return np.array(self._lengths, np.float64).reshape(-1, 2)


def check_text(data: schema.Data) -> Iterator[Checked]:
    """Read all text of a configuration; what is found in a corpus, one after the other.

    Raises DataError for what cannot be read or is not parallel.
    """
    sources, pairs = [np.empty(0, np.uint64)], [np.empty(0, np.uint64)]
    for i, corpus in enumerate(data.train):
        text = _read(corpus, data)
        repeated = Finding(REPEATED, _repeated(text.pairs, np.concatenate(pairs)))
        yield _checked(f"data.train.{i}", corpus, text, [repeated])
        sources.append(text.sources)
        pairs.append(text.pairs)
    for key, corpus in (("data.valid", data.valid), ("data.test", data.test)):
        if corpus is not None:
            text = _read(corpus, data)
            same = np.isin(text.pairs, np.concatenate(pairs))
            asked = np.isin(text.sources, np.concatenate(sources)) & ~same
            known = [(KNOWN_PAIR, same), (KNOWN_SOURCE, asked)]
            found = [Finding(what, 1 + np.flatnonzero(lines)) for what, lines in known]
            yield _checked(key, corpus, text, found)


def _read(corpus: schema.Corpus, data: schema.Data) -> _Text:
    text = _Text()
    for pair in read_pairs(corpus, data.source_lang, data.target_lang):
        text.add(*pair)
        for what in _oddities(pair, data.max_length):
            text.mark(what)
    return text


def _oddities(pair: Pair, longest: int) -> Iterator[str]:
    source, target = pair
    if not (source.strip() and target.strip()):
        yield EMPTY
    elif source == target:
        yield EQUAL
    if any(_STRANGE.search(side) for side in pair):
        yield STRANGE
    # A word is a piece at least, and a line of few characters is none of many words.
    if any(len(side) > longest and len(side.split()) > longest for side in pair):
        yield LONG


def _checked(
    key: str, corpus: schema.Corpus, text: _Text, more: list[Finding]
) -> Checked:
    sides = (corpus.source, corpus.target, corpus.tsv, corpus.tfds)
    name = ", ".join(str(side) for side in sides if side is not None)
    lengths = text.lengths
    source, target = lengths.mean(axis=0).tolist() if len(lengths) else (0.0, 0.0)
    found = [*text.marked(), Finding(UNEVEN, _uneven(lengths)), *more]
    findings = [finding for finding in found if len(finding.lines)]
    return Checked(key, name, len(lengths), (source, target), findings)


def _uneven(lengths: np.ndarray) -> np.ndarray:
    """The lines whose lengths [pairs, 2] are far from the usual ratio."""
    full = (lengths > 0).all(axis=1)
    if not full.any():
        return np.empty(0, np.int64)
    ratios = lengths[:, 1] / np.maximum(lengths[:, 0], 1.0)
    off = ratios / np.median(ratios[full])
    far = (off > FAR) | (off < 1.0 / FAR)
    return 1 + np.flatnonzero(full & far & (lengths.max(axis=1) >= SHORT))


def _repeated(pairs: np.ndarray, before: np.ndarray) -> np.ndarray:
    """The lines of pairs that were `before`, or earlier in the same text."""
    _, first = np.unique(pairs, return_index=True)
    new = np.zeros(len(pairs), bool)
    new[first] = True
    return 1 + np.flatnonzero(~new | np.isin(pairs, before))


def _hash(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little")
