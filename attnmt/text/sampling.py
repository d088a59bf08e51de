"""Text cut into other pieces each time: merges are left out at random."""

from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np

from attnmt.errors import ConfigError
from attnmt.text.tokenizer import Tokenizer


class Sampler:
    """Cuts as a tokenizer does, then undoes merges with probability `alpha` each.

    A piece becomes the two pieces that it was merged of, and each of them may again:
    BPE dropout, Provilkov et al. (2020), from the end of the merges. The draws are a
    function of the key and of the order of the calls; those of SentencePiece itself are
    others in every process.
    """

    def __init__(self, tokenizer: Tokenizer, alpha: float, key: Sequence[int]) -> None:
        self.tokenizer, self.alpha = tokenizer, alpha
        self.fingerprint = f"{tokenizer.fingerprint}+{alpha}+{','.join(map(str, key))}"
        self._draw = np.random.Generator(np.random.Philox(np.random.SeedSequence(key)))

    def __len__(self) -> int:
        return len(self.tokenizer)

    def encode(self, lines: Sequence[str]) -> list[list[int]]:
        """Return drawn piece ids of each line, without beginning and end."""
        if not self._halves.any():
            raise ConfigError(
                "tokenizer.sampling: expected 0, because no piece of the tokenizer is "
                f"made of two others, found {self.alpha}"
            )
        rows = self.tokenizer.encode(lines)
        ids = np.array([piece for row in rows for piece in row], np.int64)  # [pieces]
        line = np.repeat(np.arange(len(rows)), [len(row) for row in rows])  # [pieces]
        new = np.ones_like(ids, bool)  # pieces that were not asked yet
        while new.any():
            ids, line, new = self._undo(ids, line, new)
        ends = np.searchsorted(line, np.arange(1, len(rows)))
        return [part.tolist() for part in np.split(ids, ends)]

    def _undo(
        self, ids: np.ndarray, line: np.ndarray, new: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Ask every new piece once whether its merge is undone; all [pieces]."""
        undone = new & (self._draw.random(len(ids)) < self.alpha)
        undone &= self._halves[ids, 0] > 0
        times = 1 + undone
        second = np.cumsum(times)[undone] - 1  # places of the second halves
        halves, undone = self._halves[ids[undone]], np.repeat(undone, times)
        ids, line = np.repeat(ids, times), np.repeat(line, times)
        ids[second - 1], ids[second] = halves.T
        return ids, line, undone

    @cached_property
    def _halves(self) -> np.ndarray:
        """The pieces that each piece was merged of, [vocabulary, 2]; 0 for none."""
        pieces, scores = zip(*self.tokenizer.pieces_with_scores(), strict=True)
        ids = {piece: i for i, piece in enumerate(pieces) if piece}
        halves = np.zeros((len(pieces), 2), np.int64)
        for i, piece in enumerate(pieces):
            # Of two ways the one whose merges came first: they have the higher scores.
            ways = list(_ways(piece, ids))
            if ways:
                halves[i] = max(
                    ways, key=lambda way: min(scores[way[0]], scores[way[1]])
                )
        return halves


def _ways(piece: str, ids: dict[str, int]) -> Iterator[tuple[int, int]]:
    for place in range(1, len(piece)):
        left, right = ids.get(piece[:place]), ids.get(piece[place:])
        if left is not None and right is not None:
            yield left, right
