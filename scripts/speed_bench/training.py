"""Training: sides that are fed the same batches take turns."""

import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from speed_bench import as_they_come
from speed_bench.arithmetic import training_flops
from speed_bench.batch_files import (
    Counts,
    count,
    load_batches,
    padding_share,
    save_batches,
    total,
)
from speed_bench.environments import CACHE, MALLOC, environment, peer_python
from speed_bench.options import Options
from speed_bench.protocol import Answer, Failed, Worker
from speed_bench.results import Figures, Row, row, with_ratios
from speed_bench.settings import (
    STYLES,
    TRAINING,
    VOCABULARY,
    Settings,
    model_settings,
    multi30k_batches,
)

MATMUL_SIZE = 2048
TORCH = ("torch", "torch+malloc")  # with the stock allocator, with `MALLOC`
TITLES = {
    "tokens_per_second": "target tokens/s",
    "to torch": "to torch",
    "to torch+malloc": "to torch+malloc",
    "to onmt": "to onmt",
    "to joeynmt": "to joeynmt",
    "share_of_matmul": "of matmul",
    "first_update": "s to first update",
    "megabytes": "MB",
    "padding": "padding",
    "cores": "cores",
}


class Case(NamedTuple):
    """A model and the batches that train it."""

    part: str
    name: str
    model: Settings
    vocabulary: int
    batches: Path


class Opened(NamedTuple):
    """A side that is ready to go on training."""

    worker: Worker
    first_update: float  # seconds from its start to the end of the first update


def measure(options: Options) -> list[Row]:
    """The three styles on Multi30k, and the toolkits as they come."""
    batches = CACHE / "batches" / "multi30k.npz"
    save_batches(batches, multi30k_batches())
    rows = []
    for style in STYLES:
        case = Case("training", style, model_settings(style), VOCABULARY, batches)
        rows += measure_case(case, options)
    return rows + as_they_come.measure(options)


def measure_case(case: Case, options: Options) -> list[Row]:
    """Let attnmt and PyTorch take turns; what cannot run is told in its row."""
    opened: dict[str, Opened] = {}
    rows: list[Row] = []
    try:
        for side in ("attnmt", *(TORCH if "torch" in options.peers else ())):
            try:
                opened[side] = _open(case, side)
            except Failed as reason:
                rows.append(Row(case.part, case.name, side, {}, [], str(reason)))
        taken: list[dict[str, Figures]] = []
        for number in range(options.rounds + 1):
            print(f"{case.part} {case.name}: round {number}", file=sys.stderr)
            taken.append(_round(case, opened, options.seconds))
        for side, (worker, first_update) in opened.items():
            constant = {"first_update": first_update, "padding": _padding(case)}
            constant["megabytes"] = worker.ask("train", seconds=0)["megabytes"]
            of_side = [figures[side] for figures in taken[1:]]  # the first warmed up
            rows.append(row(case.part, case.name, side, of_side, **constant))
    finally:
        for side in opened.values():
            side.worker.close()
    rows = with_ratios(rows, "tokens_per_second", "torch")
    return with_ratios(rows, "tokens_per_second", "torch+malloc")


def _open(case: Case, side: str) -> Opened:
    """Start a side and have it make its first update."""
    python = sys.executable if side == "attnmt" else peer_python("torch")
    module = "speed_bench.attnmt_side" if side == "attnmt" else "speed_bench.torch_side"
    variables = environment(MALLOC if side == "torch+malloc" else {})
    log = CACHE / "logs" / f"{case.part}-{side}.log"
    worker = Worker([python, "-m", module], variables, log)
    worker.ask(
        "open",
        model=case.model,
        training=TRAINING,
        vocabulary=case.vocabulary,
        file=str(case.batches),
    )
    return Opened(worker, time.perf_counter() - worker.started)


def _round(
    case: Case, opened: Mapping[str, Opened], seconds: float
) -> dict[str, Figures]:
    """One turn of every side, and what the machine does at its best meanwhile."""
    answers = {s: o.worker.ask("train", seconds=seconds) for s, o in opened.items()}
    products = [o.worker.ask("matmul", size=MATMUL_SIZE) for o in opened.values()]
    rate = max(product["gflops"] for product in products)
    cores = max(product["cores"] for product in products)
    return {
        side: {**_figures(case, answer, rate), "gflops": rate, "probe_cores": cores}
        for side, answer in answers.items()
    }


def _figures(case: Case, answer: Answer, rate: float) -> Figures:
    counts, seconds = Counts(*answer["counts"]), answer["seconds"]
    flops = training_flops(case.model, case.vocabulary, counts)
    return {
        "tokens_per_second": counts.target / seconds,
        "share_of_matmul": flops / seconds / 1e9 / rate,
        "cores": answer["cpu_seconds"] / seconds,
    }


def _padding(case: Case) -> float:
    return padding_share(total(count(batch) for batch in load_batches(case.batches)))
