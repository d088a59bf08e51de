"""Rows of figures: medians over rounds, ratios, a table, a comparison with others."""

from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Any, NamedTuple

NOTHING = "–"
NOISE = 0.1  # repeats on a quiet machine spread by as much
QUIET = 0.95  # of the cores go to a matrix product that is alone
_OF_ANY_DAY = ("share_of_matmul", "padding", "megabytes")  # beside the ratios
Figures = dict[str, float]


class Row(NamedTuple):
    """What one side did in one case of a part."""

    part: str
    case: str
    side: str
    figures: Figures  # medians
    rounds: list[Figures]
    reason: str = ""  # why there are no figures


def row(
    part: str, case: str, side: str, rounds: list[Figures], **constant: float
) -> Row:
    """A row with the medians of its rounds, and what is the same in all of them."""
    names = dict.fromkeys(name for each in rounds for name in each)
    medians = {name: median(r[name] for r in rounds if name in r) for name in names}
    return Row(part, case, side, medians | constant, rounds)


def with_ratios(rows: Sequence[Row], figure: str, base: str = "torch") -> list[Row]:
    """Rows with `to BASE`: a figure of each to that of the base side in the same case.

    It is the median of the ratios of the rounds, in which the sides stood side by side.
    """
    bases = {(r.part, r.case): r for r in rows if r.side == base}

    def add(row: Row) -> Row:
        other = bases.get((row.part, row.case))
        if other is None or not (row.rounds and other.rounds):
            return row
        pairs = zip(row.rounds, other.rounds, strict=False)
        ratios = [
            a[figure] / b[figure] for a, b in pairs if figure in a and figure in b
        ]
        if not ratios:
            return row
        return row._replace(figures={**row.figures, f"to {base}": median(ratios)})

    return [add(row) for row in rows]


def table(rows: Sequence[Row], titles: Mapping[str, str]) -> str:
    """The rows of a part in Markdown; `titles` are the heads of the figures."""
    shown = [name for name in titles if any(name in row.figures for row in rows)]
    lines = [["", "side", *(titles[name] for name in shown)]]
    lines.append(["---", "---", *("---:" for _ in shown)])
    for row in rows:
        cells = [_text(row.figures.get(name)) for name in shown]
        cells = [f"left out: {row.reason}"] if row.reason else cells
        lines.append([row.case, row.side, *cells])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _text(value: float | None) -> str:
    if value is None:
        return NOTHING
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def warnings(rows: Iterable[Row], threads: int) -> list[str]:
    """Cases during which other processes took the processor.

    A large matrix product gets all cores of a quiet machine.
    """
    busy = {
        (row.part, row.case): row.figures["probe_cores"]
        for row in rows
        if row.figures.get("probe_cores", threads) < QUIET * threads
    }
    return [
        f"{part} {case}: matrix products got {cores:.2f} of {threads} cores: other "
        "processes take the processor, figures are too low and ratios uncertain"
        for (part, case), cores in busy.items()
    ]


def to_json(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Rows as JSON has them."""
    return [row._asdict() for row in rows]


def changes(rows: Sequence[Row], baseline: Sequence[Mapping[str, Any]]) -> list[str]:
    """What changed since a baseline, a line a figure that does not need the clock.

    Absolute times of two runs mean little: only ratios, shares and memory count.
    """
    known = {
        (old["part"], old["case"], old["side"]): old["figures"] for old in baseline
    }
    lines = []
    for row in rows:
        old = known.get(row[:3])
        if old is None:
            lines.append(f"{' '.join(row[:3])}: not in the baseline")
            continue
        for name in row.figures:
            if old.get(name) and (name.startswith("to ") or name in _OF_ANY_DAY):
                change = row.figures[name] / old[name] - 1.0
                noise = " (noise)" if abs(change) < NOISE else ""
                lines.append(
                    f"{row.part} {row.case} {row.side}: {name} {_text(old[name])} -> "
                    f"{_text(row.figures[name])}, {change:+.0%}{noise}"
                )
    return lines
