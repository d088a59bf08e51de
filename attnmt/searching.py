"""Translating by a search, whatever runs its steps."""

from abc import abstractmethod
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from attnmt import search
from attnmt.long_lines import SPLIT
from attnmt.sentences import SourceLine, bare, flags, padded, to_translation
from attnmt.text.tokenizer import EOS
from attnmt.translating import BaseTranslator, Translation


def longest(lengths: ArrayLike, ratio: float) -> np.ndarray:
    """The most pieces of translations of sources of these lengths, </s> included."""
    return (ratio * np.asarray(lengths)).astype(np.int32) + 10


class SearchingTranslator(BaseTranslator):
    """Reads translations from the trace of a search; a subclass runs the search."""

    @abstractmethod
    def trace(
        self,
        lines: list[SourceLine],
        source: np.ndarray,
        limits: np.ndarray,
        beam: int,
        n_best: int,
    ) -> search.Trace:
        """The trace, in NumPy, of `beam` hypotheses of each line.

        `source` [batch, source] are their ids, `limits` [batch] the most pieces. A line
        is searched until its `n_best` are sure under the length penalty.
        """

    def columns(self, source_length: int) -> int | None:
        """How many columns of the weights a source fills; None for all (slots)."""
        return source_length if self.align_kind == "token" else None

    def find(self, lines: list[SourceLine], n: int) -> list[list[Translation]]:
        """Up to `n` translations of each line of a batch; none of them is blank."""
        options = self.decoding
        source = padded([line.encoding.ids for line in lines])
        lengths = [len(line.encoding.ids) for line in lines]
        limits = longest(lengths, options.max_length_ratio)
        # Hypotheses that are drawn do not compete.
        beam = n if options.sampling else max(options.beam_size, n)
        # What coverage adds to a score is not known before the end.
        sure = beam if options.coverage_penalty or options.sampling else n
        trace = self.trace(lines, source, limits, beam, sure)
        found = []
        for i, line in enumerate(lines):
            best = search.hypotheses(
                trace,
                i,
                source_length=self.columns(lengths[i]),
                max_length=int(limits[i]),
                end=EOS,
                n_best=n,
                alpha=options.length_penalty,
                beta=options.coverage_penalty,
            )
            found.append(self._translations(line, best))
        return found

    def _translations(
        self, line: SourceLine, best: list[search.Hypothesis]
    ) -> list[Translation]:
        found = []
        is_part = SPLIT in line.flags  # the weights of all would fill the memory
        best = best[:1] if is_part else best
        for rank, hypothesis in enumerate(best):
            ids = hypothesis.tokens.tolist()
            kept = ids[:-1] if hypothesis.finished else ids
            text, encoding = self.target_tokenizer.decode_with_spans(kept)
            place = (self.align_kind, rank, len(best))
            if self.attends and not is_part:
                found.append(to_translation(line, text, encoding, hypothesis, *place))
            else:
                found.append(_text(line, text, hypothesis, *place))
        return found


def _text(
    line: SourceLine,
    text: str,
    hypothesis: search.Hypothesis,
    align_kind: Literal["token", "slot"],
    rank: int,
    n_best: int,
) -> Translation:
    """A translation without its attention."""
    return bare(
        line.id,
        line.source,
        align_kind,
        flags(line, hypothesis),
        text,
        float(hypothesis.log_probs.sum()),
        hypothesis.score,
        rank,
        n_best,
    )
