"""Translating with an exported model under LiteRT: neither TensorFlow nor Keras."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Literal, Self

import numpy as np

from attnmt.config.schema import Decoding
from attnmt.devices import MOST_LANES, processors
from attnmt.errors import ConfigError, DataError
from attnmt.exported import OUTPUT, PRECISIONS, Export, beyond_litert
from attnmt.litert_search import Searcher
from attnmt.run import Run
from attnmt.search.trace import Trace
from attnmt.searching import SearchingTranslator
from attnmt.sentences import SourceLine
from attnmt.shortlist import Shortlist, load_shortlist
from attnmt.text.tokenizer import Tokenizer, load_tokenizers


class LiteRTTranslator(SearchingTranslator):
    """Translates lines as the model does that was exported."""

    def __init__(
        self,
        export: Export,
        tokenizers: tuple[Tokenizer, Tokenizer],
        decoding: Decoding,
        threads: int | Literal["auto"] = "auto",
        shortlist: Shortlist | None = None,
    ) -> None:
        if (lacking := beyond_litert(decoding)) is not None:
            raise ConfigError(
                f"{export.path}: LiteRT does not know {lacking}: leave it out, or "
                "translate with TensorFlow"
            )
        super().__init__(tokenizers, decoding, export.attention, export.origin)
        self.engine = f"litert-{export.header.get('precision', PRECISIONS[0])}"
        self.shortlist = shortlist
        own = processors() if threads == "auto" else threads
        self._threads, self.lanes = own, min(own, MOST_LANES)
        self._make = partial(Searcher, export.path, bool(export.header.get("xnnpack")))
        self._free = {own: [self._make(own)]}  # by their threads

    @classmethod
    def load(
        cls,
        export: Export,
        run: Run,
        decoding: Decoding,
        threads: int | Literal["auto"] = "auto",
    ) -> Self:
        """The model of an export folder, with the run's shortlist if one is wanted.

        Raises DataError when something is damaged or of another model, ConfigError
        for a `decoding` that it cannot do.
        """
        export.check_files()
        tokenizers = load_tokenizers(run.load_config(), export.tokenizer_dir)
        for side, tokenizer in zip(("source", "target"), tokenizers, strict=True):
            if tokenizer.fingerprint != export.origin[f"{side}_tokenizer"]:
                raise DataError(
                    f"{export.path}: of a model with another {side} tokenizer than the "
                    "configuration names: export the model again"
                )
        shortlist = None
        if decoding.shortlist:
            if OUTPUT not in export.sha256:
                raise DataError(
                    f"{export.path}: made without an output layer that a shortlist can "
                    "shorten: export the model again (one that copies from the source "
                    "has none)"
                )
            shortlist = load_shortlist(run, tokenizers)
        return cls(export, tokenizers, decoding, threads, shortlist)

    def trace(
        self,
        lines: list[SourceLine],
        source: np.ndarray,
        limits: np.ndarray,
        beam: int,
        n_best: int,
    ) -> Trace:
        pieces = None
        if self.shortlist is not None:
            pieces = self.shortlist.pieces(source, self.decoding.shortlist)
        with self._searcher() as searcher:
            return searcher.search(
                *(source, limits, beam),
                n_best=n_best,
                alpha=self.decoding.length_penalty,
                pieces=pieces,
            )

    @contextmanager
    def _searcher(self) -> Iterator["Searcher"]:
        """One that no other lane has, with its share of the threads."""
        threads = max(1, self._threads // self.at_once)
        free = self._free.setdefault(threads, [])
        try:
            searcher = free.pop()
        except IndexError:
            searcher = self._make(threads)
        try:
            yield searcher
        finally:
            free.append(searcher)
