"""Translating in several processes, each with a translator of its own."""

import io
import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, redirect_stderr
from functools import cache
from multiprocessing import active_children, get_context, parent_process
from threading import Thread
from typing import Any, NamedTuple

from attnmt.config.schema import Decoding
from attnmt.errors import AttnmtError
from attnmt.sentences import SourceLine, by_length
from attnmt.text.tokenizer import Tokenizer
from attnmt.translating import BaseTranslator, Translation

THREADS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")
AHEAD = 2  # windows that are handed out, so that no worker waits for the next
Load = Callable[[], BaseTranslator]
_load: Load  # of a worker


class Description(NamedTuple):
    """What a worker tells of its translator."""

    engine: str
    tokenizers: tuple[Tokenizer, Tokenizer]
    decoding: Decoding
    attention: dict[str, Any]
    origin: dict[str, str]
    notes: str  # what was said while it was loaded


@contextmanager
def translating(load: Load, workers: int) -> Iterator[BaseTranslator]:
    """A translator whose batches are searched by processes, ended with the block.

    Each of them loads its own, by a function that can be pickled; the translations are
    those of one process. Raises what `load` raises, AttnmtError when a worker dies.
    """
    pool = ProcessPoolExecutor(workers, get_context("spawn"), _begin, (load,))
    try:
        # A worker is told to end, or ends with this process.
        with _no_interrupts(), _one_thread():
            told = [pool.submit(_describe) for _ in range(workers)]
        description = [future.result() for future in told][0]
        print(description.notes, end="", file=sys.stderr)
        yield ParallelTranslator(pool, description)
    except BrokenProcessPool as error:
        raise AttnmtError(
            "--workers: a worker process was killed, perhaps for want of memory: run "
            "the command again, with fewer workers"
        ) from error
    finally:
        for worker in active_children():
            worker.terminate()
        pool.shutdown(cancel_futures=True)


class ParallelTranslator(BaseTranslator):
    """Reads lines and joins what the workers find of their batches, in order."""

    def __init__(self, pool: ProcessPoolExecutor, told: Description) -> None:
        super().__init__(told.tokenizers, told.decoding, told.attention, told.origin)
        self._pool, self.engine = pool, told.engine

    def find(self, lines: list[SourceLine], n: int) -> list[list[Translation]]:
        return self._begun(lines, n).result()

    def _begun(self, lines: list[SourceLine], n: int) -> Future:
        return self._pool.submit(_find, lines, n, self.attends)

    def _windows(
        self, windows: Iterable[list[SourceLine]], n: int
    ) -> Iterator[list[list[Translation]]]:
        waiting: deque[tuple[list[SourceLine], dict[int, Future]]] = deque()
        for lines in windows:
            waiting.append((lines, self._hand_out(lines, n)))
            if len(waiting) == AHEAD:
                yield self._joined(*waiting.popleft())
        while waiting:
            yield self._joined(*waiting.popleft())

    def _hand_out(self, lines: list[SourceLine], n: int) -> dict[int, Future]:
        """What will come of each batch, by the place of its first line."""
        lengths = [len(line.encoding.ids) for line in lines]
        return {
            places[0]: self._begun([lines[i] for i in places], n)
            for places in by_length(lengths, self.decoding.batch_size)
        }

    def _joined(
        self, lines: list[SourceLine], found: dict[int, Future]
    ) -> list[list[Translation]]:
        return self._window(lines, lambda places: found[places[0]].result())


@contextmanager
def _no_interrupts() -> Iterator[None]:
    """Ctrl-C is not for processes that are started within."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _one_thread() -> Iterator[None]:
    """NumPy's products in processes that are started within take one thread each."""
    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _begin(load: Load) -> None:
    """In a worker: remember what to load, and do not outlive the command."""
    global _load
    _load = load
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


@cache
def _loaded() -> tuple[BaseTranslator, str]:
    with redirect_stderr(io.StringIO()) as notes:
        return _load(), notes.getvalue()


def _describe() -> Description:
    own, notes = _loaded()
    return Description(
        own.engine,
        (own.source_tokenizer, own.target_tokenizer),
        own.decoding,
        own.attention,
        own.origin,
        notes,
    )


def _find(lines: list[SourceLine], n: int, attends: bool) -> list[list[Translation]]:
    own, _ = _loaded()
    own.attends = attends
    return own.find(lines, n)
