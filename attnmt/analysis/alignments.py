"""Word alignments: links read from attention, and the Pharaoh notation."""

import re
from collections.abc import Iterable
from typing import Literal, NamedTuple, get_args

import numpy as np

from attnmt.errors import DataError

Link = tuple[int, int]  # (source word, target word), counted from 0

_LINK = re.compile(r"([0-9]{1,9})([-p?])([0-9]{1,9})")

Symmetrisation = Literal[
    "forward",
    "reverse",
    "intersection",
    "union",
    "grow-diag",
    "grow-diag-final",
    "grow-diag-final-and",
]
SYMMETRISATIONS: tuple[Symmetrisation, ...] = get_args(Symmetrisation)
LinkMethod = Literal["argmax", "argmax-source", "mutual", "strong", "threshold"]
_NEIGHBOURS = ((-1, 0), (0, -1), (1, 0), (0, 1), (-1, -1), (-1, 1), (1, -1), (1, 1))


class Linking(NamedTuple):
    """How links are read from attention.

    argmax links every target word to the source word it reads most, argmax-source
    every source word to the target word that reads it most; mutual keeps what both
    say. strong and threshold may link a target word to several: those that have
    `threshold` times the largest weight, those that have `threshold` or more.

    `</s>` is never linked. A word with its largest weight there is linked to the next
    best word, or, where `end` is "no-link", to none.
    """

    method: LinkMethod = "argmax"
    threshold: float = 0.5
    end: Literal["next-best", "no-link"] = "next-best"


def links_of(word_weights: np.ndarray, linking: Linking) -> list[Link]:
    """The links between words, of [..., target + 1, source + 1] as argmax_links."""
    weights = _mean(word_weights)
    no_link = linking.end == "no-link"
    by_target = _without_ended(weights) if no_link else weights
    if linking.method == "argmax":
        return argmax_links(by_target)
    if linking.method == "strong":
        return strong_links(by_target, linking.threshold)
    if linking.method == "threshold":
        return threshold_links(by_target, linking.threshold)
    by_source = _without_ended(weights.T).T if no_link else weights
    links = argmax_source_links(by_source)
    if linking.method == "argmax-source":
        return links
    return sorted({*links} & {*argmax_links(by_target)})


def argmax_links(word_weights: np.ndarray) -> list[Link]:
    """Links every target word to the source word with the largest weight.

    word_weights [..., target, source]: the last row and the last column are those of
    `</s>`, which is never linked; leading axes (layers, heads) are averaged. A target
    word that has no weight on any source word gets no link. Ties go to the left.
    """
    words = _between_words(word_weights)
    if words.size == 0:
        return []
    best = words.argmax(axis=1)
    return [(int(s), t) for t, s in enumerate(best) if words[t, s] > 0]


def argmax_source_links(word_weights: np.ndarray) -> list[Link]:
    """Links every source word to the target word that reads it most.

    As argmax_links, the other way round.
    """
    weights = np.swapaxes(word_weights, -1, -2)
    return [(s, t) for t, s in argmax_links(weights)]


def strong_links(word_weights: np.ndarray, share: float = 0.5) -> list[Link]:
    """Links every target word to all source words that it reads much.

    As argmax_links, and also the source words with at least `share` times the largest
    weight on a source word, so that a word may be made of several. Sorted by target.
    """
    words = _between_words(word_weights)
    if words.size == 0:
        return []
    enough = np.maximum(share * words.max(axis=1, keepdims=True), 1e-30)
    return [(int(s), int(t)) for t, s in np.argwhere(words >= enough)]


def threshold_links(word_weights: np.ndarray, threshold: float) -> list[Link]:
    """Links every target word to the source words with at least this weight.

    As argmax_links; a word may get many links or none. Sorted by target.
    """
    words = _between_words(word_weights)
    enough = max(threshold, 1e-30)
    return [(int(s), int(t)) for t, s in np.argwhere(words >= enough)]


