"""BPE dropout: text cut into other pieces each time, Provilkov et al. (2020).

SentencePiece draws too, but its draws are other ones in every process, whatever its
seed: a resumed training would read another text.
"""

import random
from collections.abc import Iterator, Sequence
from itertools import pairwise
from operator import add

from attnmt.text.tokenizer import Tokenizer


class Sampler:
    """Encodes as a tokenizer does, but leaves out each merge with probability `rate`.

    The draws are a function of the key and of the text so far.
    """

    def __init__(self, tokenizer: Tokenizer, rate: float, key: Sequence[int]) -> None:
        self.tokenizer, self.rate = tokenizer, rate
        name = "+".join(map(str, (rate, *key)))
        self.fingerprint = f"{tokenizer.fingerprint}+{name}"
        self._draw = random.Random(name).random
        self._merges = tokenizer.merges()
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
        pieces = list("".join([self._pieces[piece] for piece in word]))
        if not all(piece in self._merges for piece in pieces):
            return word
        while (place := self._next_merge(pieces)) is not None:
            pieces[place : place + 2] = [pieces[place] + pieces[place + 1]]
        return [self._merges[piece][1] for piece in pieces]

    def _next_merge(self, pieces: list[str]) -> int | None:
        """Where the first of the merges is that are not left out this time."""
        best, place = None, None
        for i, pair in enumerate(map(add, pieces, pieces[1:])):
            order = self._merges.get(pair)
            if order is None or self._draw() < self.rate:
                continue
            if best is None or order < best:
                best, place = order, i
        return place
