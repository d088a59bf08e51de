"""Reports of no model."""

from collections.abc import Callable

import pytest

from attnmt.analysis.faithfulness.figures import (
    ATTENTION,
    INTEGRATED,
    RANDOM,
    Agreement,
    Erasure,
    Example,
    Intervention,
    Mean,
    SeedAgreement,
)
from attnmt.analysis.faithfulness.report import Report

HOSTILE = "<script>alert('&')</script>\u202e"


def report_of(
    cost: float = 1.25,
    gain: float = 0.8,
    gain_error: float = 0.1,
    tau: float = 0.4,
    text: str = HOSTILE,
) -> Report:
    def erasure(order: str, value: float, above: Mean) -> Erasure:
        means = [Mean(value, 0.1)] * 2
        return Erasure(order, [0.1, 0.5], means, means, means[0], means[1], above)

    costs = {"own": 0.0, "uniform": cost, "permuted": 2.0, "nothing": 3.5}
    return Report(
        origin={"run": text},
        sentences=7,
        pieces=40,
        probes=12,
        log_prob=-1.5,
        interventions=[
            Intervention(name, Mean(value, 0.02), value / 4, 90.0)
            for name, value in costs.items()
        ],
        erasures=[
            erasure(ATTENTION, 0.5 + gain, Mean(gain, gain_error)),
            erasure(RANDOM, 0.5, Mean(0.0, 0.0)),
        ],
        agreements=[
            Agreement(ATTENTION, INTEGRATED, Mean(tau, 0.03), Mean(-0.001, 0.02))
        ],
        completeness_gap=0.004,
        seeds=[SeedAgreement(text, "piece", Mean(0.1, 0.01), Mean(0.4, 0.01))],
        examples=[Example(text, {"own": text, "uniform": ""})],
    )


@pytest.fixture(scope="session")
def make_report() -> Callable[..., Report]:
    return report_of
