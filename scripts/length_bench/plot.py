"""The measures as curves on logarithmic axes."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402

from length_bench.page import TITLES, curves  # noqa: E402

PARTS = ("memory, MB", "processor time of a batch, s")


def write_plot(measures: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Memory above, time below, a column for each thing that was measured."""
    whats = [what for what in TITLES if any(m["what"] == what for m in measures)]
    figure, axes = pyplot.subplots(
        2, len(whats), figsize=(4.2 * len(whats), 7), squeeze=False, sharex="col"
    )
    for column, what in enumerate(whats):
        found = curves(measures, what)
        for row, label in enumerate(PARTS):
            axis = axes[row][column]
            for mechanism, curve in found.items():
                values = [max(curve[s][row], 1e-3) for s in sorted(curve)]
                axis.loglog(sorted(curve), values, marker="o", ms=3, label=mechanism)
            ticks = sorted({source for curve in found.values() for source in curve})
            axis.set_xticks(ticks, [str(tick) for tick in ticks])
            axis.minorticks_off()
            axis.grid(alpha=0.3)
            axis.set_ylabel(label)
        axes[0][column].set_title(TITLES[what], fontsize=9)
        axes[1][column].set_xlabel("source pieces")
    axes[0][0].legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(path, dpi=110, metadata={"Software": None})
    pyplot.close(figure)
