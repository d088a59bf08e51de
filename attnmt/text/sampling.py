"""Text cut into other pieces each time: BPE dropout and subword regularisation.

SentencePiece draws too, but its draws are other ones in every process, whatever its
seed: a resumed training would read another text.
"""

import math
import random
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from operator import add
from typing import NamedTuple

from attnmt.text.spm import Pieces
from attnmt.text.tokenizer import Tokenizer

Draw = Callable[[], float]  # evenly from 0 to 1
MOST_WORDS = 50_000  # whose lattices are kept: a corpus may have any number


class Sampler:
    """Encodes as a tokenizer does, but draws how each word is cut.

    The draws are a function of the key and of the text so far.
    """

    def __init__(self, tokenizer: Tokenizer, rate: float, key: Sequence[int]) -> None:
        self.tokenizer = tokenizer
        name = "+".join(map(str, (rate, *key)))
        self.fingerprint = f"{tokenizer.fingerprint}+{name}"
        self._draw = random.Random(name).random
        pieces, merges = tokenizer.known_pieces()
        self._cuts = Merges(pieces, rate) if merges else Lattices(pieces, rate)
        self._pieces = [tokenizer.piece(i) for i in range(len(tokenizer))]

    def __len__(self) -> int:
        return len(self.tokenizer)

    def id(self, piece: str) -> int:
        """Return the id of a piece."""
        return self.tokenizer.id(piece)

    def encode(self, lines: Sequence[str]) -> list[list[int]]:
        """Return drawn piece ids of each line, without beginning and end."""
        return [
            [piece for word in self._words(ids) for piece in self._cut(word)]
            for ids in self.tokenizer.encode(lines)
        ]

    def _words(self, ids: list[int]) -> Iterator[list[int]]:
        """The pieces of each word, the first of which brings the space along."""
        begins = [i for i, piece in enumerate(ids) if self._pieces[piece][0] == "▁"]
        for begin, end in pairwise(sorted({0, *begins, len(ids)})):
            yield ids[begin:end]

    def _cut(self, word: list[int]) -> list[int]:
        """Cut a word anew; one that is spelt in bytes, or unknown, stays."""
        pieces = [self._pieces[piece] for piece in word]
        if not all(piece in self._cuts.pieces for piece in pieces):
            return word
        drawn = self._cuts.cut("".join(pieces), self._draw)
        return word if drawn is None else drawn


class Merges:
    """BPE whose merges are each left out with probability `rate`.

    Provilkov et al. (2020), algorithm 1.
    """

    def __init__(self, pieces: Pieces, rate: float) -> None:
        self.pieces, self.rate = pieces, rate

    def cut(self, text: str, draw: Draw) -> list[int] | None:
        """The ids of drawn pieces; None where a character is none of them."""
        pieces = list(text)
        if not all(piece in self.pieces for piece in pieces):
            return None
        while (place := self._next_merge(pieces, draw)) is not None:
            pieces[place : place + 2] = [pieces[place] + pieces[place + 1]]
        return [self.pieces[piece][1] for piece in pieces]

    def _next_merge(self, pieces: list[str], draw: Draw) -> int | None:
        """Where the first of the merges is that are not left out this time."""
        best, place = None, None
        for i, pair in enumerate(map(add, pieces, pieces[1:])):
            order = self.pieces.get(pair)
            if order is None or draw() < self.rate:
                continue
            if best is None or order < best:
                best, place = order, i
        return place


class Ending(NamedTuple):
    """A piece that ends at a place of a word."""

    share: float  # of all ways to get there, with those of the pieces before it
    begin: int
    id: int


class Lattices:
    """A unigram model whose cuts are drawn as p(cut)^alpha, Kudo (2018), section 3.2.

    Forwards all ways to each place are summed, backwards they are drawn. The sums of
    words are kept, since most come again, but never more than so many.
    """

    def __init__(self, pieces: Pieces, alpha: float) -> None:
        self.pieces, self.alpha = pieces, alpha
        self.longest = max(map(len, pieces))
        self._endings = lru_cache(MOST_WORDS)(self._lattice)

    def cut(self, text: str, draw: Draw) -> list[int] | None:
        """The ids of drawn pieces; None where no pieces make the text."""
        endings, place = self._endings(text), len(text)
        if place and not endings[place]:
            return None
        ids = []
        while place:
            ending = _drawn(endings[place], draw())
            ids.append(ending.id)
            place = ending.begin
        return ids[::-1]

    def _lattice(self, text: str) -> list[list[Ending]]:
        """By place, the pieces that end there; their shares sum to one."""
        log_sums = [0.0]  # of the ways to each place
        endings: list[list[Ending]] = [[]]
        for end in range(1, len(text) + 1):
            ways = []
            for begin in range(max(0, end - self.longest), end):
                cost, piece = self.pieces.get(text[begin:end], (math.inf, 0))
                way = log_sums[begin] - self.alpha * cost
                if way > -math.inf:
                    ways.append(Ending(way, begin, piece))
            log_sums.append(_log_sum([way.share for way in ways]))
            endings.append(
                [w._replace(share=math.exp(w.share - log_sums[end])) for w in ways]
            )
        return endings


def _drawn(endings: Sequence[Ending], left: float) -> Ending:
    """The one in whose share `left`, from 0 to 1, falls."""
    for ending in endings:
        left -= ending.share
        if left < 0.0:
            return ending
    return endings[-1]  # shares that sum to a little less than one


def _log_sum(logs: Sequence[float]) -> float:
    """log of the sum of exp, of nothing -infinity."""
    most = max(logs, default=-math.inf)
    if most == -math.inf:
        return most
    return most + math.log(sum(math.exp(each - most) for each in logs))
