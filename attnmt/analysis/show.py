"""A view in the terminal: shades for the weights, the strongest links in words."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from attnmt.analysis.record import Record
from attnmt.analysis.views import NOTHING_SHOWN, View, piece_view, word_view
from attnmt.text.printable import printable

_BOUNDS = (0.05, 0.25, 0.5, 0.75)  # between the five shades
_SHADES = {False: "·░▒▓█", True: ".-=#@"}  # by plain
_ARROWS = {False: "←", True: "<-"}
_LABEL = 16  # columns that a label takes at most
_NAMED = 0.2  # a weight from here on is named beside the strongest of its row


def show(
    record: Record,
    console: Console,
    *,
    pieces: bool = False,
    head: int | None = None,
    plain: bool = False,
) -> None:
    """Print a record: its numbered source, then a row of shades per target word.

    The strongest links of a target word are named beside its row, or below where the
    terminal is narrow; a source wider than the terminal comes in several blocks.
    What else the model told follows, piece by piece.
    `plain` draws in ASCII, as does a console that does not write UTF-8.
    """
    encoding = console.encoding
    plain = plain or not encoding.lower().replace("-", "").startswith("utf8")
    view = piece_view(record, head) if pieces else word_view(record, head)
    view = View(
        _encodable(view.source, encoding),
        _encodable(view.target, encoding),
        view.weights,
    )
    rank = f"  rank {record.rank} of {record.n_best}" if record.n_best > 1 else ""
    console.print(Text(f"id {record.id}{rank}  score {record.norm_score:.3f}", "bold"))
    for line in render(view, console.width, plain=plain):
        line.rstrip()
        console.print(line, soft_wrap=True)
    target = _encodable(map(printable, record.target_pieces), encoding)
    for name, extra in record.extras.items():
        for line in _told(printable(name), target, extra, console.width):
            console.print(line, soft_wrap=True)
    console.print()


def legend(plain: bool = False) -> str:
    """What the shades mean, in a line."""
    shades = _SHADES[plain]
    upper = [
        f"{shade} < {bound}" for shade, bound in zip(shades, _BOUNDS, strict=False)
    ]
    return "   ".join([*upper, f"{shades[-1]} up to 1"])


def render(view: View, width: int, *, plain: bool = False) -> Iterator[Text]:
    """Yield the lines of a view, at most `width` columns wide (20 or more)."""
    if not view.source or not view.target:
        yield Text(f"({NOTHING_SHOWN})", "dim")
        return
    yield from _numbered(view.source, width)
    label = min(_LABEL, width // 3, max(map(cell_len, view.target)))
    room = width - label - 1
    links = [_links(view.source, row, _ARROWS[plain]) for row in view.weights]
    beside = max(map(cell_len, links)) + 1
    count = len(view.source)
    if count + beside <= room:
        cell = 2 if 2 * count + beside <= room else 1
        yield from _block(view, range(count), label, cell, plain, links)
        return
    cell = 2 if 2 * count <= room else 1
    for begin in range(0, count, room // cell):
        columns = range(begin, min(begin + room // cell, count))
        yield from _block(view, columns, label, cell, plain)
    yield Text()
    for target, link in zip(view.target, links, strict=True):
        yield Text(_fit(f"{target} {link}", width))


def _numbered(source: Sequence[str], width: int) -> Iterator[Text]:
    """The source words with their numbers, wrapped."""
    numbered = enumerate(source, 1)
    yield from _wrapped(
        (
            Text.assemble((f"{n} ", "dim"), _fit(word, width - 8))
            for n, word in numbered
        ),
        width,
    )
    yield Text()


def _told(
    name: str, pieces: Sequence[str], extra: np.ndarray, width: int
) -> Iterator[Text]:
    """A number, or several with bars between them, for each piece; wrapped."""
    rows = ["|".join(f"{x:.2f}" for x in np.ravel(row)) for row in extra]
    pairs = zip(pieces, rows, strict=True)
    entries = (Text.assemble(f"{piece} ", (row, "cyan")) for piece, row in pairs)
    yield Text()
    yield from _wrapped([Text(f"{name}:", "dim"), *entries], width)


def _wrapped(entries: Iterable[Text], width: int) -> Iterator[Text]:
    """The entries with two spaces between them, as many to a line as there is room."""
    line = Text()
    for entry in entries:
        if line and line.cell_len + 2 + entry.cell_len > width:
            yield line
            line = Text()
        line.append("  " if line else "").append_text(entry)
    yield line


def _block(
    view: View,
    columns: range,
    label: int,
    cell: int,
    plain: bool,
    links: Sequence[str] = (),
) -> Iterator[Text]:
    """Rows of shades for some source words, under their numbers set upright."""
    numbers = [str(column + 1) for column in columns]
    digits = max(map(len, numbers))
    for place in range(digits):
        upright = "".join(n.rjust(digits)[place].rjust(cell) for n in numbers)
        yield Text(" " * (label + 1) + upright, "dim")
    for index, (target, row) in enumerate(zip(view.target, view.weights, strict=True)):
        line = Text(set_cell_size(_fit(target, label), label) + " ")
        for column in columns:
            level = int(np.digitize(row[column], _BOUNDS))
            best = level > 0 and row[column] == row.max()
            style = "bold cyan" if best else "cyan" if level else "dim"
            shade = _SHADES[plain][level]
            line.append((shade * cell if level else shade.rjust(cell)), style)
        if links:
            line.append(f" {links[index]}")
        yield line


def _links(source: Sequence[str], row: np.ndarray, arrow: str) -> str:
    """`← word (0.87)`, with a second word where that has its share."""
    best = [int(column) for column in np.argsort(-row, kind="stable")[:2]]
    named = [c for c in best if row[c] > 0 and (c == best[0] or row[c] >= _NAMED)]
    words = [f"{_fit(source[c], _LABEL)} ({row[c]:.2f})" for c in named]
    return f"{arrow} {', '.join(words)}" if words else ""


def _fit(text: str, width: int) -> str:
    """The text, cut to a number of columns."""
    return text if cell_len(text) <= width else set_cell_size(text, width)


def _encodable(labels: Iterable[str], encoding: str) -> list[str]:
    return [label.encode(encoding, "replace").decode(encoding) for label in labels]
