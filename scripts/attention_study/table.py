"""The table of a study in Markdown, and which mechanism falls short of what."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

Results = dict[str, dict[str, dict[str, Any]]]  # task -> mechanism -> result
NOTHING = "–"


class Column(NamedTuple):
    """A column: a figure of a task, how it is written, and what is enough."""

    task: str
    key: str
    title: str
    form: str = "{:.3f}"
    enough: Callable[[float], bool] | None = None


def _at_least(limit: float) -> Callable[[float], bool]:
    return lambda value: value >= limit


def _at_most(limit: float) -> Callable[[float], bool]:
    return lambda value: value <= limit


KNOWN = (
    Column("copy", "exact", "copied", "{:.1%}"),
    Column("copy", "on_gold", "on the diagonal", "{:.1%}", _at_least(0.99)),
    Column("reversal", "exact", "reversed", "{:.1%}"),
    Column("reversal", "on_gold", "on the anti-diagonal", "{:.1%}", _at_least(0.99)),
    Column("lexicon", "exact", "translated", "{:.1%}"),
    Column("lexicon", "aer", "AER", "{:.3f}", _at_most(0.05)),
)
TEXT = (
    Column("sample", "bleu", "sample BLEU", "{:.1f}"),
    Column("sample", "aer", "sample AER", "{:.3f}"),
    Column("g2p", "exact", "words right", "{:.1%}"),
    Column("g2p", "token_error_rate", "phone errors", "{:.1%}"),
    Column("multi30k", "bleu", "Multi30k BLEU", "{:.1f}"),
    Column("multi30k", "chrf", "Multi30k chrF2", "{:.1f}"),
)
COST = (
    Column("multi30k", "parameters", "parameters", "{:,}"),
    Column("speed", "train_speed", "training speed", "{:.2f}"),
    Column("speed", "decode_speed", "decoding speed", "{:.2f}"),
)
ENTROPY = tuple(
    Column(task, "entropy_share", task, "{:.1%}")
    for task in ("copy", "reversal", "lexicon", "sample", "g2p", "multi30k")
)
OVERVIEW = (
    Column("copy", "on_gold", "copy", "{:.0%}", _at_least(0.99)),
    Column("reversal", "on_gold", "reversal", "{:.0%}", _at_least(0.99)),
    Column("lexicon", "aer", "lexicon AER", "{:.2f}", _at_most(0.05)),
    Column("sample", "bleu", "sample BLEU", "{:.1f}"),
    Column("sample", "aer", "sample AER", "{:.2f}"),
    Column("g2p", "exact", "spelling to phones", "{:.1%}"),
    Column("multi30k", "bleu", "Multi30k BLEU", "{:.1f}"),
    Column("multi30k", "entropy_share", "entropy", "{:.0%}"),
    Column("multi30k", "parameters", "parameters", "{:,}"),
    Column("speed", "train_speed", "training speed", "{:.2f}"),
    Column("speed", "decode_speed", "decoding speed", "{:.2f}"),
)  # what the README shows


def table(results: Results, columns: Iterable[Column], names: Iterable[str]) -> str:
    """A Markdown table, a row for each mechanism; what falls short is in bold."""
    columns = [column for column in columns if column.task in results]
    head = ["mechanism", *(column.title for column in columns)]
    rows = [
        [f"`{name}`", *(_cell(results, c, name) for c in columns)] for name in names
    ]
    rule = ["---", *("---:" for _ in columns)]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rule, *rows))


def shortfalls(results: Results, names: Iterable[str]) -> list[str]:
    """A line for each figure of a known-answer task that is not enough."""
    return [
        f"`{name}`: {column.task}, {column.title} {_text(column, value)}"
        for name in names
        for column in KNOWN
        if (value := _value(results, column, name)) is not None
        and _short(column, value)
    ]


def behind(results: Results, names: Iterable[str], limit: float) -> list[str]:
    """A line for each mechanism whose Multi30k BLEU is further below additive's."""
    found = results.get("multi30k", {})
    if "additive" not in found:
        return []
    best = found["additive"]["bleu"]
    return [
        f"`{name}`: {found[name]['bleu']:.1f}, {best - found[name]['bleu']:.1f} below"
        for name in names
        if name in found and best - found[name]["bleu"] > limit
    ]


def _cell(results: Results, column: Column, name: str) -> str:
    value = _value(results, column, name)
    if value is None:
        return NOTHING
    text = _text(column, value)
    return f"**{text}**" if _short(column, value) else text


def _text(column: Column, value: float) -> str:
    return column.form.format(value)


def _short(column: Column, value: float) -> bool:
    return column.enough is not None and not column.enough(value)


def _value(results: Results, column: Column, name: str) -> float | None:
    return results.get(column.task, {}).get(name, {}).get(column.key)
