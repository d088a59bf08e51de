"""What the attention of one translation looks like, and what may be wrong with it."""

import unicodedata
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from attnmt.analysis.record import Record
from attnmt.analysis.words import cut

# Thresholds of the flags.
UNREAD = 0.2  # a source word with less coverage was hardly read
MIN_SPAN = 2  # as many such words in a row are a span
MIN_COPY = 3  # words that are copied in a row
SINK = 0.5  # share of the attention on `</s>` and punctuation
DIFFUSE = 0.75  # entropy as a share of the largest possible
COLLAPSED = 0.9  # share of the attention of all steps on one position
LOW_LOG_PROB = -1.5  # mean of a target piece
REREAD = 0.1  # attention in common that makes one word said twice a repetition
_MAX_LOOP = 4  # words


class Statistics(NamedTuple):
    """Figures of one hypothesis; those of words leave `</s>` rows out.

    None where they are not defined: without words, over memory slots.
    """

    log_prob: float | None  # mean of a target piece; None where it was not told
    entropy: float  # mean of the target words, in nats
    diffuseness: float  # the entropy divided by the largest possible
    support: float  # mean of exp(entropy): words that are read at once
    peak: float  # mean of the largest weight
    coverage_deviation: float | None  # mean of |coverage - 1| of the source words
    monotonicity: float | None  # rank correlation of the word read with the time
    jump: float | None  # mean distance between the words read one after the other
    end_mass: float | None  # share of the attention on `</s>`
    punctuation_mass: float | None  # share of the attention on punctuation
    coverage: list[float]  # of each source word
    unread: list[int]  # source words of the spans that were not translated
    repeated: list[int]  # target words of a repetition
    flags: list[str]


def statistics(record: Record) -> Statistics | None:
    """The figures and flags of a hypothesis; None when a side has no words."""
    source = cut(record.source, record.source_words)
    target = cut(record.hypothesis, record.target_words)
    if not source or not target:
        return None
    # [target, source + 1], or slots
    rows = record.word_weights().mean(axis=(0, 1))[:-1].astype(np.float64)
    entropy = entropies(rows)
    unknown = "imported" in record.flags
    log_prob = None if unknown else float(np.mean(record.log_probs))
    diffuseness = float(entropy.mean() / np.log(max(rows.shape[1], 2)))
    found = {
        "log_prob": log_prob,
        "entropy": float(entropy.mean()),
        "diffuseness": diffuseness,
        "support": float(np.exp(entropy).mean()),
        "peak": float(rows.max(axis=1).mean()),
        "repeated": repeated_words(source, target, rows),
        **_over_source(record, rows, source),
    }
    flags = {
        "untranslated": found["unread"],
        "repetition": found["repeated"],
        "copied": copies(source, target),
        # What words add up to, in a dump of these, is no mean of pieces.
        "suspicious": log_prob is not None
        and log_prob < LOW_LOG_PROB
        and diffuseness > DIFFUSE
        and record.target_ids[0] >= 0,
        "sink": (found["end_mass"] or 0) + (found["punctuation_mass"] or 0) > SINK,
    }
    return Statistics(**found, flags=[name for name, raised in flags.items() if raised])


def entropies(rows: np.ndarray) -> np.ndarray:
    """Entropy of each distribution in the last axis, in nats; 0 for a row of zeros."""
    shares = rows / np.maximum(rows.sum(axis=-1, keepdims=True), 1e-30)
    return -(shares * np.log(np.maximum(shares, 1e-30))).sum(axis=-1)


def head_figures(record: Record) -> dict[str, np.ndarray] | None:
    """For each head, [layer, head]: its diffuseness and its largest mean weight.

    The second is how far all steps look at one and the same position: a head that has
    collapsed is at 1. Between pieces, without the row of `</s>`; None for texts that
    are too short to tell.
    """
    weights = record.weights.astype(np.float64)
    weights = weights[:, :, :-1] if record.finished else weights
    if min(weights.shape[2:]) < 3:
        return None
    largest = np.log(weights.shape[-1])
    return {
        "diffuseness": entropies(weights).mean(axis=-1) / largest,
        "on_one_position": weights.mean(axis=2).max(axis=-1),
    }


