"""Translating with an exported model under LiteRT: neither TensorFlow nor Keras."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np

from attnmt.config.schema import Config, Decoding
from attnmt.devices import quiet
from attnmt.errors import ConfigError, DataError
from attnmt.exported import START, STEP, Export
from attnmt.search.penalties import length_penalty
from attnmt.search.trace import NEVER, Seen, Trace, most_going
from attnmt.searching import SearchingTranslator
from attnmt.sentences import SourceLine
from attnmt.text.tokenizer import Tokenizer, load_tokenizers

Arrays = Mapping[str, np.ndarray]


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
        if decoding.shortlist:
            raise ConfigError(
                "decoding.shortlist: expected 0, because an export computes its whole "
                f"output layer, found {decoding.shortlist}"
            )
        super().__init__(tokenizers, decoding, export.attention, export.origin)
        self._searcher = Searcher(export.path, threads)

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
        return self._searcher.search(source, limits, beam, n_best=n_best, alpha=alpha)


class Searcher:
    """The two models of `attnmt.export.graphs`, with the loop around them."""

    def __init__(self, folder: Path, threads: int | Literal["auto"] = "auto") -> None:
        count = len(os.sched_getaffinity(0)) if threads == "auto" else threads
        self._start = _runner(folder / START, count)
        self._step = _runner(folder / STEP, count)

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
            found = self._step(n_best=np.int32(n_best), **now, **work)
            front = _only(found, "front_")
            chosen = {name: x for name, x in found.items() if name not in front}
            steps.append(_spread(chosen, sentences, len(source)))
            work |= front
        return _stacked(steps)


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


def _runner(file: Path, threads: int) -> Any:
    """A function of named arrays that runs the only signature of a model."""
    try:
        from ai_edge_litert.interpreter import Interpreter, OpResolverType
    except ImportError as error:
        raise ConfigError(
            f"--engine litert: expected the package ai-edge-litert: {error}: "
            "pip install ai-edge-litert"
        ) from error
    try:
        with quiet():
            # Not by XNNPACK: after a change of shape it was seen to compute with what
            # happened to stand in memory (ai-edge-litert 2.3.0).
            interpreter = Interpreter(
                str(file),
                num_threads=threads,
                experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
            )
            interpreter.allocate_tensors()  # here, where its own notes are not seen
            return interpreter.get_signature_runner()
    except ValueError as error:
        raise DataError(f"{file}: not a LiteRT model: {error}") from error
