"""Single sentences: the worst, and those that changed most against a baseline."""

from collections.abc import Sequence
from typing import NamedTuple

EXAMPLES = 10


class Example(NamedTuple):
    """A sentence with its translations, each with its sentence chrF in percent."""

    line: int  # from 1
    source: str | None
    reference: str
    hypothesis: str
    chrf: float
    baseline: str | None
    baseline_chrf: float | None

    @property
    def gain(self) -> float:
        """How much better than the baseline; negative when it is worse."""
        return self.chrf - (self.baseline_chrf or 0.0)


class Examples(NamedTuple):
    """Some sentences to look at, the most telling first."""

    worst: list[Example]
    gained: list[Example]  # against the baseline; empty without one
    lost: list[Example]


def pick(
    sources: Sequence[str] | None,
    references: Sequence[str],
    hypotheses: Sequence[str],
    baseline: Sequence[str] | None = None,
    lowercase: bool = False,
) -> Examples:
    """The sentences with the lowest chrF, the largest gain and the largest loss."""
    from sacrebleu.metrics.chrf import CHRF

    metric = CHRF(lowercase=lowercase)

    def chrf(text: str, reference: str) -> float:
        return float(metric.sentence_score(text, [reference]).score)

    examples = [
        Example(
            line=i + 1,
            source=sources[i] if sources is not None else None,
            reference=reference,
            hypothesis=hypothesis,
            chrf=chrf(hypothesis, reference),
            baseline=baseline[i] if baseline is not None else None,
            baseline_chrf=chrf(baseline[i], reference)
            if baseline is not None
            else None,
        )
        for i, (reference, hypothesis) in enumerate(
            zip(references, hypotheses, strict=True)
        )
    ]
    worst = sorted(examples, key=lambda e: e.chrf)[:EXAMPLES]
    if baseline is None:
        return Examples(worst, [], [])
    by_gain = sorted(examples, key=lambda e: e.gain)
    return Examples(
        worst,
        gained=[e for e in by_gain[: -EXAMPLES - 1 : -1] if e.gain > 0],
        lost=[e for e in by_gain[:EXAMPLES] if e.gain < 0],
    )
