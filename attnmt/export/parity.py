"""Whether an export translates as the model does that it was made of."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from attnmt.errors import AttnmtError
from attnmt.evaluation import metrics
from attnmt.translating import BaseTranslator, Translation

TIE = 1e-4  # of the scores of translations that are as good as each other


class Limits(NamedTuple):
    """What a parity has to keep."""

    equal: float  # least share of equal translations
    weights: float  # largest difference of their attention weights, extras included
    chrf: float  # least chrF of the export's translations against the model's


LIMITS = {
    "float32": Limits(1.0, 1e-4, 0.0),
    "float16": Limits(0.9, 0.05, 95.0),
    "int8": Limits(0.0, 1.0, 85.0),
}


class Parity(NamedTuple):
    """How alike the translations of some sentences are."""

    sentences: int
    equal: int  # translations that are the same, or tie with what the model found
    weights: float
    chrf: float

    def __str__(self) -> str:
        return (
            f"{self.equal} of {self.sentences} translations equal, chrF "
            f"{self.chrf:.2f} between the two, largest difference of weights "
            f"{self.weights:.1e}"
        )

    def check(self, limits: Limits) -> None:
        """Raise AttnmtError when it is outside of its limits."""
        kept = (
            self.equal >= limits.equal * self.sentences
            and self.weights <= limits.weights
            and self.chrf >= limits.chrf
        )
        if not kept:
            raise AttnmtError(
                f"the export does not translate as the model does: {self}; expected "
                f"{limits.equal:.0%} equal, chrF {limits.chrf:g}, weights within "
                f"{limits.weights:g}: nothing was written"
            )


class Result(NamedTuple):
    """What comes of a sentence."""

    text: str
    ids: list[int]
    score: float  # that translations are ranked by
    seen: list[np.ndarray]  # the weights and what else is told of the pieces


def compare(
    model: BaseTranslator, export: BaseTranslator, lines: Sequence[str]
) -> Parity:
    """Translate lines with both."""
    ours, theirs = (map(_result, each.translate(lines)) for each in (model, export))
    return measure(list(ours), list(theirs))


def measure(ours: Sequence[Result], theirs: Sequence[Result]) -> Parity:
    """How alike the results of the model and of its export are."""
    pairs = list(zip(ours, theirs, strict=True))
    (chrf,) = metrics.score(
        [two.text for two in theirs], [one.text for one in ours], metrics=["chrf"]
    )
    return Parity(
        len(pairs),
        sum(
            one.text == two.text or abs(one.score - two.score) < TIE
            for one, two in pairs
        ),
        max((_difference(*pair) for pair in pairs), default=0.0),
        chrf.value,
    )


def _result(found: Translation) -> Result:
    seen = [found.weights, *(x for _, x in sorted(found.extras.items()))]
    return Result(found.text, found.target_ids, found.norm_score, seen)


def _difference(one: Result, two: Result) -> float:
    """The largest difference of what was seen of one and the same translation."""
    if one.ids != two.ids:
        return 0.0
    pairs = zip(one.seen, two.seen, strict=True)
    return max(float(np.abs(x - y).max(initial=0.0)) for x, y in pairs)
