"""Translation: one thing at a time is changed of a job, and the whole command timed."""

import sys
from itertools import cycle, islice
from typing import NamedTuple

from attnmt.text.lines import read_lines, write_lines
from speed_bench.commands import run_command
from speed_bench.environments import environment
from speed_bench.options import Options
from speed_bench.results import Figures, Row, row
from speed_bench.settings import Job, corpus_folder
from speed_bench.translators import FOLDER, Side, attnmt_side

TITLES = {
    "seconds": "s",
    "processor_seconds": "processor s",
    "sentences_per_second": "sentences/s",
    "megabytes": "MB",
}


class Growth(NamedTuple):
    """What the time and the memory of a translation grow with."""

    beam: int = 5
    lines: int = 1000
    cores: int = 2


GROWTHS = (
    Growth(),
    *(Growth(beam=n) for n in (1, 2, 10)),
    *(Growth(lines=n) for n in (1, 100, 3000)),
    Growth(cores=1),
)


def measure(options: Options) -> list[Row]:
    """The first engine asked for, change by change, several rounds of all."""
    side = attnmt_side(options.engines[0], options.run)
    taken: dict[Growth, list[Figures]] = {growth: [] for growth in GROWTHS}
    for number in range(1, options.rounds + 1):
        for growth, figures in taken.items():
            print(f"growth {_name(growth)}: round {number}", file=sys.stderr)
            figures.append(_figures(side, growth))
    return [row("growth", _name(g), "attnmt", rounds) for g, rounds in taken.items()]


def _name(growth: Growth) -> str:
    return ", ".join(f"{name} {n:,}" for name, n in growth._asdict().items())


def _figures(side: Side, growth: Growth) -> Figures:
    job = Job(FOLDER / "text", FOLDER / "output", growth.beam, batch=64)
    texts = read_lines(corpus_folder() / "test_2016_flickr.en")
    write_lines(job.text, islice(cycle(texts), growth.lines))
    job.output.unlink(missing_ok=True)
    on_cores = ["taskset", "--cpu-list", f"0-{growth.cores - 1}", *side.command(job)]
    ended = run_command(on_cores, environment(), FOLDER / "growth.log")
    return {
        "seconds": ended.seconds,
        "processor_seconds": ended.cpu_seconds,
        "sentences_per_second": growth.lines / ended.seconds,
        "megabytes": ended.megabytes,
    }
