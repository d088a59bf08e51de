"""Translating with an exported model under LiteRT: neither TensorFlow nor Keras."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np

from attnmt.config.schema import Config, Decoding
from attnmt.devices import MOST_LANES, processors, quiet
from attnmt.errors import ConfigError, DataError
from attnmt.exported import EXTEND, START, STEP, Export, beyond_litert
from attnmt.search.penalties import length_penalty
from attnmt.search.trace import NEVER, Seen, Trace, most_going
from attnmt.searching import SearchingTranslator
from attnmt.sentences import SourceLine
from attnmt.text.tokenizer import Tokenizer, load_tokenizers

Arrays = Mapping[str, np.ndarray]
# What a step of the search takes and the model's own step does not.
OF_SEARCH = (
    "n_best",
    "time",
    "penalty",
    "max_lengths",
    "longest",
    "front_1",
    "front_2",
)


class LiteRTTranslator(SearchingTranslator):
    """Translates lines as the model does that was exported."""

    engine = "litert"

    def __init__(
        self,
        export: Export,
        tokenizers: tuple[Tokenizer, Tokenizer],
        decoding: Decoding,
        threads: int | Literal["auto"] = "auto",
    ) -> None:
        if (lacking := beyond_litert(decoding)) is not None:
            raise ConfigError(
                f"{export.path}: LiteRT does not know {lacking}: leave it out, or "
                "translate with TensorFlow"
            )
        super().__init__(tokenizers, decoding, export.attention, export.origin)
        own = processors() if threads == "auto" else threads
        self._threads, self.lanes = own, min(own, MOST_LANES)
        self._make = partial(Searcher, export.path, bool(export.header.get("xnnpack")))
        self._free = {own: [self._make(own)]}  # by their threads

    @classmethod
    def load(
        cls,
        export: Export,
        config: Config,
        decoding: Decoding,
        threads: int | Literal["auto"] = "auto",
    ) -> Self:
        """The model of an export folder; `config` is that of its run.

        Raises DataError when something is damaged or of another model.
        """
        export.check_files()
        tokenizers = load_tokenizers(config, export.tokenizer_dir)
        for side, tokenizer in zip(("source", "target"), tokenizers, strict=True):
            if tokenizer.fingerprint != export.origin[f"{side}_tokenizer"]:
                raise DataError(
                    f"{export.path}: of a model with another {side} tokenizer than the "
                    "configuration names: export the model again"
                )
        return cls(export, tokenizers, decoding, threads)

    def trace(
        self,
        lines: list[SourceLine],
        source: np.ndarray,
        limits: np.ndarray,
        beam: int,
        n_best: int,
    ) -> Trace:
        alpha = self.decoding.length_penalty
        with self._searcher() as searcher:
            return searcher.search(source, limits, beam, n_best=n_best, alpha=alpha)

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


class Searcher:
    """The models of `attnmt.export.graphs`, with the loop around them."""

    def __init__(self, folder: Path, xnnpack: bool = False, threads: int = 1) -> None:
        """XNNPACK may be used for a step whose inputs tell the sizes of all in it."""
        self._start = _runner(folder / START, threads)
        self._step = _runner(folder / STEP, threads, xnnpack)
        both = not (folder / EXTEND).is_file()  # exports of version 2
        self._extend = None if both else _runner(folder / EXTEND, threads)

    def search(
        self,
        source: np.ndarray,
        limits: np.ndarray,
        beam: int,
        *,
        n_best: int,
        alpha: float,
    ) -> Trace:
        """The trace of `attnmt.search.search` for ids [batch, source], in NumPy."""
        found = self._start(source=source, beam=np.int32(beam))
        penalties = length_penalty(np.arange(1, limits.max() + 1), alpha)
        penalties = penalties.astype(np.float32)  # [time]
        work = {"max_lengths": limits, "longest": penalties[limits - 1], **found}
        sentences = np.arange(len(source))
        steps: list[Arrays] = []
        while len(steps) < limits.max() and (going := _going(found)).any():
            if not most_going(going.sum(), len(going)):
                sentences = sentences[going]
                work = {name: _kept(x, going) for name, x in work.items()}
            now = {"time": np.int32(len(steps)), "penalty": penalties[len(steps)]}
            found = self._advance(n_best=np.int32(n_best), **now, **work)
            front = _only(found, "front_")
            chosen = {name: x for name, x in found.items() if name not in front}
            steps.append(_spread(chosen, sentences, len(source)))
            work |= front
        return _stacked(steps)

    def _advance(self, **given: Any) -> Arrays:
        """One step of the search: what it chose and saw, and the next front."""
        if self._extend is None:
            return self._step(**given)
        read = {name: x for name, x in given.items() if name not in OF_SEARCH}
        made = self._step(**read)
        state = _only(made, "state_")
        own = {name: given[name] for name in OF_SEARCH}
        found = self._extend(logits=made["logits"], **state, **own)
        rest = {name: x for name, x in made.items() if name not in state}
        del rest["logits"]
        return {**found, **rest}


def _going(found: Arrays) -> np.ndarray:
    """Which sentences are not over, [batch]; see `attnmt.search.beam.Front`."""
    return np.any(found["front_1"] > NEVER, axis=1)


def _kept(x: np.ndarray, going: np.ndarray) -> np.ndarray:
    """What is `going` [batch] of an array [batch * each, ...]."""
    return x[np.repeat(going, len(x) // len(going))]


def _spread(found: Arrays, sentences: np.ndarray, batch: int) -> Arrays:
    """What a step told of these of `batch` sentences; the others have nothing."""
    if len(sentences) == batch:
        return found
    whole = {}
    there = np.isin(np.arange(batch), sentences)
    for name, x in found.items():
        each = len(x) // len(sentences)
        nothing = NEVER if name == "log_probs" else 0
        whole[name] = np.full((batch * each, *x.shape[1:]), nothing, x.dtype)
        whole[name][np.repeat(there, each)] = x
    return whole


def _only(found: Arrays, prefix: str) -> Arrays:
    return {name: x for name, x in found.items() if name.startswith(prefix)}


def _stacked(steps: Sequence[Arrays]) -> Trace:
    """The trace of a search from what its steps told."""

    def every(name: str) -> np.ndarray:
        return np.stack([step[name] for step in steps])

    extras = {
        name.removeprefix("extra_"): every(name) for name in _only(steps[0], "extra_")
    }
    seen = Seen(every("weights"), extras)
    return Trace(every("tokens"), every("parents"), every("log_probs"), seen)


def _runner(file: Path, threads: int, xnnpack: bool = False) -> Callable[..., Arrays]:
    """A function of named arrays that runs the only signature of a model."""
    interpreter = open_model(file, threads, xnnpack)
    with quiet():
        interpreter.allocate_tensors()  # here, where its own notes are not seen
    return interpreter.get_signature_runner()


def open_model(file: Path, threads: int = 1, xnnpack: bool = False) -> Any:
    """The interpreter of a model.

    Where a size is known only when it runs, what XNNPACK (in ai-edge-litert 2.3.0)
    computes after the first time may be wrong: it reads from where its inputs were.
    """
    try:
        from ai_edge_litert.interpreter import Interpreter, OpResolverType
    except ImportError as error:
        raise ConfigError(
            f"--engine litert: expected the package ai-edge-litert: {error}: "
            "pip install ai-edge-litert"
        ) from error
    kind = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    if xnnpack:
        kind = OpResolverType.AUTO
    try:
        with quiet():
            return Interpreter(
                str(file), num_threads=threads, experimental_op_resolver_type=kind
            )
    except ValueError as error:
        raise DataError(f"{file}: not a LiteRT model: {error}") from error
