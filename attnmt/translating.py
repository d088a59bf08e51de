"""From text to text with the attention that led there, whatever searches in between."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, ClassVar, Literal, TypeVar

import numpy as np

from attnmt import search
from attnmt.analysis.record import Record as Translation
from attnmt.config.schema import Config, Decoding
from attnmt.errors import ConfigError
from attnmt.sentences import (
    SourceLine,
    blank,
    by_length,
    padded,
    read_line,
    to_translation,
)
from attnmt.text.tokenizer import EOS, Tokenizer

WINDOW = 20  # batches that are read ahead, to put lines of like length together
T = TypeVar("T")


class BaseTranslator(ABC):
    """Translates lines with a trained model; a subclass searches a batch of them."""

    engine: ClassVar[str]

    def __init__(
        self,
        tokenizers: tuple[Tokenizer, Tokenizer],
        decoding: Decoding,
        attention: Mapping[str, Any],
        origin: Mapping[str, str] | None = None,
    ) -> None:
        """`attention` and `origin` are what the header of a dump says of the model."""
        self.source_tokenizer, self.target_tokenizer = tokenizers
        self.decoding = decoding
        self.attention = dict(attention)
        self.align_kind: Literal["token", "slot"] = attention["align_kind"]
        if self.align_kind == "slot" and decoding.coverage_penalty:
            raise ConfigError(
                "decoding.coverage_penalty: expected 0, because this model's attention "
                "is over memory slots, which do not cover the source, found "
                f"{decoding.coverage_penalty}"
            )
        self.origin = dict(origin or {})

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

    def translate(self, lines: Iterable[str]) -> Iterator[Translation]:
        """The best translation of each line, in order, as the lines come in."""
        if isinstance(lines, str):  # it would be translated letter by letter
            raise TypeError("expected several lines, as in [text], found one str")
        for translations in self.n_best(lines, 1):
            yield translations[0]

    @property
    def window(self) -> int:
        """How many lines are read before the first of them is translated."""
        return WINDOW * self.decoding.batch_size

    def n_best(
        self, lines: Iterable[str], n: int, window: int | None = None, *, first: int = 0
    ) -> Iterator[list[Translation]]:
        """Up to `n` translations of each line, best first; a blank line has one.

        `window` takes the place of the Translator's; `first` numbers the first line.
        """
        windows = self._read_windows(enumerate(lines, first), window or self.window)
        for found in self._windows(windows, n):
            yield from found

    def describe(self, mode: str = "translate", n_best: int = 1) -> dict[str, object]:
        """The header of an attention dump: what made the weights."""
        return {
            "attention": self.attention,
            "query": "produced",
            "mode": mode,
            "n_best": n_best,
            "decoding": self.decoding.model_dump(),
            **self.origin,
        }

    def _read(self, number: int, text: str) -> SourceLine:
        longest = self.decoding.max_source_length
        return read_line(self.source_tokenizer, number, text, longest)

    def _read_windows(
        self, numbered: Iterator[tuple[int, str]], size: int
    ) -> Iterator[list[SourceLine]]:
        while ahead := list(islice(numbered, size)):
            yield [self._read(i, text) for i, text in ahead]

    def _windows(
        self, windows: Iterable[list[SourceLine]], n: int
    ) -> Iterator[list[list[Translation]]]:
        """What is found of all windows, one after the other."""
        for lines in windows:
            yield self._window(
                lines,
                lambda places, all=lines: self.find([all[i] for i in places], n),
            )

    def columns(self, source_length: int) -> int | None:
        """How many columns of the weights a source fills; None for all (slots)."""
        return source_length if self.align_kind == "token" else None

    def _window(
        self,
        lines: list[SourceLine],
        compute: Callable[[list[int]], Iterable[list[Translation]]],
    ) -> list[list[Translation]]:
        return self._in_batches(
            [len(line.encoding.ids) for line in lines],
            [[blank(line, self.align_kind)] for line in lines],
            compute,
        )

    def _in_batches(
        self,
        lengths: list[int],
        blanks: list[T],
        compute: Callable[[list[int]], Iterable[T]],
    ) -> list[T]:
        """What `compute` makes of places of like length at a time; blanks are left."""
        found = blanks
        for places in by_length(lengths, self.decoding.batch_size):
            for place, result in zip(places, compute(places), strict=True):
                found[place] = result
        return found

    def find(self, lines: list[SourceLine], n: int) -> list[list[Translation]]:
        """Up to `n` translations of each line of a batch; none of them is blank."""
        options = self.decoding
        source = padded([line.encoding.ids for line in lines])
        lengths = [len(line.encoding.ids) for line in lines]
        limits = [int(options.max_length_ratio * length) + 10 for length in lengths]
        beam = max(options.beam_size, n)
        # What coverage adds to a score is not known before the end.
        sure = beam if options.coverage_penalty else n
        trace = self.trace(lines, source, np.array(limits, np.int32), beam, sure)
        found = []
        for i, line in enumerate(lines):
            best = search.hypotheses(
                trace,
                i,
                source_length=self.columns(lengths[i]),
                max_length=limits[i],
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
        for rank, hypothesis in enumerate(best):
            ids = hypothesis.tokens.tolist()
            kept = ids[:-1] if hypothesis.finished else ids
            text, encoding = self.target_tokenizer.decode_with_spans(kept)
            found.append(
                to_translation(
                    line, text, encoding, hypothesis, self.align_kind, rank, len(best)
                )
            )
        return found


def with_decoding(config: Config, **changes: object) -> Decoding:
    """The decoding settings of a run with the changes that are not None, checked."""
    wanted = {name: value for name, value in changes.items() if value is not None}
    return Decoding.model_validate({**config.decoding.model_dump(), **wanted})