def _mean(word_weights: np.ndarray) -> np.ndarray:
    """[..., target + 1, source + 1] -> [target + 1, source + 1]."""
    weights = np.asarray(word_weights, np.float32)
    return weights.mean(axis=tuple(range(weights.ndim - 2)))


def _without_ended(weights: np.ndarray) -> np.ndarray:
    """The same with zeros for the rows that have their largest weight on `</s>`."""
    largest = weights[:, :-1].max(axis=1, initial=0)
    return np.where((weights[:, -1] > largest)[:, None], 0, weights)


def _between_words(word_weights: np.ndarray) -> np.ndarray:
    """[..., target + 1, source + 1] -> [target, source], without `</s>`."""
    return _mean(word_weights)[:-1, :-1]


def pharaoh(links: Iterable[Link]) -> str:
    """Writes links as `0-0 1-2`, in the order of the source."""
    return " ".join(f"{source}-{target}" for source, target in sorted(links))


def parse_pharaoh(line: str, *, one_indexed: bool) -> tuple[set[Link], set[Link]]:
    """Reads sure links `i-j` and possible links `ipj` or `i?j` of one sentence.

    Returns (sure, possible) as (source, target) counted from 0; every sure link is
    also among the possible ones. Raises DataError; the caller adds file and line.
    """
    sure, possible = set(), set()
    for token in line.split():
        match = _LINK.fullmatch(token)
        if match is None:
            raise DataError(f"expected links like 0-1 or 0p1, found {token!r}")
        link = (int(match[1]) - one_indexed, int(match[3]) - one_indexed)
        if min(link) < 0:
            raise DataError(f"expected words counted from 1, found {token!r}")
        possible.add(link)
        if match[2] == "-":
            sure.add(link)
    return sure, possible


def symmetrise(
    forward: Iterable[Link], reverse: Iterable[Link], method: str
) -> list[Link]:
    """One alignment of two that were made in opposite directions, sorted.

    Both hold (source word, target word). Och and Ney (2003), section 3.4; Koehn et al.
    (2003): grow-diag begins with the intersection and adds neighbours (also diagonal
    ones) of its links from the union, as long as they link a word that has no link;
    final then adds links of either direction for words that still have none, final-and
    only where both words have none. `method` is one of SYMMETRISATIONS.
    """
    forward, reverse = set(forward), set(reverse)
    if method in ("forward", "reverse"):
        return sorted(forward if method == "forward" else reverse)
    if method == "union":
        return sorted(forward | reverse)
    links = forward & reverse
    if method == "intersection":
        return sorted(links)
    growing = _Growing(links)
    _grow(growing, forward | reverse)
    if method != "grow-diag":
        enough = all if method == "grow-diag-final-and" else any
        for direction in (forward, reverse):
            for link in sorted(direction - growing.links):
                if enough(growing.without_link(link)):
                    growing.add(link)
    return sorted(growing.links)


class _Growing:
    """Links to which others are added, and the words that have one."""

    def __init__(self, links: set[Link]) -> None:
        self.links = set(links)
        self._sources = {source for source, _ in links}
        self._targets = {target for _, target in links}

    def add(self, link: Link) -> None:
        self.links.add(link)
        self._sources.add(link[0])
        self._targets.add(link[1])

    def without_link(self, link: Link) -> tuple[bool, bool]:
        """Whether its source word, its target word has no link yet."""
        return link[0] not in self._sources, link[1] not in self._targets


def _grow(growing: _Growing, union: set[Link]) -> None:
    latest = growing.links
    while latest:  # what an older link could add it has added
        before, latest = sorted(latest), set[Link]()
        for source, target in before:
            for ahead, down in _NEIGHBOURS:
                link = (source + ahead, target + down)
                new = link in union and link not in growing.links
                if new and any(growing.without_link(link)):
                    growing.add(link)
                    latest.add(link)
