"""Word alignment from text alone: IBM model 1 that prefers the diagonal.

Dyer et al. (2013), "A Simple, Fast, and Effective Reparameterization of IBM Model 2":
target word i of m is made by source word j of n, or by nothing with probability p0, as
p(j | i, m, n) = (1 - p0) exp(-tension |i / m - j / n|) / Z and t(target | source), both
learnt by expectation maximisation, t with a Dirichlet prior (variational Bayes).
"""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from attnmt.analysis.alignments import Link

Words = Sequence[Hashable]
Sizes = tuple[int, int]  # words of a source and of a target

P0 = 0.08  # of a target word that nothing made
CONCENTRATION = 0.01  # of the Dirichlet prior: small, so that a word has few meanings
CELLS = 1 << 20  # pairs of words that are worked on together


class _Chunk(NamedTuple):
    """Some sentence pairs; a cell is a target word with a source word, or nothing."""

    sizes: list[Sizes]
    rows: np.ndarray  # [target words], the first cell of each
    lengths: np.ndarray  # [target words], cells of each
    entries: np.ndarray  # [distinct], places in the table that occur here
    cells: np.ndarray  # [cells], places in `entries`


class Table(NamedTuple):
    """t(target | source) for the pairs of words that occur together, and the prior."""

    probabilities: np.ndarray  # [entries]
    tension: float


class Lexicon(NamedTuple):
    """t(target | source) of all words that occur together, pair by pair."""

    sources: np.ndarray  # [pairs], words
    targets: np.ndarray  # [pairs], words
    probabilities: np.ndarray  # [pairs]


class _Text(NamedTuple):
    """Sentence pairs, and which words occur together in them."""

    chunks: list[_Chunk]
    of_source: np.ndarray  # [entries], the number of a source word; 0 is nothing
    of_target: np.ndarray  # [entries]
    words: tuple[list[Hashable], list[Hashable]]  # source words 1 ..., target words


def align(
    sources: Sequence[Words], targets: Sequence[Words], iterations: int = 5
) -> list[list[Link]]:
    """Links (source word, target word) from 0: at most one for a target word.

    For links in the other direction swap the sides, and each link that comes out.
    """
    text = _prepare(sources, targets)
    table = _learn(text, iterations)
    return [links for chunk in text.chunks for links in _best(chunk, table)]


def lexicon(
    sources: Sequence[Words], targets: Sequence[Words], iterations: int = 5
) -> Lexicon:
    """What the words of sources mean in their targets."""
    text = _prepare(sources, targets)
    known = text.of_source > 0
    source_words, target_words = map(np.array, text.words)
    return Lexicon(
        source_words[text.of_source[known] - 1],
        target_words[text.of_target[known]],
        _learn(text, iterations).probabilities[known],
    )


def _learn(text: _Text, iterations: int) -> Table:
    """Expectation maximisation, from a table in which all means all."""
    size = len(text.of_source)
    table = Table(np.full(size, 1.0 / max(1, len(text.words[1])), np.float32), 4.0)
    for _ in range(iterations):
        counts, feature = np.zeros(size), 0.0
        for chunk in text.chunks:
            priors, features = _priors(chunk, table.tension)
            posterior = _posterior(chunk, table, priors)
            counts[chunk.entries] += np.bincount(chunk.cells, posterior)
            feature += float(posterior @ features)
        table = _maximise(counts, text.of_source, feature, text.chunks, table.tension)
    return table


