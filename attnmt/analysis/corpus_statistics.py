"""Figures of a whole dump, gathered record by record."""

from collections import Counter
from typing import Any

import numpy as np

from attnmt.analysis.record import Record
from attnmt.analysis.statistics import (
    COLLAPSED,
    DIFFUSE,
    Statistics,
    head_figures,
    statistics,
)

FIGURES = (
    "log_prob",
    "entropy",
    "diffuseness",
    "support",
    "peak",
    "coverage_deviation",
    "monotonicity",
    "jump",
    "end_mass",
    "punctuation_mass",
)


class CorpusStatistics:
    """Means over hypotheses, counts of flags, and the figures of each head."""

    def __init__(self) -> None:
        self.hypotheses = self.blank = 0
        self.flags: Counter[str] = Counter()
        self._sums: Counter[str] = Counter()
        self._counts: Counter[str] = Counter()
        self._heads: dict[str, np.ndarray] = {}
        self._head_count = 0

    def add(self, record: Record) -> dict[str, Any]:
        """Count a hypothesis; returns its figures, ready for JSON."""
        self.hypotheses += 1
        place: dict[str, Any] = {"id": record.id, "rank": record.rank}
        found = statistics(record)
        if found is None:
            self.blank += 1
            return place | {"flags": []}
        self._count(found)
        for name, values in (head_figures(record) or {}).items():
            self._heads[name] = self._heads.get(name, 0) + values
            self._head_count += name == "diffuseness"
        return place | found._asdict()

    def summary(self) -> dict[str, Any]:
        """All figures, ready for JSON."""
        return {
            "hypotheses": self.hypotheses,
            "without_words": self.blank,
            "means": {
                name: self._sums[name] / self._counts[name]
                for name in FIGURES
                if self._counts[name]
            },
            "flags": dict(sorted(self.flags.items())),
            "heads": self._head_rows(),
        }

    def _count(self, found: Statistics) -> None:
        self.flags.update(found.flags)
        for name in FIGURES:
            value = getattr(found, name)
            if value is not None:
                self._sums[name] += value
                self._counts[name] += 1

    def _head_rows(self) -> list[dict[str, Any]]:
        if not self._head_count:
            return []
        means = {name: sums / self._head_count for name, sums in self._heads.items()}
        rows = []
        for layer, head in np.ndindex(means["diffuseness"].shape):
            row = {name: float(value[layer, head]) for name, value in means.items()}
            flags = {
                "diffuse": row["diffuseness"] > DIFFUSE,
                "collapsed": row["on_one_position"] > COLLAPSED,
            }
            raised = [name for name, on in flags.items() if on]
            rows.append({"layer": layer, "head": head, **row, "flags": raised})
        return rows


def table(summary: dict[str, Any]) -> str:
    """The figures as text."""
    total = summary["hypotheses"] - summary["without_words"]
    lines = [f"{summary['hypotheses']} hypotheses, {total} with words", ""]
    lines += [f"{name:<20} {value:>8.3f}" for name, value in summary["means"].items()]
    for name, count in summary["flags"].items():
        lines.append(f"flag {name:<15} {count:>8} ({count / total:.1%})")
    for row in summary["heads"]:
        lines.append(
            f"layer {row['layer']} head {row['head']}: diffuseness "
            f"{row['diffuseness']:.3f}, on one position {row['on_one_position']:.3f} "
            f"{' '.join(row['flags'])}".rstrip()
        )
    return "\n".join(lines)
