"""The pictures of a study: a chart of its table, and the mechanisms side by side."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from attnmt.analysis.dump import Dump
from attnmt.text.lines import replacing

from .table import Results

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, ORANGE, GREY = "#1f5fa8", "#d9822b", "0.55"
PANELS = 7  # of a row of the gallery


def chart(results: Results, names: Sequence[str], path: Path) -> None:
    """Known answers, translation and speed of every mechanism, a line each."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 0.24 * len(names) + 1.1), layout="constrained")
    known, quality, speed = figure.subplots(1, 3, sharey=True)
    _points(known, results, names, "copy", "on_gold", "o", BLUE, "copy")
    _points(known, results, names, "reversal", "on_gold", "s", ORANGE, "reversal")
    _points(known, results, names, "lexicon", "on_gold", "x", GREY, "lexicon")
    known.set_title("argmax on the gold link")
    known.set_xlim(-0.03, 1.03)
    _points(quality, results, names, "multi30k", "bleu", "o", BLUE, "Multi30k")
    quality.set_title("BLEU, Multi30k en-de")
    _points(speed, results, names, "speed", "train_speed", "o", BLUE, "training")
    _points(speed, results, names, "speed", "decode_speed", "s", ORANGE, "decoding")
    speed.set_title("speed, dot = 1")
    for axes in (known, quality, speed):
        _tidy(axes, names)
    _save(figure, path)


def gallery(folder: Path, task: str, names: Sequence[str], path: Path) -> None:
    """The weights of every mechanism for one sentence of a task with known links."""
    from matplotlib.figure import Figure

    dumps = {name: folder / task / name / "attention" for name in names}
    dumps = {name: dump for name, dump in dumps.items() if dump.is_dir()}
    if not dumps:
        return
    rows = -(-len(dumps) // PANELS)
    figure = Figure(figsize=(1.35 * PANELS, 1.55 * rows), layout="constrained")
    panels = figure.subplots(rows, PANELS, squeeze=False).ravel()
    for axes, (name, dump) in zip(panels, dumps.items(), strict=False):
        weights = Dump(dump)[0].weights.astype(np.float32).mean(axis=(0, 1))
        axes.imshow(weights, cmap="Blues", vmin=0, vmax=1, aspect="auto")
        axes.set_title(name.replace("additive+", "+ "), fontsize=8)
    for place, axes in enumerate(panels):
        axes.set_xticks([])
        axes.set_yticks([])
        axes.set_visible(place < len(dumps))
    _save(figure, path)


def _points(
    axes: "Axes",
    results: Results,
    names: Sequence[str],
    task: str,
    key: str,
    marker: str,
    colour: str,
    label: str,
) -> None:
    found = results.get(task, {})
    places = [i for i, name in enumerate(names) if key in found.get(name, {})]
    values = [found[names[i]][key] for i in places]
    axes.plot(values, places, marker, color=colour, label=label, ms=4, ls="none")


def _tidy(axes: "Axes", names: Sequence[str]) -> None:
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.grid(axis="y", color="0.92")
    axes.set_axisbelow(True)
    axes.tick_params(length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)
    if len(axes.get_lines()) > 1:
        axes.legend(
            loc="upper center", bbox_to_anchor=(0.5, -0.04), ncols=3, frameon=False
        )


def _save(figure: "Figure", path: Path) -> None:
    with replacing(path) as temporary:
        metadata: dict[str, Any] = {"Software": None}
        figure.savefig(temporary, format="png", dpi=130, metadata=metadata)
