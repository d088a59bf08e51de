"""What is read off a finished cell: tokens, links and entropy."""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from attnmt.analysis.record import Record


class Entropy(NamedTuple):
    """How spread out the rows of attention weights are, on average."""

    bits: float
    share: float  # of that of a uniform row


def token_errors(
    hypotheses: Sequence[str], references: Sequence[str]
) -> tuple[float, float]:
    """Share of lines that are exactly right; edits per token of the references."""
    pairs = [
        (h.split(), r.split()) for h, r in zip(hypotheses, references, strict=True)
    ]
    exact = sum(hypothesis == reference for hypothesis, reference in pairs)
    edits = sum(edit_distance(hypothesis, reference) for hypothesis, reference in pairs)
    return exact / len(pairs), edits / sum(len(reference) for _, reference in pairs)


def edit_distance(left: Sequence[str], right: Sequence[str]) -> int:
    """Fewest insertions, deletions and replacements from one to the other."""
    row = list(range(len(right) + 1))
    for i, word in enumerate(left, 1):
        before, row[0] = row[0], i
        for j, other in enumerate(right, 1):
            keep = before + (word != other)
            before, row[j] = row[j], min(keep, row[j] + 1, row[j - 1] + 1)
    return row[-1]


def on_gold(
    links: Iterable[Iterable[tuple[int, int]]],
    gold: Iterable[Iterable[tuple[int, int]]],
) -> float:
    """Share of the gold (source, target) links that are among the links."""
    hits = total = 0
    for found, wanted in zip(links, gold, strict=True):
        wanted = set(wanted)
        hits, total = hits + len(wanted & set(found)), total + len(wanted)
    return hits / total


def entropy(records: Iterable[Record]) -> Entropy:
    """The mean over target pieces, heads and layers, `</s>` included.

    A row that does not sum to one (monotonic) is divided by its sum.
    """
    bits, shares = [], []
    for record in records:
        columns = record.weights.shape[-1]
        weights = record.weights.reshape(-1, columns).astype(np.float64)
        weights = weights[weights.sum(axis=1) > 1e-6]
        weights /= weights.sum(axis=1, keepdims=True)
        logs = np.log2(np.where(weights > 0, weights, 1.0))
        rows = -(weights * logs).sum(axis=1)
        bits += rows.tolist()
        shares += (rows / max(math.log2(columns), 1e-9)).tolist()
    return Entropy(float(np.mean(bits)), float(np.mean(shares)))
