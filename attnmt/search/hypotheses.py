"""Complete hypotheses, read backwards from the trace of a search and ranked."""

from typing import NamedTuple

import numpy as np

from attnmt.search.penalties import coverage_penalty, length_penalty
from attnmt.search.trace import NEVER, Trace


class Hypothesis(NamedTuple):
    """One way to go on to the end, with what each step saw."""

    tokens: np.ndarray  # [target], the end included when it was reached
    log_probs: np.ndarray  # [target], of each token given those before
    weights: np.ndarray  # [target, ..., source], the attention that chose each token
    extras: dict[str, np.ndarray]  # [target, ...], what else was told of it, by name
    score: float  # what ranks it: log-probability after the penalties
    finished: bool  # False: cut at the longest allowed length


def hypotheses(
    trace: Trace,
    sentence: int,
    *,
    source_length: int | None,
    max_length: int,
    end: int,
    n_best: int = 1,
    alpha: float = 0.0,
    beta: float = 0.0,
) -> list[Hypothesis]:
    """The best hypotheses of one sentence of a trace in NumPy arrays, best first.

    `source_length` cuts the weights to what is not padding; None leaves them whole.
    Wu et al. (2016), eq. 14: log P / length penalty (alpha) + coverage penalty (beta).
    """
    tokens = trace.tokens[:max_length, sentence]  # [time, beam]
    totals = trace.log_probs[:max_length, sentence]
    complete = tokens == end
    complete[max_length - 1 :] = True
    ends = np.argwhere(complete & (totals > NEVER))  # [n, (time, slot)]
    scores = [totals[t, k] / length_penalty(t + 1, alpha) for t, k in ends]
    order = np.argsort(-np.array(scores), kind="stable")
    if beta == 0.0:  # the ranking needs no weights: follow back only what is wanted
        order = order[:n_best]
    found = []
    for i in order:
        time, slot = ends[i]
        hypothesis = _follow_back(trace, sentence, time, slot, source_length)
        score = scores[i] + beta * coverage_penalty(hypothesis.weights)
        finished = bool(hypothesis.tokens[-1] == end)
        found.append(hypothesis._replace(score=float(score), finished=finished))
    return sorted(found, key=lambda h: -h.score)[:n_best]


def _follow_back(
    trace: Trace, sentence: int, time: int, slot: int, source_length: int | None
) -> Hypothesis:
    times = np.arange(time + 1)
    slots, parents = np.empty_like(times), np.empty_like(times)
    for t in times[::-1]:
        slots[t] = slot
        parents[t] = slot = trace.parents[t, sentence, slot]
    rows = sentence * trace.tokens.shape[2] + parents
    return Hypothesis(
        trace.tokens[times, sentence, slots],
        np.diff(trace.log_probs[times, sentence, slots], prepend=0.0),
        trace.seen.weights[times, rows][..., :source_length],
        {name: x[times, rows] for name, x in trace.seen.extras.items()},
        score=0.0,
        finished=False,
    )
