"""Bar charts as inline SVG."""

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

_WIDTH, _ROW, _LABEL, _VALUE = 760, 30, 290, 60  # of the drawing, in its own units
_BAR = 16


class Bar(NamedTuple):
    """A bar, and the place of its control if it has one of its own."""

    label: str
    value: float
    control: float | None = None
    is_control: bool = False


def chart(bars: Sequence[Bar], title: str) -> str:
    """Horizontal bars from zero, a mark where a control is; text is escaped."""
    values = [b.value for b in bars] + [
        b.control for b in bars if b.control is not None
    ]
    low, high = min(0.0, *values), max(0.0, *values)
    room = _WIDTH - _LABEL - _VALUE
    scale = room / ((high - low) or 1.0)
    zero = _LABEL - low * scale
    height = _ROW * len(bars)
    rows = [_row(bar, i * _ROW, zero, scale) for i, bar in enumerate(bars)]
    return (
        f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{escape(title)}">'
        f'<line class="axis" x1="{zero:.1f}" x2="{zero:.1f}" y1="0" y2="{height}"/>'
        f"{''.join(rows)}</svg>"
    )


def _row(bar: Bar, top: int, zero: float, scale: float) -> str:
    middle, end = top + _ROW / 2, zero + bar.value * scale
    left, width = min(zero, end), abs(end - zero)
    kind = "bar control" if bar.is_control else "bar"
    parts = [
        f'<text class="label" x="{_LABEL - 12}" y="{middle:.1f}">{escape(bar.label)}'
        f'</text><rect class="{kind}" x="{left:.1f}" y="{middle - _BAR / 2:.1f}" '
        f'width="{width:.1f}" height="{_BAR}" rx="2"/>'
    ]
    right = max(zero, end)
    if bar.control is not None:
        at = zero + bar.control * scale
        # The number stands beside its bar, unless the mark is in its way.
        right = at if right - 4 < at < right + 50 else right
        parts.append(
            f'<rect class="mark" x="{at - 1.5:.1f}" y="{top + 4}" width="3" '
            f'height="{_ROW - 8}"/>'
        )
    number = f"{round(bar.value, 2) + 0.0:.2f}"
    parts.append(
        f'<text class="value" x="{right + 8:.1f}" y="{middle:.1f}">{number}</text>'
    )
    return "".join(parts)
