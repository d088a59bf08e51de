"""Minimum Bayes risk decoding: the candidate that is most like all of them.

Kumar and Byrne (2004); with samples and chrF Eikema and Aziz (2020).
"""

from collections.abc import Sequence

import numpy as np

ORDER, BETA = 6, 2  # of chrF2, Popovic (2015)


def expected_chrf(texts: Sequence[str], weights: np.ndarray) -> np.ndarray:
    """The mean chrF of each text with all of them as references, itself included.

    `weights` [text] tell how much each counts as a reference; they need no sum of one.
    """
    places = {text: i for i, text in enumerate(dict.fromkeys(texts))}
    rows = [places[text] for text in texts]
    mass = np.bincount(rows, weights)  # [different text]
    return (sentence_chrf(list(places)) @ mass / mass.sum())[rows]


def sentence_chrf(texts: Sequence[str]) -> np.ndarray:
    """sacreBLEU's chrF of each text with each as its reference, [text, reference].

    Of n texts that counts n-grams n times, where sacreBLEU does it n * n times.
    """
    bare = ["".join(text.split()) for text in texts]
    shape = len(texts), len(texts)
    precision, recall, orders = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    for size in range(1, ORDER + 1):
        counts = _counts(bare, size)  # [text, n-gram]
        own = [np.flatnonzero(row) for row in counts]  # few of all
        matches = np.array(
            [
                np.minimum(row[some], counts[:, some]).sum(axis=1)
                for row, some in zip(counts, own, strict=True)
            ]
        )
        totals = counts.sum(axis=1)
        precision += matches / np.maximum(totals, 1)[:, None]
        recall += matches / np.maximum(totals, 1)[None, :]
        orders += (totals > 0)[:, None] & (totals > 0)[None, :]
    precision, recall = (x / np.maximum(orders, 1) for x in (precision, recall))
    below = BETA**2 * precision + recall
    return 100 * (1 + BETA**2) * precision * recall / np.where(below > 0, below, 1)


def _counts(texts: Sequence[str], size: int) -> np.ndarray:
    """How often each n-gram of characters is in each text, [text, n-gram]."""
    grams = [[t[i : i + size] for i in range(len(t) - size + 1)] for t in texts]
    places = {gram: i for i, gram in enumerate({g for row in grams for g in row})}
    counts = np.zeros((len(texts), len(places)), np.int32)
    for row, found in zip(counts, grams, strict=True):
        np.add.at(row, [places[gram] for gram in found], 1)
    return counts
