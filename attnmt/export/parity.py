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


def compare(
    model: BaseTranslator, export: BaseTranslator, lines: Sequence[str]
) -> Parity:
    """Translate lines with both."""
    ours, theirs = list(model.translate(lines)), list(export.translate(lines))
    pairs = list(zip(ours, theirs, strict=True))
    alike = [(one, two) for one, two in pairs if one.target_ids == two.target_ids]
    (chrf,) = metrics.score(
        [two.text for two in theirs], [one.text for one in ours], metrics=["chrf"]
    )
    return Parity(
        len(pairs),
        sum(_as_good(one, two) for one, two in pairs),
        max((_difference(one, two) for one, two in alike), default=0.0),
        chrf.value,
    )


def _as_good(one: Translation, two: Translation) -> bool:
    return one.text == two.text or abs(one.norm_score - two.norm_score) < TIE


def _difference(one: Translation, two: Translation) -> float:
    """The largest difference of weights and extras of one and the same translation."""
    pairs = [(one.weights, two.weights)]
    pairs += [(x, two.extras[name]) for name, x in one.extras.items()]
    return max(float(np.abs(x - y).max(initial=0.0)) for x, y in pairs)
