"""Two plain sentences that follow from the figures, by rules that stand here."""

from collections.abc import Sequence

from attnmt.analysis.faithfulness.figures import (
    ATTENTION,
    INTEGRATED,
    RANDOM,
    Agreement,
    Erasure,
    Intervention,
    find,
)

# Nats per target piece that uniform weights cost: 0.1 raises the perplexity by 11 %,
# 0.5 by 65 %.
HARDLY, CLEARLY = 0.1, 0.5
GAIN = 0.05  # nats that the order of attention must find above a random order
ERRORS = 2.0  # and as many standard errors
AGREES = 0.2  # tau with integrated gradients above that of shuffled weights


def whether_it_matters(interventions: Sequence[Intervention]) -> str:
    """The first sentence, from what uniform weights cost.

    Below HARDLY attention hardly matters, from CLEARLY on it does.
    """
    uniform, own, nothing = (
        find(interventions, name) for name in ("uniform", "own", "nothing")
    )
    cost = uniform.cost.value
    degree = "hardly matters" if cost < HARDLY else "matters"
    somewhat = " somewhat" if HARDLY <= cost < CLEARLY else ""
    return (
        f"Attention {degree}{somewhat} to this model: reading the source with uniform "
        f"weights costs {_nats(cost)} nats per target piece (its own weights "
        f"{_nats(own.cost.value)}, reading nothing {_nats(nothing.cost.value)}) and "
        f"changes {uniform.changed:.0%} of the greedy translations."
    )


def whether_it_explains(
    erasures: Sequence[Erasure], agreements: Sequence[Agreement]
) -> str:
    """The second sentence, from erasure by attention and agreement with gradients.

    Attention must find more than a random order does, by GAIN and by ERRORS standard
    errors; it tells in full when it also agrees with integrated gradients, by AGREES.
    """
    by_order = {erasure.order: erasure for erasure in erasures}
    attention, random = by_order[ATTENTION], by_order[RANDOM]
    gradients = next(
        a for a in agreements if (a.one, a.other) == (ATTENTION, INTEGRATED)
    )
    gain = attention.gain
    if gain.value < max(GAIN, ERRORS * gain.error):
        verdict = "do not tell better than chance"
    elif gradients.tau.value - gradients.shuffled.value >= AGREES:
        verdict = "tell"
    else:
        verdict = "tell in part"
    return (
        f"Its weights {verdict} which source positions a target piece rests on: "
        "erasing the most attended ones costs "
        f"{_nats(attention.aopc_comprehensiveness.value)} nats, erasing random ones "
        f"{_nats(random.aopc_comprehensiveness.value)}; Kendall's tau with integrated "
        f"gradients is {_nats(gradients.tau.value)}, that of shuffled weights "
        f"{_nats(gradients.shuffled.value)}."
    )


def _nats(value: float) -> str:
    return f"{round(value, 2) + 0.0:.2f}"  # no -0.00
