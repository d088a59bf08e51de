"""Translation: whole commands, all forced to the same output lengths.

Every side translates a file of one line and one of many; the difference of the two is
its time without start-up.
"""

import sys
from collections.abc import Mapping
from pathlib import Path

from attnmt.text.lines import read_lines, write_lines
from speed_bench.commands import run_command
from speed_bench.environments import environment
from speed_bench.options import Options
from speed_bench.protocol import Failed
from speed_bench.results import Figures, Row, row, with_ratios
from speed_bench.settings import Job, corpus_folder
from speed_bench.translators import FOLDER, Side, make_sides

LINES = {1: 100, 64: 1000}  # by batch size
BEAMS = (1, 5)
TITLES = {
    "sentences_per_second": "sentences/s",
    "tokens_per_second": "tokens/s",
    "to torch": "to torch",
    "with_start": "sentences/s with start",
    "first_line": "s to first line",
    "megabytes": "MB",
    "same_lines": "lines as the first side's",
}


def measure(options: Options) -> list[Row]:
    """Greedy and beam 5, batches of 1 and of 64."""
    sides, rows = make_sides(options)
    texts = list(read_lines(corpus_folder() / "test_2016_flickr.en"))
    for beam in BEAMS:
        for batch, count in LINES.items():
            job = Job(FOLDER / "text", FOLDER / "output", beam, batch)
            rows += _measure_case(sides, texts[:count], job, options.rounds)
    return with_ratios(rows, "sentences_per_second")


def _measure_case(
    sides: Mapping[str, Side], lines: list[str], job: Job, rounds: int
) -> list[Row]:
    """Let the sides take turns; one that fails is out of the rounds that follow."""
    case = f"{'greedy' if job.beam == 1 else f'beam {job.beam}'}, batch {job.batch}"
    taken: dict[str, list[Figures]] = {name: [] for name in sides}
    reasons: dict[str, str] = {}
    for number in range(1, rounds + 1):
        print(f"translation {case}: round {number}", file=sys.stderr)
        first: dict[str, list[str]] = {}  # translations, by weights
        for name in [name for name in sides if name not in reasons]:
            log = FOLDER / f"{name}.log"
            try:
                figures = _figures(sides[name], lines, job, log)
                found = translations_of(job.output, len(lines))
            except Failed as reason:
                reasons[name] = str(reason)
                continue
            others = first.setdefault(sides[name].weights, found)
            same = sum(a == b for a, b in zip(found, others, strict=True))
            taken[name].append(figures | {"same_lines": same / len(lines)})
    return [
        row("translation", case, name, figures)._replace(reason=reasons.get(name, ""))
        for name, figures in taken.items()
    ]


def _figures(side: Side, lines: list[str], job: Job, log: Path) -> Figures:
    ended = []
    for part in (lines[:1], lines):
        write_lines(job.text, part)
        job.output.unlink(missing_ok=True)
        ended.append(run_command(side.command(job), environment(), log))
    one, many = ended
    seconds, rest = many.seconds - one.seconds, lines[1:]
    return {
        "sentences_per_second": len(rest) / seconds,
        "tokens_per_second": side.pieces(rest, job.output) / seconds,
        "with_start": len(lines) / many.seconds,
        "first_line": one.seconds,
        "megabytes": many.megabytes,
    }


def translations_of(output: Path, expected: int) -> list[str]:
    """The lines of a translation; raises Failed unless there are so many."""
    found = list(read_lines(output))
    if len(found) != expected:
        raise Failed(f"{expected} lines gave {len(found)} translations")
    return found
