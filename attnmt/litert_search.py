"""The search of an exported model, in NumPy around what LiteRT runs."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from attnmt.devices import quiet
from attnmt.errors import ConfigError, DataError
from attnmt.exported import EXTEND, OUTPUT, START, STEP
from attnmt.search.penalties import length_penalty
from attnmt.search.trace import NEVER, Seen, Trace, most_going

Arrays = Mapping[str, np.ndarray]
Output = Callable[[np.ndarray], np.ndarray]  # [rows, depth] -> logits [rows, pieces]
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
OF_TRACE = ("weights", "extra_")  # what a step saw
LONG = 1024.0  # of a vector beside whose product a bias is small


class Searcher:
    """The models of `attnmt.export.graphs`, with the loop around them."""

    def __init__(self, folder: Path, xnnpack: bool = False, threads: int = 1) -> None:
        """XNNPACK may be used for a step whose inputs tell the sizes of all in it."""
        self._start = _runner(folder / START, threads)
        self._step = _runner(folder / STEP, threads, xnnpack)
        # A model that copies has no OUTPUT, and those of version 2 have neither.
        self._output = self._extend = None
        if (folder / OUTPUT).is_file():
            self._output = _runner(folder / OUTPUT, threads, xnnpack=True)
        if (folder / EXTEND).is_file():
            self._extend = _runner(folder / EXTEND, threads)

    def search(
        self,
        source: np.ndarray,
        limits: np.ndarray,
        beam: int,
        *,
        n_best: int,
        alpha: float,
        pieces: np.ndarray | None = None,
    ) -> Trace:
        """The trace of `attnmt.search.search` for ids [batch, source], in NumPy.

        Where `pieces` are given, sorted ids with the special ones first, it is among
        these.
        """
        output = self._whole if pieces is None else self._among(pieces)
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
            found = self._advance(output, n_best=np.int32(n_best), **now, **work)
            if pieces is not None:
                ids = {name: pieces[found[name]] for name in ("tokens", "front_0")}
                found = {**found, **ids}
            front = _only(found, "front_")
            chosen = {name: x for name, x in found.items() if name not in front}
            steps.append(_spread(chosen, sentences, len(source)))
            work |= front
        return _stacked(steps)

    def _advance(self, output: Output, **given: Any) -> Arrays:
        """One step of the search: what it chose and saw, and the next front."""
        if self._extend is None:
            return self._step(**given)
        read = {name: x for name, x in given.items() if name not in OF_SEARCH}
        made = self._step(**read)
        state = _only(made, "state_")
        own = {name: given[name] for name in OF_SEARCH}
        logits = made["logits"] if "logits" in made else output(made["vectors"])
        found = self._extend(logits=logits, **state, **own)
        seen = {name: x for name, x in made.items() if name.startswith(OF_TRACE)}
        return {**found, **seen}

    def _whole(self, vectors: np.ndarray) -> np.ndarray:
        """The logits of all pieces."""
        assert self._output is not None
        return self._output(vectors=vectors)["logits"]

    def _among(self, pieces: np.ndarray) -> Output:
        """What makes the logits of these pieces."""
        matrix, bias = (x[pieces] for x in self._weights)
        return lambda vectors: vectors @ matrix.T + bias

    @cached_property
    def _weights(self) -> tuple[np.ndarray, np.ndarray]:
        """The matrix [pieces, depth] and the bias [pieces] of the output layer.

        Whatever they are stored as: they are what it makes of unit vectors and of none.
        """
        assert self._output is not None
        depth = self._output.get_input_details()["vectors"]["shape_signature"][-1]
        bias = self._whole(np.zeros([1, depth], np.float32))
        made = self._whole(LONG * np.eye(depth, dtype=np.float32)) - bias
        return np.ascontiguousarray(made.T) / np.float32(LONG), bias[0]


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


def _runner(file: Path, threads: int, xnnpack: bool = False) -> Any:
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
