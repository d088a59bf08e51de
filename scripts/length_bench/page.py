"""The measures as Markdown tables, with how fast memory and time grow."""

import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from length_bench.curve import BATCH, MODEL, REPEATS, TARGET, VOCABULARY

Curve = dict[int, tuple[float, float]]  # source -> (megabytes, seconds)
FROM = 500  # growth is told of sources at least that long: below, it is drowned
TITLES = {
    "train": f"Training, {TARGET} target pieces",
    "square": "Training, as many target as source pieces",
    "decode": f"Greedy decoding, {TARGET} target pieces, weights kept",
}


def curves(measures: Sequence[Mapping[str, Any]], what: str) -> dict[str, Curve]:
    """For each mechanism, medians over the rounds."""
    found: dict[str, Curve] = {}
    for mechanism, source in dict.fromkeys(
        (m["mechanism"], m["source"]) for m in measures if m["what"] == what
    ):
        same = [
            m
            for m in measures
            if (m["what"], m["mechanism"], m["source"]) == (what, mechanism, source)
        ]
        found.setdefault(mechanism, {})[source] = (
            statistics.median(m["megabytes"] for m in same),
            statistics.median(m["seconds"] for m in same),
        )
    return found


def growth(curve: Curve, part: int) -> float:
    """The slope x of memory (0) or time (1) as source ** x, least squares of logs."""
    points = [(s, values[part]) for s, values in curve.items() if s >= FROM]
    logs = np.log([(s, max(value, 1e-9)) for s, value in points])
    return float(np.polyfit(logs[:, 0], logs[:, 1], 1)[0]) if len(logs) > 1 else np.nan


def table(measures: Sequence[Mapping[str, Any]], what: str) -> str:
    """Memory and time, a row a mechanism."""
    found = curves(measures, what)
    lengths = sorted({source for curve in found.values() for source in curve})
    head = ["source pieces", *(f"{length:,}" for length in lengths), "growth"]
    rows = [head, ["---"] * len(head)]
    for mechanism, curve in found.items():
        cells = [_cell(*curve[s]) if s in curve else "" for s in lengths]
        slopes = f"{growth(curve, 0):.2f}, {growth(curve, 1):.2f}"
        rows.append([f"`{mechanism}`", *cells, slopes])
    lines = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    return f"## {TITLES[what]}\n\n{lines}\n"


def write_page(measures: Sequence[Mapping[str, Any]], path: Path) -> str:
    """Write all tables; returns the text."""
    rounds = 1 + max(m["round"] for m in measures)
    processes = "1 process" if rounds == 1 else f"{rounds} processes"
    model = ", ".join(f"{k} {size}" for k, v in MODEL.items() for size in v.values())
    batches = ", ".join(f"{size} ({what})" for what, size in BATCH.items())
    text = f"""# Memory and time against the length of the source

Written by `scripts/bench_lengths`. MB of memory and processor seconds a batch, then the
exponents of their growth with the source ({FROM} pieces and more): 1 is linear, 2
quadratic.
Memory is the largest resident size above that after a batch of 8 source pieces; time
the median of {REPEATS} batches, in {processes}, on one thread.
Model: {model}, defaults else; vocabulary {VOCABULARY:,}.
Sentences in a batch: {batches}.

"""
    present = dict.fromkeys(m["what"] for m in measures)
    text += "\n".join(table(measures, what) for what in TITLES if what in present)
    path.write_text(text, "utf-8")
    return text


def _cell(megabytes: float, seconds: float) -> str:
    return f"{megabytes:,.0f} MB, {seconds:.2g} s"
