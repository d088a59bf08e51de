"""The figures of a report, each beside its control."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

# Orders of the source pieces of a target piece.
ATTENTION = "attention"
NORMS = "value norms"
GRADIENT = "gradient × input"
INTEGRATED = "integrated gradients"
RANDOM = "random"

CONTROLS = ("own", "nothing")  # among the interventions


@dataclass(frozen=True)
class Mean:
    """A mean over target pieces and its standard error."""

    value: float
    error: float


def mean_of(values: np.ndarray, sentences: np.ndarray) -> Mean:
    """The mean of values [n]; those of one sentence [n] are not independent."""
    value = float(values.mean())
    _, of = np.unique(sentences, return_inverse=True)
    sums = np.bincount(of, values - value)  # of each sentence
    return Mean(value, float(np.sqrt((sums**2).sum()) / len(values)))


@dataclass(frozen=True)
class Intervention:
    """What happens when the source is read with other weights.

    Controls are the interventions "own" (the same machinery, no change) and "nothing"
    (no source is read).
    """

    name: str
    cost: Mean  # nats of log-probability that a piece of the reference loses
    changed: float  # share of greedy translations that become other ones
    chrf: float  # of those translations against those with the model's own weights


@dataclass(frozen=True)
class Erasure:
    """What happens when the first source pieces of an order are not read.

    In nats of log-probability of a target piece. Comprehensiveness: they are dropped
    (more: the order finds what matters); sufficiency: all others are (less: it does).
    AOPC is the mean over the shares. The control is the order "random".
    """

    order: str
    shares: list[float]  # of the source pieces
    comprehensiveness: list[Mean]
    sufficiency: list[Mean]
    aopc_comprehensiveness: Mean
    aopc_sufficiency: Mean
    gain: Mean  # of aopc_comprehensiveness over the random order, piece by piece


@dataclass(frozen=True)
class Agreement:
    """How far two orders of the source pieces agree, by Kendall's tau-b."""

    one: str
    other: str
    tau: Mean
    shuffled: Mean  # the control: the first order at random


@dataclass(frozen=True)
class SeedAgreement:
    """How far the attention of another run is from that of this one."""

    run: str
    level: Literal["piece", "word"]
    divergence: Mean  # Jensen-Shannon, in nats, at most log 2
    permuted: Mean  # the control: the other run's rows in random order


@dataclass(frozen=True)
class Example:
    """One source and its greedy translations, by intervention."""

    source: str
    outputs: dict[str, str]


def find(interventions: Sequence[Intervention], name: str) -> Intervention:
    """The intervention of a name."""
    return next(one for one in interventions if one.name == name)
