"""A report as one page: no script, nothing from outside, all text escaped."""

from collections.abc import Iterator, Sequence
from html import escape

from attnmt.analysis.faithfulness.bars import Bar, chart
from attnmt.analysis.faithfulness.conclusions import CLEARLY, HARDLY
from attnmt.analysis.faithfulness.erasure import DRAWS
from attnmt.analysis.faithfulness.figures import CONTROLS, RANDOM, Example
from attnmt.analysis.faithfulness.page_style import STYLE
from attnmt.analysis.faithfulness.report import (
    Report,
    Table,
    agreements,
    erasures,
    interventions,
    seeds,
)

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_WEIGHTS = f"""The targets are forced and the source is also translated greedily, with
other weights in place of the model's own at every target piece. uniform: the same
everywhere. permuted: its own, each row in a random order. frozen: its own of the first
target piece, at all pieces: they hold for any target, so what is lost is what moving
attention is worth. The controls are grey: own goes the same way round without a change,
nothing reads no source at all. Uniform weights below {HARDLY} nats are called hardly
mattering, from {CLEARLY} on mattering."""
_ERASURE = f"""Source positions that may not be read while a target piece and those
before it are forced: the first ones of an order (comprehensiveness: more is better) or
all others (sufficiency: less is better). Orders: the attention of that piece, the
length of what is read (weight times value), and, as control, {DRAWS} random ones. AOPC
is the mean of the shares. The bars are AOPC."""
_ORDERS = """Kendall's tau-b between two orders of the source positions, 1 for the same
order. Gradients are of the target piece's log-probability by the source vectors, in
size; those that are integrated start at zero vectors. The mark is the control, the
first order shuffled; the last bar says how far two gradient methods agree with each
other."""
_SEEDS = """Jensen-Shannon divergence of the attention of another run to the same forced
targets: 0 where they are the same, at most 0.69. The mark is the control, the other
run's rows permuted."""
_LIMITS = """A weight is on the encoder's state at a position, and that state knows of
the words around it too: a position is not a word. Erasing, permuting and evening out
give the model inputs that it was not trained on. Numbers after ± are standard errors
with sentences as units."""


def page(report: Report) -> str:
    """The whole HTML of a report."""
    conclusions = "".join(f"<p>{escape(each)}</p>" for each in report.conclusions())
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Does attention matter to this model?</title>
<style>{STYLE}</style>
</head>
<body>
<main>
<h1>Does attention matter to this model?</h1>
<p class="origin">{escape(_origin(report))}</p>
<div class="verdict">{conclusions}</div>
{"".join(_sections(report))}
<footer>{_LIMITS} Integrated gradients miss their sum by
{report.completeness_gap:.3f} nats on average.</footer>
</main>
</body>
</html>
"""


def _origin(report: Report) -> str:
    told = ("run", "checkpoint", "attention", "text")
    named = [f"{name} {report.origin[name]}" for name in told if name in report.origin]
    size = (
        f"{report.sentences} sentences, {report.pieces} target pieces at "
        f"{-report.log_prob:.2f} nats each, {report.probes} of them probed"
    )
    return " · ".join([*named, size])


def _sections(report: Report) -> Iterator[str]:
    yield _weights(report)
    yield _erasure(report)
    yield _orders(report)
    if report.seeds:
        yield _other_runs(report)
    note = "The first sentences, translated greedily with each kind of weights."
    yield _section("Greedy output", note, *map(_example, report.examples))


def _weights(report: Report) -> str:
    bars = [
        Bar(one.name, one.cost.value, is_control=one.name in CONTROLS)
        for one in report.interventions
    ]
    table = interventions(report.interventions)
    title = "Other weights: nats that a target piece loses"
    return _section(title, _WEIGHTS, chart(bars, title), _table(table))


def _erasure(report: Report) -> str:
    parts = []
    means = (
        [e.aopc_comprehensiveness.value for e in report.erasures],
        [e.aopc_sufficiency.value for e in report.erasures],
    )
    for values, table in zip(means, erasures(report.erasures), strict=True):
        bars = [
            Bar(e.order, value, is_control=e.order == RANDOM)
            for e, value in zip(report.erasures, values, strict=True)
        ]
        parts += [chart(bars, table.title), _table(table)]
    return _section("Erasure: nats that a target piece loses", _ERASURE, *parts)


def _orders(report: Report) -> str:
    bars = [
        Bar(f"{a.one} – {a.other}", a.tau.value, a.shuffled.value)
        for a in report.agreements
    ]
    table = agreements(report.agreements)
    return _section(
        "Orders of source positions", _ORDERS, chart(bars, table.title), _table(table)
    )


def _other_runs(report: Report) -> str:
    bars = [Bar(s.run, s.divergence.value, s.permuted.value) for s in report.seeds]
    table = seeds(report.seeds)
    return _section("Other runs", _SEEDS, chart(bars, table.title), _table(table))


def _section(title: str, note: str, *parts: str) -> str:
    return (
        f'<section><h2>{escape(title)}</h2><p class="note">{escape(note)}</p>'
        f"{''.join(parts)}</section>\n"
    )


def _table(table: Table) -> str:
    return (
        f'<div class="scroll"><table><caption>{escape(table.title)}</caption>'
        f"<thead>{_cells(table.head, 'th')}</thead>"
        f"<tbody>{''.join(_cells(row, 'td') for row in table.rows)}</tbody>"
        "</table></div>"
    )


def _cells(row: Sequence[str], kind: str) -> str:
    cells = "".join(f"<{kind}>{escape(cell)}</{kind}>" for cell in row)
    return f"<tr>{cells}</tr>"


def _example(example: Example) -> str:
    outputs = "".join(
        f'<dt>{escape(name)}</dt><dd dir="auto">{escape(text) or "&nbsp;"}</dd>'
        for name, text in example.outputs.items()
    )
    source = (
        f'<dt>source</dt><dd class="source" dir="auto">{escape(example.source)}</dd>'
    )
    return f"<dl>{source}{outputs}</dl>"
