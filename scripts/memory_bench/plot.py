"""Memory against time."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402

from memory_bench.curve import Curve  # noqa: E402


def write_plot(curves: Sequence[Curve], path: Path) -> None:
    """A panel for each command."""
    figure, axes = pyplot.subplots(
        1, len(curves), figsize=(4.5 * len(curves), 3.2), squeeze=False
    )
    for axis, curve in zip(axes[0], curves, strict=True):
        minutes = [sample.seconds / 60 for sample in curve.samples]
        axis.plot(minutes, [sample.megabytes for sample in curve.samples], label="own")
        axis.plot(
            minutes, [sample.mapped for sample in curve.samples], label="mapped files"
        )
        axis.set_ylim(bottom=0)
        axis.set_title(curve.name, fontsize=9)
        axis.set_xlabel("minutes")
        axis.set_ylabel("memory, MB")
        axis.grid(alpha=0.3)
    axes[0][0].legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(path, dpi=110, metadata={"Software": None})
    pyplot.close(figure)
