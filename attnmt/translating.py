"""From text to text with the attention that led there, whatever is in between."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby, islice
from typing import Any, Literal, TypeVar

from pydantic import ValidationError

from attnmt.analysis.record import Record as Translation
from attnmt.config.problems import misfits
from attnmt.config.schema import Config, Decoding
from attnmt.errors import ConfigError
from attnmt.long_lines import joined, read_parts
from attnmt.sentences import (
    SourceLine,
    blank,
    by_length,
    read_line,
)
from attnmt.text.tokenizer import Tokenizer

WINDOW = 20  # batches that are read ahead, to put lines of like length together
T = TypeVar("T")


def check_coverage(align_kind: Literal["token", "slot"], decoding: Decoding) -> None:
    """Raise ConfigError for a coverage penalty where no source token is read."""
    if align_kind == "slot" and decoding.coverage_penalty:
        raise ConfigError(
            "decoding.coverage_penalty: expected 0, because this model's attention "
            "is over memory slots, which do not cover the source, found "
            f"{decoding.coverage_penalty}"
        )


class BaseTranslator(ABC):
    """Translates lines with a trained model; a subclass finds those of a batch."""

    engine: str  # as told in the header of a dump
    attends: bool = True  # False: the weights of what is found are left out
    lanes: int = 1  # batches that may be computed at a time
    at_once: int = 1  # those that are now

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
        check_coverage(self.align_kind, decoding)
        self.origin = dict(origin or {})

    @abstractmethod
    def find(self, lines: list[SourceLine], n: int) -> list[list[Translation]]:
        """Up to `n` translations of each line of a batch; none of them is blank."""

    def translate(self, lines: Iterable[str]) -> Iterator[Translation]:
        """The best translation of each line, in order, as the lines come in."""
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

        So has a line of more pieces than `decoding.max_source_length`, flagged "split":
        its parts are translated and joined, what their attention was is not kept.
        `window` takes the place of the Translator's; `first` numbers the first line.
        """
        check_lines(lines)
        windows = self._read_windows(enumerate(lines, first), window or self.window)
        for found in self._windows(windows, n):
            for _, parts in groupby(found, lambda translations: translations[0].id):
                yield joined(list(parts))
            del found  # before the next window fills the memory, too

    def describe(self, mode: str = "translate", n_best: int = 1) -> dict[str, object]:
        """The header of an attention dump: what made the weights."""
        return {
            "attention": self.attention,
            "query": "produced",
            "mode": mode,
            "n_best": n_best,
            "engine": self.engine,
            "decoding": self.decoding.model_dump(),
            **self.origin,
        }

    def _read(self, number: int, text: str) -> SourceLine:
        longest = self.decoding.max_source_length
        return read_line(self.source_tokenizer, number, text, longest)

    def _parts(self, number: int, text: str) -> list[SourceLine]:
        longest = self.decoding.max_source_length
        return read_parts(self.source_tokenizer, number, text, longest)

    def _read_windows(
        self, numbered: Iterator[tuple[int, str]], size: int
    ) -> Iterator[list[SourceLine]]:
        while ahead := list(islice(numbered, size)):
            yield [part for i, text in ahead for part in self._parts(i, text)]

    def _windows(
        self, windows: Iterable[list[SourceLine]], n: int
    ) -> Iterator[list[list[Translation]]]:
        """What is found of all windows, one after the other."""
        for lines in windows:
            yield self._window(
                lines,
                lambda places, all=lines: self.find([all[i] for i in places], n),
            )

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
        batches = list(by_length(lengths, self.decoding.batch_size))
        for places, results in zip(batches, self._each(compute, batches), strict=True):
            for place, result in zip(places, results, strict=True):
                found[place] = result
        return found

    def _each(
        self,
        compute: Callable[[list[int]], Iterable[T]],
        batches: list[list[int]],
    ) -> Iterator[list[T]]:
        """What `compute` makes of each batch, in order."""
        self.at_once = min(self.lanes, max(1, len(batches)))
        if self.at_once == 1:
            yield from (list(compute(places)) for places in batches)
            return
        with ThreadPoolExecutor(self.at_once) as pool:
            # After an error or an interruption it begins no others.
            yield from pool.map(lambda places: list(compute(places)), batches)


def check_lines(lines: Iterable[str]) -> None:
    """Raise TypeError for one str, which would be read letter by letter."""
    if isinstance(lines, str):
        raise TypeError("expected several lines, as in [text], found one str")


def with_decoding(config: Config, **changes: Any) -> Decoding:
    """The decoding settings of a run with the changes that are not None.

    Those of sampling change the run's own one by one. Raises ConfigError for what is
    out of range, and for a beam where the run draws.
    """
    wanted = {name: value for name, value in changes.items() if value is not None}
    own = config.decoding.model_dump()
    if "sampling" in wanted:
        wanted["sampling"] = {**(own["sampling"] or {}), **wanted["sampling"]}
    elif own["sampling"] and "beam_size" in wanted:
        raise ConfigError(
            "decoding.beam_size: expected none, because decoding.sampling of the run "
            f"draws and does not search, found {wanted['beam_size']}: leave out one of "
            "them (--set decoding.sampling=null)"
        )
    try:
        return Decoding.model_validate({**own, **wanted})
    except ValidationError as error:
        raise ConfigError("\n".join(misfits("decoding", error))) from error
