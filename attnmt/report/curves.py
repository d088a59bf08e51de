"""How trainings went, as a picture."""

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

from attnmt.evaluation.metrics import KNOWN
from attnmt.report.facts import Entry, Facts

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# In this order the runs of a page, also in report.css.
COLORS = ("#2464a8", "#b4530a", "#2c7a4b", "#8a3f9e", "#a8291f", "#5c6670")
_MOST_POINTS = 500  # of a line


def curves(runs: Sequence[Facts]) -> str:
    """Perplexity in training (pale) and validation, and the scores of the validation.

    SVG; "" where there is nothing to draw.
    """
    panels = [name for name in ("perplexity", *KNOWN) if _has(runs, name)]
    if not panels:
        return ""
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context({"svg.hashsalt": "attnmt", "font.size": 8}):
        figure = Figure(figsize=(9, 2.6), layout="constrained")
        for number, name in enumerate(panels):
            axes = figure.add_subplot(1, len(panels), number + 1)
            _draw(axes, runs, name)
        stream = io.StringIO()
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    return stream.getvalue()


def _has(runs: Sequence[Facts], name: str) -> bool:
    return any(name in e for run in runs for e in (*run.train, *run.validations))


def _draw(axes: "Axes", runs: Sequence[Facts], name: str) -> None:
    for number, run in enumerate(runs):
        color = COLORS[number % len(COLORS)]
        axes.plot(*_points(run.train, name), color=color, alpha=0.35, linewidth=0.8)
        points = _points(run.validations, name)
        axes.plot(*points, color=color, linewidth=1.2, marker=".", markersize=4)
    axes.set_title(name, loc="left", parse_math=False)
    axes.set_xlabel("updates")
    if name == "perplexity":
        axes.set_yscale("log")
    axes.grid(color="0.9", linewidth=0.5)
    axes.spines[["top", "right"]].set_visible(False)


def _points(entries: Sequence[Entry], name: str) -> tuple[list[float], list[float]]:
    found = [(entry["step"], entry[name]) for entry in entries if name in entry]
    if name == "perplexity":  # has a logarithmic axis
        found = [(step, value) for step, value in found if value > 0.0]
    every = max(1, -(-len(found) // _MOST_POINTS))
    kept = found[::-every][::-1]  # with the last
    return [step for step, _ in kept], [value for _, value in kept]
