"""The page of a report: one HTML file that needs no network and runs nothing."""

import base64
import hashlib
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from importlib.resources import files
from pathlib import Path

from attnmt.analysis.plot import plot
from attnmt.analysis.record import Record
from attnmt.analysis.views import View, word_view
from attnmt.config.loading import flattened
from attnmt.config.schema import Config
from attnmt.report.curves import COLORS, curves
from attnmt.report.facts import Evaluation, Facts
from attnmt.text.printable import printable

Row = tuple[str, Sequence[str]]  # what it tells, a cell for each run, perhaps a note


def page(runs: Sequence[Facts]) -> str:
    """The HTML of a report about runs."""
    names = [run.name for run in runs]
    title = names[0] if len(runs) == 1 else f"{len(runs)} runs"
    drawn = curves(runs)
    many = len(runs) > 1
    parts = [
        f"<h1>{_text(title)}</h1>",
        _table("Training", names, _training(runs)),
        _section("Curves", _image(drawn, "curves of the training") if drawn else ""),
        _table("Scores", names, _scores(runs)),
        _table(
            "Settings that differ" if many else "Settings other than the default",
            names,
            _different(runs) if many else _chosen(runs[0].config),
        ),
        *(_samples(run, number) for number, run in enumerate(runs)),
    ]
    style = files("attnmt.report").joinpath("report.css").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:"
    return (
        '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        f"<title>{_text(title)}</title>\n<style>{style}</style>\n"
        + "\n".join(filter(None, parts))
        + "\n</html>\n"
    )


def _training(runs: Sequence[Facts]) -> list[Row]:
    return [
        ("languages", [f"{r.config.data.source_lang} to {_target(r)}" for r in runs]),
        ("attention", [r.config.model.attention.type for r in runs]),
        ("parameters", [_number(r.parameters) for r in runs]),
        ("updates", [_number(r.state and r.state.step) for r in runs]),
        ("epochs", [_number(r.state and r.state.epoch) for r in runs]),
        ("target tokens", [_number(r.state and r.state.tokens) for r in runs]),
        ("hours", [f"{r.state.seconds / 3600:.2f}" if r.state else "" for r in runs]),
        ("ended", [_ended(r) for r in runs]),
        ("best checkpoint", [_number(r.best) for r in runs]),
        *_validation(runs),
        ("device", [str(r.manifest.get("device", "")) for r in runs]),
        ("attnmt", [str(r.manifest.get("attnmt", "")) for r in runs]),
        ("git", [str(r.manifest.get("git") or "") for r in runs]),
    ]


def _target(run: Facts) -> str:
    return run.config.data.target_lang


def _ended(run: Facts) -> str:
    if "average_of" in run.manifest:
        return "an average of checkpoints"
    if run.state is None:
        return "nothing saved yet"
    return "yes" if run.state.finished else "not yet"


def _validation(runs: Sequence[Facts]) -> list[Row]:
    """What the best checkpoints were measured to have."""
    found = [_best_entry(run) for run in runs]
    names = dict.fromkeys(n for entry in found for n in entry)
    return [
        (f"validation {name}", [_figure(entry.get(name)) for entry in found])
        for name in names
        if name not in ("step", "seconds")
    ]


def _best_entry(run: Facts) -> Mapping[str, float]:
    return next((e for e in run.validations if e["step"] == run.best), {})


def _scores(runs: Sequence[Facts]) -> list[Row]:
    """A row for each metric of each text, by its fingerprint and not only its name."""
    figures = [
        {key: told for e in run.evaluations for key, told in _figures(e).items()}
        for run in runs
    ]
    keys = dict.fromkeys(key for found in figures for key in found)
    return [
        (f"{key[0]} {key[2]}", [*(found.get(key, "") for found in figures), key[3]])
        for key in keys
    ]


def _figures(found: Evaluation) -> dict[tuple[str, str, str, str], str]:
    figures = {}
    for metric, score in found.metrics.items():
        told = _figure(score.value)
        if score.interval:
            told += f" ({_figure(score.interval[0])} to {_figure(score.interval[1])})"
        figures[found.name, found.text, metric, score.signature] = told
    if found.word_alignment:
        told = f"{found.word_alignment.aer:.3f}"
        figures[found.name, found.text, "AER", ""] = told
    return figures


def _different(runs: Sequence[Facts]) -> list[Row]:
    settings = [flattened(run.config) for run in runs]
    names = sorted({name for found in settings for name in found} - {"run_dir"})
    rows = [(name, [_setting(s.get(name, "")) for s in settings]) for name in names]
    return [(name, cells) for name, cells in rows if len(set(cells)) > 1]


def _chosen(config: Config) -> list[Row]:
    given = {"run_dir": config.run_dir, "data": config.data}
    default = flattened(Config.model_validate(given))
    found = flattened(config)
    return [
        (name, [_setting(value)])
        for name, value in found.items()
        if value != default.get(name) or _of_text(name)
    ]


def _of_text(name: str) -> bool:
    return name.startswith("data.") and not name.endswith((".weight", ".max_length"))


def _samples(run: Facts, number: int) -> str:
    shown = "".join(map(_sample, run.samples))
    name = f'<p class="c{number % len(COLORS)}">{_text(run.name)}</p>'
    return _section("Samples of the validation", name + shown if shown else "")


def _sample(record: Record) -> str:
    view = word_view(record)
    picture = _attention(view) if view.weights.size else ""
    return (
        f"<figure><figcaption>{_text(record.source)}<br><b>"
        f"{_text(record.hypothesis)}</b></figcaption>{picture}</figure>"
    )


def _attention(view: View) -> str:
    with tempfile.TemporaryDirectory(prefix="attnmt-") as folder:
        file = Path(folder) / "attention.svg"
        plot(view, file)
        return _image(file.read_text("utf-8"), "attention between the words")


def _table(title: str, names: Sequence[str], rows: Iterable[Row]) -> str:
    body = "".join(
        f"<tr><th>{_text(name)}</th>{_cells(cells)}</tr>\n"
        for name, cells in rows
        if any(cells)
    )
    if not body:
        return ""
    heads = "".join(
        f'<th class="c{number % len(COLORS)}">{_text(name)}</th>'
        for number, name in enumerate(names)
    )
    return _section(
        title,
        f"<table><thead><tr><th></th>{heads}</tr></thead>\n"
        f"<tbody>\n{body}</tbody></table>",
    )


def _cells(cells: Sequence[str]) -> str:
    return "".join(f"<td>{_text(cell)}</td>" for cell in cells)


def _section(title: str, content: str) -> str:
    return f"<section><h2>{_text(title)}</h2>\n{content}</section>" if content else ""


def _image(svg: str, what: str) -> str:
    data = base64.b64encode(svg.encode()).decode()
    return f'<img alt="{what}" src="data:image/svg+xml;base64,{data}">'


def _text(text: str) -> str:
    return escape(printable(text))


def _number(value: int | None) -> str:
    return "" if value is None else f"{value:,}"


def _figure(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.2f}" if abs(value) >= 10 else f"{value:.4g}"


def _setting(value: object) -> str:
    if isinstance(value, list):  # corpora, and what else has parts
        return "; ".join(map(_setting, value))
    if isinstance(value, dict):
        told = {k: v for k, v in value.items() if v is not None}
        if told.get("weight") == 1.0:
            del told["weight"]
        return ", ".join(f"{k} {_setting(v)}" for k, v in told.items())
    return "" if value is None else str(value)
