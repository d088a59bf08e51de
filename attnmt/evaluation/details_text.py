"""Details of an evaluation as text for people."""

from collections.abc import Iterable, Sequence

from attnmt.evaluation.breakdown import FrequencyGroup, LengthGroup
from attnmt.evaluation.details import Details
from attnmt.evaluation.examples import Example
from attnmt.evaluation.table import aligned


def text(found: Details) -> str:
    """Two tables, and sentences one below the other."""
    parts = [
        f"by length in words of {found.length_of}:",
        *_right(_length_rows(found.by_length)),
        "",
        f"words by how often they are in {found.frequency_in}:",
        *_right(_frequency_rows(found.by_frequency)),
    ]
    titles = ("lowest chrF", "better than the baseline", "worse than the baseline")
    for title, examples in zip(titles, found.examples, strict=True):
        if examples:
            parts += ["", f"{title}:", *(line for e in examples for line in _lines(e))]
    return "\n".join(parts)


def _length_rows(groups: Sequence[LengthGroup]) -> Iterable[list[str]]:
    names = list(groups[0].scores)
    with_baseline = groups[0].baseline is not None
    yield [
        "words",
        "sentences",
        *names,
        *(f"baseline {n}" for n in names if with_baseline),
    ]
    for group in groups:
        scores = [*group.scores.values(), *(group.baseline or {}).values()]
        yield [
            _range(group.shortest, group.longest),
            str(group.sentences),
            *(f"{score:.2f}" for score in scores),
        ]


def _frequency_rows(groups: Sequence[FrequencyGroup]) -> Iterable[list[str]]:
    with_baseline = any(group.baseline_f1 is not None for group in groups)
    shares = ["precision", "recall", "F1"] + ["baseline F1"] * with_baseline
    yield ["times", "words", *shares]
    for group in groups:
        figures = (group.precision, group.recall, group.f1, group.baseline_f1)
        yield [
            _range(group.least, group.most),
            str(group.words),
            *("–" if x is None else f"{x:.3f}" for x in figures[: len(shares)]),
        ]


def _lines(example: Example) -> Iterable[str]:
    yield f"line {example.line}"
    if example.source is not None:
        yield f"       source       {example.source}"
    yield f"       reference    {example.reference}"
    if example.baseline is not None:
        yield f"{example.baseline_chrf:5.1f}  baseline     {example.baseline}"
    yield f"{example.chrf:5.1f}  translation  {example.hypothesis}".rstrip()


def _range(low: int, high: int | None) -> str:
    if high is None:
        return f"{low}+"
    return str(low) if low == high else f"{low}–{high}"


def _right(rows: Iterable[list[str]]) -> list[str]:
    table = list(rows)
    return aligned(table, ">" * len(table[0]))
