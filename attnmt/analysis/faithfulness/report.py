"""What was found of a model: JSON to keep, tables to print and to show."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import NamedTuple

from attnmt import __version__
from attnmt.analysis.faithfulness.conclusions import (
    whether_it_explains,
    whether_it_matters,
)
from attnmt.analysis.faithfulness.figures import (
    Agreement,
    Erasure,
    Example,
    Intervention,
    Mean,
    SeedAgreement,
)


@dataclass(frozen=True)
class Report:
    """The figures of a model on a text, and how they came about."""

    origin: dict[str, object]  # run, text, attention, checkpoint, ... by name
    sentences: int
    pieces: int  # forced target pieces
    probes: int  # those of them that erasure and gradients looked at
    log_prob: float  # mean of a target piece, with the model's own weights
    interventions: list[Intervention]
    erasures: list[Erasure]
    agreements: list[Agreement]
    completeness_gap: float  # nats that integrated gradients are off, on average
    seeds: list[SeedAgreement]
    examples: list[Example]

    def conclusions(self) -> tuple[str, str]:
        """Does attention matter; do its weights explain."""
        return (
            whether_it_matters(self.interventions),
            whether_it_explains(self.erasures, self.agreements),
        )

    def json(self) -> str:
        """All of it as an indented JSON object."""
        content = {
            "format": "attention-faithfulness",
            "version": 1,
            "attnmt": __version__,
            "conclusions": self.conclusions(),
            **asdict(self),
        }
        return json.dumps(content, indent=2, ensure_ascii=False)


class Table(NamedTuple):
    """A group of figures as text."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]


def text(report: Report) -> str:
    """The conclusions and all tables, for the terminal."""
    size = f"{report.sentences} sentences, {report.pieces} target pieces"
    parts = [*report.conclusions(), "", f"{size}, {report.probes} of them probed"]
    for table in tables(report):
        parts += ["", table.title, *_columns([table.head, *table.rows])]
    return "\n".join(parts)


def tables(report: Report) -> list[Table]:
    """All figures; those after ± are standard errors."""
    found = [
        interventions(report.interventions),
        *erasures(report.erasures),
        agreements(report.agreements),
    ]
    return found + [seeds(report.seeds)] * bool(report.seeds)


def interventions(found: Sequence[Intervention]) -> Table:
    """What other weights cost; the controls are own and nothing."""
    rows = [
        (one.name, shown(one.cost), f"{one.changed:.1%}", f"{one.chrf:.1f}")
        for one in found
    ]
    title = "Other weights: nats that a target piece loses, and greedy output"
    return Table(title, ("weights", "cost", "changed", "chrF with own"), rows)


def erasures(found: Sequence[Erasure]) -> list[Table]:
    """Comprehensiveness and sufficiency; the control is the random order."""
    shares = [f"{share:.0%}" for share in found[0].shares]
    dropped = [
        [e.order, *map(shown, e.comprehensiveness), shown(e.aopc_comprehensiveness)]
        for e in found
    ]
    alone = [
        [e.order, *map(shown, e.sufficiency), shown(e.aopc_sufficiency)] for e in found
    ]
    head = ("order", *shares, "AOPC")
    return [
        Table(
            "Comprehensiveness: nats lost without the first positions", head, dropped
        ),
        Table("Sufficiency: nats lost with the first positions alone", head, alone),
    ]


def agreements(found: Sequence[Agreement]) -> Table:
    """Rank agreement; the control is the first order shuffled."""
    rows = [(f"{a.one} – {a.other}", shown(a.tau), shown(a.shuffled)) for a in found]
    return Table("Agreement of orders", ("Kendall's tau-b", "found", "shuffled"), rows)


def seeds(found: Sequence[SeedAgreement]) -> Table:
    """Divergence from other runs; the control is their attention permuted."""
    rows = [(s.run, s.level, shown(s.divergence), shown(s.permuted)) for s in found]
    title = "Attention of other runs: Jensen-Shannon divergence in nats"
    return Table(title, ("run", "between", "found", "permuted"), rows)


def shown(mean: Mean) -> str:
    """A mean and its error."""
    return f"{round(mean.value, 3) + 0.0:.3f} ± {mean.error:.3f}"  # no -0.000


def _columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """The first cell to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            [row[0].ljust(widths[0])]
            + [c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True)]
        )
        for row in rows
    ]
