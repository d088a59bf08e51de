"""How each side translates a file: the command, and what it needs beforehand."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from attnmt.text.lines import read_lines
from speed_bench.commands import run_command
from speed_bench.environments import CACHE, environment, peer_python
from speed_bench.forced_run import forced_pieces, make_forced_run
from speed_bench.options import Options
from speed_bench.protocol import Failed
from speed_bench.results import Row
from speed_bench.settings import FORCED_LENGTH, Job, bench_shape
from speed_bench.toolkits import SAVED, TOOLKITS

FOLDER = CACHE / "translation"
LIKELY = 20  # target pieces of a source piece in a shortlist


class Side(NamedTuple):
    """How a side does a job, and how many pieces it makes of lines."""

    command: Callable[[Job], list[str]]
    pieces: Callable[[list[str], Path], int]  # lines, and where their output ends
    weights: str  # sides of the same weights translate alike


def make_sides(options: Options) -> tuple[dict[str, Side], list[Row]]:
    """The sides, and rows for those that there are not."""
    makers: dict[str, Callable[[], Side]] = {
        f"attnmt {engine}": lambda engine=engine: attnmt_side(engine, options.run)
        for engine in options.engines
    }
    if "torch" in options.peers:
        makers["torch"] = lambda: _torch(options.run)
    for name in options.peers:
        if name in TOOLKITS:
            makers[name] = lambda name=name: _toolkit(name)
    sides, left_out = {}, []
    for name, make in makers.items():
        try:
            sides[name] = make()
        except Failed as reason:
            left_out.append(Row("translation", "all", name, {}, [], str(reason)))
    return sides, left_out


def attnmt_side(name: str, original: Path | None) -> Side:
    """The name has what is beside the engine: tensorflow+shortlist, litert+int8."""
    engine, *beside = name.split("+")
    run = make_forced_run(original, FOLDER / name)
    attnmt, chosen = [sys.executable, "-m", "attnmt"], ["--engine", engine]
    log = FOLDER / f"{name}.log"
    if "shortlist" in beside:
        beside.remove("shortlist")
        run_command([*attnmt, "shortlist", "--run", str(run)], environment(), log)
        chosen += ["--shortlist", str(LIKELY)]
    if engine != "tensorflow":
        export = [*attnmt, "export", "--run", str(run), "--format", engine]
        precision = ["--precision", *beside] if beside else []
        run_command([*export, *precision], environment(), log)

    def command(job: Job) -> list[str]:
        files = [str(job.text), "--output", str(job.output), "--run", str(run)]
        how = ["--beam", str(job.beam), "--batch-size", str(job.batch)]
        return [*attnmt, "translate", *files, *how, *chosen]

    return Side(command, lambda lines, _: forced_pieces(run, lines), "attnmt")


def _torch(original: Path | None) -> Side:
    run = make_forced_run(original, FOLDER / "torch")
    begin = [peer_python("torch"), "-m", "speed_bench.torch_translate"]
    return Side(
        lambda job: [*begin, str(run / "torch.json"), *map(str, job[:4])],
        lambda lines, _: forced_pieces(run, lines),
        "attnmt",
    )


def _toolkit(name: str) -> Side:
    python, folder, toolkit = peer_python(name), FOLDER / name, TOOLKITS[name]
    shape = bench_shape()
    command = toolkit.training.command(python, folder, shape, SAVED)
    run_command(command, environment(), FOLDER / f"{name}.train.log")
    return Side(
        lambda job: toolkit.translate(
            python, folder, shape, job._replace(length=FORCED_LENGTH)
        ),
        lambda lines, output: toolkit.pieces(list(read_lines(output))[-len(lines) :]),
        name,
    )
