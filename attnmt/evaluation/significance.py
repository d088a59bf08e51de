"""How sure a figure is, and a difference from a baseline, by sacreBLEU's own tests."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from sacrebleu.metrics.base import Metric
    from sacrebleu.significance import Result

RESAMPLES = 1000  # of a bootstrap, when none are asked for; what sacreBLEU takes too


class Interval(NamedTuple):
    """Where 95 % of the bootstrap resamples lie, about their mean."""

    low: float
    high: float


class Versus(NamedTuple):
    """The figure of a baseline, and how likely chance alone makes such a difference."""

    value: float
    interval: Interval
    p_bootstrap: float  # paired bootstrap resampling
    p_randomisation: float  # paired approximate randomisation, 10,000 trials


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
    signature, results = _test("bs", metric, systems, references, resamples)
    found = Certainty(_interval(results[-1]), signature)
    if baseline is None:
        return found
    _, shuffled = _test("ar", metric, systems, references)
    # sacreBLEU counts larger differences only, and so calls none at all significant.
    equal = results[0].score == results[1].score
    versus = Versus(
        value=results[0].score,
        interval=_interval(results[0]),
        p_bootstrap=1.0 if equal else _known(results[1].p_value),
        p_randomisation=1.0 if equal else _known(shuffled[1].p_value),
    )
    return found._replace(versus=versus)


def _test(
    kind: str,
    metric: "Metric",
    systems: list[tuple[str, Sequence[str]]],
    references: Sequence[str],
    samples: int = 0,
) -> tuple[str, list["Result"]]:
    """The signature, and a result for each system; samples 0: sacreBLEU's number."""
    from sacrebleu.significance import PairedTest

    test = PairedTest(systems, {"metric": metric}, [references], kind, samples)
    signatures, results = test()
    ((name, signature),) = signatures.items()
    return str(signature), [r for r in results[name] if not isinstance(r, str)]


def _interval(result: "Result") -> Interval:
    mean, half = _known(result.mean), _known(result.ci)
    return Interval(mean - half, mean + half)


def _known(value: float | None) -> float:
    assert value is not None
    return float(value)
