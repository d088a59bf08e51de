"""A view as a picture for a paper: PNG, SVG or PDF."""

import logging
import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from attnmt.analysis.views import END, NOTHING_SHOWN, View
from attnmt.errors import DataError
from attnmt.text.lines import replacing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORMATS = (".png", ".svg", ".pdf")
# Every picture of the same weights is the same file: no date, no version, no chance.
_METADATA: dict[str, dict[str, Any]] = {
    ".png": {"Software": None},
    ".svg": {"Date": None, "Creator": None},
    ".pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}
# The first is always there; the others are used, when installed, for what it lacks.
_FONTS = (
    "DejaVu Sans",
    "Noto Sans",
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "Noto Sans SC",
    "Noto Sans JP",
    "Noto Sans KR",
    "Noto Sans Arabic",
    "Noto Sans Hebrew",
    "Noto Sans Devanagari",
    "Noto Sans Thai",
    "Noto Sans Symbols",
    "WenQuanYi Zen Hei",
    "Droid Sans Fallback",
    "PingFang SC",
    "Hiragino Sans",
    "Microsoft YaHei",
    "Yu Gothic",
    "Malgun Gothic",
    "Arial Unicode MS",
)
_CELL = 0.3  # inches
_LARGEST = 24  # inches of all cells; beyond, cells and labels shrink
_NUMBERED = 12  # rows and columns up to which the cells carry their numbers
_VECTORS = 10_000  # cells that are drawn as shapes; more become an image
_log = logging.getLogger(__name__)


def plot(view: View, path: Path, *, title: str | None = None) -> None:
    """Draw a view: source words on top, target words on the left, darker is more.

    The suffix of `path` says the format; text stays text in SVG and PDF. A file that
    exists is replaced. Raises DataError for another suffix, for a line without
    attention, and for a path that cannot be written.
    """
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise DataError(
            f"{path}: expected a name that ends in {', '.join(FORMATS)}, "
            f"found {suffix or 'no ending'}"
        )
    if not view.source or not view.target:
        raise DataError(f"{path}: {NOTHING_SHOWN}")
    import matplotlib

    cell = min(_CELL, _LARGEST / max(view.weights.shape))
    with (
        matplotlib.rc_context(_style(9 * cell / _CELL)),
        warnings.catch_warnings(record=True) as seen,
    ):
        warnings.simplefilter("always")
        _save(_draw(view, cell, title), path, suffix)
    _report(seen, suffix)


def _style(font_size: float) -> dict[Any, Any]:
    from matplotlib import font_manager

    installed = {font.name for font in font_manager.fontManager.ttflist}
    return {
        "font.family": [font for font in _FONTS if font in installed],
        "font.size": font_size,
        "axes.linewidth": 0.6,
        "svg.fonttype": "none",
        "svg.hashsalt": "attnmt",
        "pdf.fonttype": 42,
    }


def _draw(view: View, cell: float, title: str | None) -> "Figure":
    from matplotlib.figure import Figure

    rows, columns = view.weights.shape
    width, height = columns * cell, rows * cell
    figure = Figure(figsize=(width, height))
    axes = figure.add_axes((0, 0, 1, 1))  # the labels stand outside; see _save
    top = max(1.0, float(view.weights.max()))
    mesh = axes.pcolormesh(
        view.weights,
        cmap="Blues",
        vmin=0,
        vmax=top,
        edgecolors="white",
        linewidth=0.6,
        rasterized=view.weights.size > _VECTORS,
    )
    axes.invert_yaxis()
    _label(axes, view)
    if max(rows, columns) <= _NUMBERED:
        _number(axes, view.weights, top)
    bar_axes = figure.add_axes((1 + 0.15 / width, 0, 0.1 / width, 1))
    bar = figure.colorbar(mesh, cax=bar_axes, ticks=[0, top / 2, top])
    bar.outline.set_visible(False)  # pyright: ignore[reportCallIssue]
    bar_axes.tick_params(length=0, labelsize=7, colors="0.4")
    if title:
        axes.set_xlabel(title, parse_math=False, color="0.4", labelpad=8)
    return figure


def _label(axes: "Axes", view: View) -> None:
    rows, columns = view.weights.shape
    axes.xaxis.tick_top()
    axes.set_xticks(
        np.arange(columns) + 0.5, view.source, rotation=45, ha="left", parse_math=False
    )
    axes.set_yticks(np.arange(rows) + 0.5, view.target, parse_math=False)
    axes.tick_params(length=0, pad=3)
    for label in (*axes.get_xticklabels(), *axes.get_yticklabels()):
        label.set_rotation_mode("anchor")
        if label.get_text() == END:
            label.set_color("0.55")
    for spine in axes.spines.values():
        spine.set_visible(False)


def _number(axes: "Axes", weights: np.ndarray, top: float) -> None:
    for (row, column), weight in np.ndenumerate(weights):
        if weight >= 0.05:
            axes.text(
                column + 0.5,
                row + 0.5,
                f"{weight:.2f}".removeprefix("0"),
                ha="center",
                va="center_baseline",
                fontsize=6.5,
                color="white" if weight > 0.55 * top else "0.25",
            )


def _save(figure: "Figure", path: Path, suffix: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as temporary:
            figure.savefig(
                temporary,
                format=suffix[1:],
                dpi=200,
                bbox_inches="tight",  # as large as the labels need
                pad_inches=0.05,
                metadata=_METADATA[suffix],
            )
    except OSError as error:
        raise DataError(
            f"{path}: cannot be written: {error.strerror or error}"
        ) from error


def _report(seen: list[warnings.WarningMessage], suffix: str) -> None:
    """Say once, for all characters together, that the fonts lack them."""
    glyphs = [re.match(r"Glyph (\d+) ", str(warning.message)) for warning in seen]
    for warning, glyph in zip(seen, glyphs, strict=True):
        if not glyph:
            warnings.warn(warning.message, warning.category, stacklevel=3)
    codes = sorted({int(glyph[1]) for glyph in glyphs if glyph})
    if codes and suffix != ".svg":  # whose viewer looks for fonts itself
        _log.warning(
            "%d characters are boxes in the picture, as no installed font has them "
            "(%s): install the Noto fonts of their script, or draw an SVG",
            *(len(codes), "".join(map(chr, codes[:5]))),
        )
