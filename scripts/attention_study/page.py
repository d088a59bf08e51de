"""The page, the pictures and the JSON that a study leaves in its folder."""

import json
from collections.abc import Sequence
from pathlib import Path

from attnmt.text.lines import write_lines

from . import plots, table
from .table import Results

NAME = "attention_study"
ENOUGH = 3.0  # points of BLEU within which a mechanism keeps up with additive


def write_study(results: Results, names: Sequence[str], folder: Path) -> None:
    """Write attention_study.md, .json and .png and attention_gallery.png."""
    write_lines(folder / f"{NAME}.json", [json.dumps(results, indent=1)])
    plots.chart(results, names, folder / f"{NAME}.png")
    plots.gallery(folder, "lexicon", names, folder / "attention_gallery.png")
    write_lines(folder / f"{NAME}.md", [page(results, names)])


def page(results: Results, names: Sequence[str]) -> str:
    """The Markdown page."""
    text = Path(__file__).with_suffix(".md").read_text(encoding="utf-8")
    return text.strip().format(
        known=table.table(results, table.KNOWN, names),
        text=table.table(results, table.TEXT, names),
        cost=table.table(results, table.COST, names),
        entropy=table.table(results, table.ENTROPY, names),
        shortfalls=_list("Short of that", table.shortfalls(results, names)),
        behind=_list(
            f"More than {ENOUGH:g} BLEU behind `additive` on Multi30k",
            table.behind(results, names, ENOUGH),
        ),
        budget=_budget(results),
    )


def _list(title: str, lines: Sequence[str]) -> str:
    return "\n".join([f"{title}:", "", *(f"- {line}" for line in lines or ["none"])])


def _budget(results: Results) -> str:
    """What each task took: updates, parameters and processor time of a training."""
    rows = ["| task | updates | training, processor seconds |", "| --- | ---: | ---: |"]
    for task, cells in results.items():
        if task != "speed" and cells:
            updates = sorted(cell["updates"] for cell in cells.values())
            taken = sorted(cell["training_cpu_seconds"] for cell in cells.values())
            rows.append(
                f"| {task} | {updates[-1]:,} | {taken[0]:.0f} to {taken[-1]:.0f} |"
            )
    return "\n".join(rows)
