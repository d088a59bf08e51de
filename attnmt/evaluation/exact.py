"""How many lines are right as a whole, as a metric of sacreBLEU.

What counts where an output is right or wrong: spelling to phones, whose word error rate
is 100 less this figure, dates, names, formulas.
"""

from collections.abc import Sequence
from typing import Any

from sacrebleu.metrics.base import Metric, Score, Signature


class ExactSignature(Signature):
    """What the figure depends on."""

    def __init__(self, args: dict[str, Any]) -> None:
        super().__init__(args)
        self._abbr["case"] = "c"
        self.info["case"] = "lc" if args["lowercase"] else "mixed"


class Exact(Metric):
    """Lines that equal their reference but for white space, in percent."""

    _SIGNATURE_TYPE = ExactSignature

    def __init__(self, lowercase: bool = False) -> None:
        super().__init__()
        self.lowercase = lowercase

    def _preprocess_segment(self, sent: str) -> str:
        sent = sent.lower() if self.lowercase else sent
        return " ".join(sent.split())

    def _extract_reference_info(self, refs: Sequence[str]) -> dict[str, Any]:
        return {"references": refs}

    def _compute_segment_statistics(
        self, hypothesis: str, ref_kwargs: dict[str, Any]
    ) -> list[int]:
        return [int(hypothesis in ref_kwargs["references"]), 1]

    def _aggregate_and_compute(self, stats: Sequence[Sequence[int]]) -> Score:
        sums = [sum(column) for column in zip(*stats, strict=True)]
        return self._compute_score_from_stats(sums)

    def _compute_score_from_stats(self, stats: Sequence[int]) -> Score:
        right, lines = stats
        return Score("Exact", 100.0 * right / lines)
