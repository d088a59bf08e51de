"""Rows of text in columns."""

from collections.abc import Iterable, Sequence


def aligned(rows: Iterable[Sequence[str]], sides: str) -> list[str]:
    """A line for each row; `sides` has < or > for each column, left or right."""
    table = list(rows)
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    columns = [f"{side}{width}" for side, width in zip(sides, widths, strict=True)]
    lines = []
    for row in table:
        cells = (f"{x:{column}}" for x, column in zip(row, columns, strict=True))
        lines.append("  ".join(cells).rstrip())
    return lines
