"""How sure a figure is, and a difference from a baseline, by sacreBLEU's statistics."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from sacrebleu.metrics.base import Metric
    from sacrebleu.significance import Result

RESAMPLES = 1000  # of a bootstrap, when none are asked for; what sacreBLEU takes too
TRIALS, SEED = 10_000, 12345  # of a randomisation, as sacreBLEU's


class Interval(NamedTuple):
    """The mean of bootstrap resamples, plus and minus half their middle 95 %.

    As sacreBLEU has it; with few lines it may reach beyond what a figure can be.
    """

    low: float
    high: float


class Versus(NamedTuple):
    """The figure of a baseline, and how likely chance alone makes such a difference."""

    value: float
    interval: Interval
    p_bootstrap: float  # paired bootstrap resampling
    p_randomisation: float  # paired approximate randomisation


class Certainty(NamedTuple):
    """What is known of a figure beside its value."""

    interval: Interval
    signature: str  # with the number of resamples and the seed
    versus: Versus | None = None


def certainty(
    metric: "Metric",
    hypotheses: Sequence[str],
    references: Sequence[str],
    *,
    resamples: int = RESAMPLES,
    baseline: Sequence[str] | None = None,
) -> Certainty:
    """The interval of a metric and, with a baseline, two tests of their difference."""
    systems = [("hypothesis", hypotheses)]
    if baseline is not None:
        systems.insert(0, ("baseline", baseline))
    signature, results = _test(metric, systems, references, resamples)
    found = Certainty(_interval(results[-1]), signature)
    if baseline is None:
        return found
    # sacreBLEU counts larger differences only, and so calls none at all significant.
    equal = results[0].score == results[1].score
    versus = Versus(
        value=results[0].score,
        interval=_interval(results[0]),
        p_bootstrap=1.0 if equal else _known(results[1].p_value),
        p_randomisation=_p_randomisation(metric, baseline, hypotheses, references),
    )
    return found._replace(versus=versus)


def _p_randomisation(
    metric: "Metric",
    baseline: Sequence[str],
    hypotheses: Sequence[str],
    references: Sequence[str],
) -> float:
    """How often swapping lines at random makes at least such a difference.

    Riezler and Maxwell (2005), fig. 1. sacreBLEU's counts larger differences only, so
    that it finds systems different that differ in a line.
    """
    import numpy as np

    before, after = (
        np.array(metric._extract_corpus_statistics(lines, [references]))
        for lines in (baseline, hypotheses)
    )  # [lines, statistics]
    change = after - before
    change = change[change.any(axis=1)]  # swapping other lines changes nothing
    before, after = before.sum(axis=0), after.sum(axis=0)

    def apart(moved: "np.ndarray") -> float:
        scores = (
            metric._compute_score_from_stats(sums).score  # type: ignore[arg-type]
            for sums in (before + moved, after - moved)
        )
        return abs(next(scores) - next(scores))

    found, draws = apart(np.zeros_like(before)), np.random.default_rng(SEED)
    trials = (
        apart(draws.integers(2, size=len(change)) @ change) for _ in range(TRIALS)
    )
    as_far = sum(trial >= found - 1e-9 for trial in trials)
    return (as_far + 1) / (TRIALS + 1)


def _test(
    metric: "Metric",
    systems: list[tuple[str, Sequence[str]]],
    references: Sequence[str],
    resamples: int,
) -> tuple[str, list["Result"]]:
    """The signature, and a result for each system, of the paired bootstrap."""
    from sacrebleu.significance import PairedTest

    test = PairedTest(systems, {"metric": metric}, [references], "bs", resamples)
    signatures, results = test()
    ((name, signature),) = signatures.items()
    return str(signature), [r for r in results[name] if not isinstance(r, str)]


def _interval(result: "Result") -> Interval:
    mean, half = _known(result.mean), _known(result.ci)
    return Interval(mean - half, mean + half)


def _known(value: float | None) -> float:
    assert value is not None
    return float(value)