def repeated_words(
    source: Sequence[str], target: Sequence[str], rows: np.ndarray
) -> list[int]:
    """Target words that say again what was just said, where the source does not.

    A single word is one only if it reads what the word before read, as rows [target,
    source] tell: in "Frauen, die die Uhr kauften" each die has a meaning of its own.
    """
    lower = [word.casefold() for word in target]
    original = [word.casefold() for word in source]
    common = np.minimum(rows[1:], rows[:-1]).sum(axis=1)  # with the word before
    found: set[int] = set()
    for size in range(1, _MAX_LOOP + 1):
        again = _repeats(lower, size)
        if size == 1:
            again = [word for word in again if common[word - 1] >= REREAD]
        if len(again) > len(_repeats(original, size)):
            found.update(again)
    return sorted(found)


def copies(source: list[str], target: list[str]) -> bool:
    """Whether half of the target or more is a run of the source's words."""
    longest, ends = 0, [0] * (len(source) + 1)
    for word in target:
        ends = [0] + [
            ends[i] + 1 if word == other else 0 for i, other in enumerate(source)
        ]
        longest = max(longest, *ends)
    return longest >= max(MIN_COPY, len(target) / 2)


def _over_source(record: Record, rows: np.ndarray, source: list[str]) -> dict[str, Any]:
    if record.align_kind == "slot":
        names = "coverage_deviation", "monotonicity", "jump", "end_mass"
        nothing = dict.fromkeys((*names, "punctuation_mass"))
        return nothing | {"coverage": [], "unread": []}
    words, total = rows[:, :-1], max(rows.sum(), 1e-30)
    marks = np.array([is_punctuation(word) for word in source])
    coverage = words.sum(axis=0)
    read = words.argmax(axis=1)
    return {
        "coverage_deviation": float(np.abs(coverage - 1).mean()),
        "monotonicity": _rank_correlation(read),
        "jump": float(np.abs(np.diff(read)).mean()) if len(read) > 1 else None,
        "end_mass": float(rows[:, -1].sum() / total),
        "punctuation_mass": float(words[:, marks].sum() / total),
        "coverage": coverage.round(4).tolist(),
        "unread": _spans(coverage < UNREAD, marks),
    }


def _spans(unread: np.ndarray, marks: np.ndarray) -> list[int]:
    """The unread words in runs of MIN_SPAN or more; punctuation is not counted."""
    found, run = [], []
    for index in [*np.flatnonzero(~marks), -1]:
        if index >= 0 and unread[index]:
            run.append(int(index))
            continue
        found += run if len(run) >= MIN_SPAN else []
        run = []
    return found


def _repeats(words: list[str], size: int) -> list[int]:
    """Positions of words in runs of `size` that stand as well right before."""
    found = set()
    for begin in range(size, len(words) - size + 1):
        again = words[begin : begin + size]
        if again == words[begin - size : begin] and not all(map(is_punctuation, again)):
            found.update(range(begin, begin + size))
    return sorted(found)


def _rank_correlation(positions: np.ndarray) -> float | None:
    """Spearman's, with the time; None when it is not defined."""
    ranks = np.argsort(np.argsort(positions, kind="stable"), kind="stable").astype(
        float
    )
    for value in np.unique(positions):  # equal ones share the mean rank
        ranks[positions == value] = ranks[positions == value].mean()
    if len(ranks) < 2 or not ranks.std():
        return None
    return float(np.corrcoef(ranks, np.arange(len(ranks)))[0, 1])


def is_punctuation(word: str) -> bool:
    """Whether a word has no character but punctuation and symbols."""
    return all(unicodedata.category(char)[0] in "PS" for char in word)