def _prepare(sources: Sequence[Words], targets: Sequence[Words]) -> _Text:
    source_ids, source_words = _numbered(sources, first=1)  # 0 is nothing
    target_ids, target_words = _numbered(targets, first=0)
    vocabulary = max(1, len(target_words))  # source * vocabulary + target is a key
    parts = []
    for pairs in _chunked(source_ids, target_ids):
        keys = [_keys(source, target, vocabulary) for source, target in pairs]
        flat = np.concatenate(keys) if keys else np.zeros(0, np.int64)
        distinct, cells = np.unique(flat, return_inverse=True)
        sizes = [(len(source), len(target)) for source, target in pairs]
        parts.append((sizes, distinct, cells.astype(np.int32)))
    # With an index it sorts, which is quicker here than hashing.
    found = np.concatenate([distinct for _, distinct, _ in parts])
    keys = np.unique(found, return_index=True)[0]
    chunks = []
    for sizes, distinct, cells in parts:
        lengths = np.repeat([n + 1 for n, _ in sizes], [m for _, m in sizes])
        rows = np.cumsum(lengths) - lengths
        entries = np.searchsorted(keys, distinct)
        chunks.append(_Chunk(sizes, rows, lengths, entries, cells))
    words = source_words, target_words
    return _Text(chunks, keys // vocabulary, keys % vocabulary, words)


def _numbered(
    sentences: Iterable[Words], first: int
) -> tuple[list[np.ndarray], list[Hashable]]:
    """The numbers of the words of each sentence, and the words in that order."""
    numbers: dict[Hashable, int] = {}
    ids = [
        np.array([numbers.setdefault(w, first + len(numbers)) for w in words], np.int64)
        for words in sentences
    ]
    return ids, list(numbers)


def _chunked(
    sources: Sequence[np.ndarray], targets: Sequence[np.ndarray]
) -> Iterator[list[tuple[np.ndarray, np.ndarray]]]:
    chunk, cells = [], 0
    for source, target in zip(sources, targets, strict=True):
        chunk.append((source, target))
        cells += (len(source) + 1) * len(target)
        if cells >= CELLS:
            yield chunk
            chunk, cells = [], 0
    yield chunk


def _keys(source: np.ndarray, target: np.ndarray, vocabulary: int) -> np.ndarray:
    """The key of each cell, target word by target word, nothing first."""
    sources = np.concatenate([[0], source]) * vocabulary  # [source + 1]
    return (target[:, None] + sources).ravel()


def _posterior(chunk: _Chunk, table: Table, priors: np.ndarray) -> np.ndarray:
    """The probability of each cell given the sentence pair; a row sums to one."""
    joint = table.probabilities[chunk.entries][chunk.cells] * priors
    if not len(chunk.rows):
        return joint
    return joint / np.repeat(np.add.reduceat(joint, chunk.rows), chunk.lengths)


def _priors(chunk: _Chunk, tension: float) -> tuple[np.ndarray, np.ndarray]:
    """The prior of each cell, and its feature -|i / m - j / n|, for nothing zero."""
    blocks = {size: _block(size, tension) for size in set(chunk.sizes)}
    if not blocks:
        return np.zeros(0, np.float32), np.zeros(0, np.float32)
    priors, features = zip(*(blocks[size] for size in chunk.sizes), strict=True)
    return np.concatenate(priors), np.concatenate(features)


def _block(size: Sizes, tension: float) -> tuple[np.ndarray, np.ndarray]:
    n, m = size
    i, j = np.arange(1, m + 1) / max(1, m), np.arange(1, n + 1) / max(1, n)
    away = -np.abs(i[:, None] - j)  # [target, source]
    powers = np.exp(tension * away)
    scale = (1.0 - P0) / powers.sum(axis=1, keepdims=True) if n else 1.0
    nothing = np.full((m, 1), P0 if n else 1.0)
    prior = np.concatenate([nothing, powers * scale], axis=1).astype(np.float32)
    feature = np.concatenate([0.0 * nothing, away], axis=1).astype(np.float32)
    return prior.ravel(), feature.ravel()


def _maximise(
    counts: np.ndarray,
    of_source: np.ndarray,
    feature: float,
    chunks: Sequence[_Chunk],
    tension: float,
) -> Table:
    totals = np.bincount(of_source, counts)  # [source words]
    meanings = np.maximum(np.bincount(of_source), 1)  # of words that are there
    norms = _digamma(totals + CONCENTRATION * meanings)
    logs = _digamma(counts + CONCENTRATION) - norms[of_source]
    tension = _tension(feature, chunks, tension)
    return Table(np.exp(logs).astype(np.float32), tension)


def _tension(feature: float, chunks: Sequence[_Chunk], tension: float) -> float:
    """Ascend the likelihood of the mean feature, as fast_align does (8 steps of 20)."""
    sizes: dict[Sizes, int] = {}
    for chunk in chunks:
        for size in chunk.sizes:
            sizes[size] = sizes.get(size, 0) + 1
    words = max(1, sum(m * count for (_, m), count in sizes.items()))
    # The commonest sizes tell enough.
    common = sorted(sizes, key=lambda size: -sizes[size])[:1000]
    shown = max(1, sum(size[1] * sizes[size] for size in common))
    for _ in range(8):
        expected = 0.0
        for size in common:
            prior, away = _block(size, tension)
            expected += sizes[size] * float(prior @ away) / (1.0 - P0)
        gradient = feature / words - expected / shown
        tension = float(np.clip(tension + 20.0 * gradient, 0.1, 14.0))
    return tension


def _digamma(x: np.ndarray) -> np.ndarray:
    """The derivative of log gamma, for x > 0: recurrence and asymptotic series."""
    result, x = np.zeros_like(x), x.copy()
    for _ in range(6):
        small = x < 6.0
        result[small] -= 1.0 / x[small]
        x[small] += 1.0
    square = 1.0 / (x * x)
    series = square * (1 / 12 - square * (1 / 120 - square / 252))
    return result + np.log(x) - 0.5 / x - series


def _best(chunk: _Chunk, table: Table) -> Iterator[list[Link]]:
    """The most probable source word of each target word; no link for nothing."""
    priors, _ = _priors(chunk, table.tension)
    posterior, begin = _posterior(chunk, table, priors), 0
    for n, m in chunk.sizes:
        end = begin + (n + 1) * m
        best = posterior[begin:end].reshape(m, n + 1).argmax(axis=1)
        yield [(int(j) - 1, i) for i, j in enumerate(best) if j > 0]
        begin = end
