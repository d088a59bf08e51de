"""Batches of similar length within a budget of pieces, and their order."""

import queue
import threading
from collections.abc import Generator, Iterable, Sequence
from typing import NamedTuple, TypeVar

import numpy as np

from attnmt.text.encoded import EncodedCorpus
from attnmt.text.tokenizer import BOS, EOS, PAD

_SORTED = 1_000_000  # pairs that are sorted by length together: more take more memory
Item = TypeVar("Item")


class Batch(NamedTuple):
    """Padded piece ids, int32, PAD to the right."""

    source: np.ndarray  # [batch, source], pieces then EOS
    target_in: np.ndarray  # [batch, target], BOS then pieces
    target_out: np.ndarray  # [batch, target], pieces then EOS


def plan_epoch(
    corpora: Sequence[EncodedCorpus],
    weights: Sequence[float],
    batch_tokens: int,
    seed: int,
    epoch: int,
) -> list[np.ndarray]:
    """Plan the batches of an epoch: a pure function of its arguments.

    A batch holds the positions of its sentences in the corpora put one after the
    other, [batch] int64. A corpus of weight 2 is read twice, of weight 0.5 by half.
    Neither side of a batch has more than `batch_tokens` positions, padding and ends
    included, unless one sentence alone has.
    """
    random = np.random.Generator(np.random.Philox(key=[seed, epoch]))
    order = random.permutation(_drawn(corpora, weights, random))
    batches = _cut_all(order, *_lengths(corpora), batch_tokens)
    return [batches[i] for i in random.permutation(len(batches))]


def plan_validation(corpus: EncodedCorpus, batch_tokens: int) -> list[np.ndarray]:
    """Plan batches that hold every pair once, always in the same order."""
    return _cut_all(np.arange(len(corpus)), *_lengths([corpus]), batch_tokens)


def make_batch(corpora: Sequence[EncodedCorpus], indices: np.ndarray) -> Batch:
    """Put the sentences at these positions into padded arrays."""
    starts = _starts(corpora)
    of = np.searchsorted(starts, indices, side="right") - 1  # corpus of each sentence
    order = np.argsort(of, kind="stable")
    sources, targets = [], []
    for number in np.unique(of):
        local = indices[of == number] - starts[number]
        sources.append(corpora[number].sources(local))
        targets.append(corpora[number].targets(local))
    source = _padded(sources, order)
    target = _padded(targets, order)
    target_in = np.full_like(target, BOS)
    target_in[:, 1:] = np.where(target[:, :-1] == EOS, PAD, target[:, :-1])
    return Batch(source, target_in, target)


def prefetch(items: Iterable[Item], depth: int = 4) -> Generator[Item, None, None]:
    """Yield the items, of which a thread makes up to `depth` in advance.

    An exception of the thread is raised here; closing the iterator ends the thread.
    """
    ready: queue.Queue[Item | _End] = queue.Queue(depth)
    closed = threading.Event()
    thread = threading.Thread(target=_produce, args=(items, ready, closed), daemon=True)
    thread.start()
    try:
        while not isinstance(item := ready.get(), _End):
            yield item
        if item.error is not None:
            raise item.error
    finally:
        closed.set()
        thread.join()


class _End(NamedTuple):
    """The last thing a data thread hands over."""

    error: BaseException | None


def _produce(items: Iterable, ready: queue.Queue, closed: threading.Event) -> None:
    try:
        for item in items:
            if not _put(ready, item, closed):
                return
        _put(ready, _End(None), closed)
    except BaseException as error:  # the consumer raises it, whatever it is
        _put(ready, _End(error), closed)


def _put(ready: queue.Queue, item: object, closed: threading.Event) -> bool:
    """Wait for room and put; False when the consumer has gone."""
    while not closed.is_set():
        try:
            ready.put(item, timeout=0.1)
            return True
        except queue.Full:
            continue
    return False


def _starts(corpora: Sequence[EncodedCorpus]) -> np.ndarray:
    return np.cumsum([0, *(len(corpus) for corpus in corpora[:-1])])


def _lengths(corpora: Sequence[EncodedCorpus]) -> tuple[np.ndarray, np.ndarray]:
    """Return the lengths of all sources and targets, EOS included."""
    source = np.concatenate([corpus.source_lengths for corpus in corpora]) + 1
    target = np.concatenate([corpus.target_lengths for corpus in corpora]) + 1
    return source, target


def _drawn(
    corpora: Sequence[EncodedCorpus],
    weights: Sequence[float],
    random: np.random.Generator,
) -> np.ndarray:
    """Repeat each corpus as often as its weight says; a fraction is drawn anew."""
    parts: list[np.ndarray] = []
    for corpus, start, weight in zip(corpora, _starts(corpora), weights, strict=True):
        times, rest = divmod(max(1, round(weight * len(corpus))), len(corpus))
        indices = np.arange(start, start + len(corpus))
        parts += [indices] * times + [random.permutation(indices)[:rest]]
    return np.concatenate(parts)


def _cut_all(
    order: np.ndarray, source: np.ndarray, target: np.ndarray, batch_tokens: int
) -> list[np.ndarray]:
    """Sort by length and cut into batches as large as the budget allows."""
    parts = [order[i : i + _SORTED] for i in range(0, len(order), _SORTED)]
    return [
        part[batch]
        for part in parts
        for batch in _cut(source[part], target[part], batch_tokens)
    ]


def _cut(source: np.ndarray, target: np.ndarray, batch_tokens: int) -> list[np.ndarray]:
    """Batches of places in these lengths, alike within a batch."""
    longer, difference = np.maximum(source, target), source - target
    # The difference turns at every length: neighbours are alike on both sides.
    turned = np.where(longer % 2 == 0, difference, -difference)
    order = np.lexsort((turned, longer))
    lengths = longer[order]
    batches: list[np.ndarray] = []
    begin = 0
    while begin < len(order):
        window = lengths[begin : begin + batch_tokens // lengths[begin] + 1]
        positions = window * np.arange(1, len(window) + 1)  # of a batch that ends here
        size = max(1, int(np.searchsorted(positions, batch_tokens, side="right")))
        batches.append(order[begin : begin + size])
        begin += size
    return batches


def _padded(
    parts: Sequence[tuple[np.ndarray, np.ndarray]], order: np.ndarray
) -> np.ndarray:
    """Lay sentences out as rows, EOS after each; part by part they fill `order`."""
    lengths = np.concatenate([lengths for _, lengths in parts])
    rows = np.full((len(lengths), lengths.max() + 1), PAD, np.int32)
    columns = np.arange(rows.shape[1])
    by_part = np.full_like(rows, PAD)
    by_part[columns < lengths[:, None]] = np.concatenate([ids for ids, _ in parts])
    by_part[np.arange(len(lengths)), lengths] = EOS
    rows[order] = by_part
    return rows
