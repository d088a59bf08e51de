"""Translation: whole commands, all forced to the same output lengths.

Every side translates a file of one line and one of many; the difference of the two is
its time without start-up.
"""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from attnmt.text.lines import read_lines, write_lines
from speed_bench.commands import run_command
from speed_bench.environments import CACHE, environment, peer_python
from speed_bench.forced_run import forced_pieces, make_forced_run
from speed_bench.options import Options
from speed_bench.protocol import Failed
from speed_bench.results import Figures, Row, row, with_ratios
from speed_bench.settings import FORCED_LENGTH, corpus_folder
from speed_bench.toolkits import SAVED, TOOLKITS

LINES = {1: 100, 64: 1000}  # by batch size
BEAMS = (1, 5)
FOLDER = CACHE / "translation"
TITLES = {
    "sentences_per_second": "sentences/s",
    "tokens_per_second": "tokens/s",
    "to torch": "to torch",
    "with_start": "sentences/s with start",
    "first_line": "s to first line",
    "megabytes": "MB",
    "same_lines": "lines as the first side's",
}


class Job(NamedTuple):
    """A file to translate, and how."""

    text: Path
    output: Path
    beam: int
    batch: int


class Side(NamedTuple):
    """How a side does a job, and how many pieces it makes of lines."""

    command: Callable[[Job], list[str]]
    pieces: Callable[[list[str]], int]
    weights: str  # sides of the same weights translate alike


def measure(options: Options) -> list[Row]:
    """Greedy and beam 5, batches of 1 and of 64."""
    sides, rows = _sides(options)
    texts = list(read_lines(corpus_folder() / "test_2016_flickr.en"))
    for beam in BEAMS:
        for batch, count in LINES.items():
            job = Job(FOLDER / "text", FOLDER / "output", beam, batch)
            rows += _measure_case(sides, texts[:count], job, options.rounds)
    return with_ratios(rows, "sentences_per_second")


def _sides(options: Options) -> tuple[dict[str, Side], list[Row]]:
    """The sides, and rows for those that there are not."""
    makers: dict[str, Callable[[], Side]] = {
        f"attnmt {engine}": lambda engine=engine: _attnmt(engine, options.run)
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


def _attnmt(engine: str, original: Path | None) -> Side:
    run = make_forced_run(original, FOLDER / engine)
    attnmt, chosen = [sys.executable, "-m", "attnmt"], []
    if engine != "tensorflow":
        export = [*attnmt, "export", "--run", str(run), "--format", engine]
        run_command(export, environment(), FOLDER / f"{engine}.export.log")
        chosen = ["--engine", engine]

    def command(job: Job) -> list[str]:
        files = [str(job.text), "--output", str(job.output), "--run", str(run)]
        how = ["--beam", str(job.beam), "--batch-size", str(job.batch)]
        return [*attnmt, "translate", *files, *how, *chosen]

    return Side(command, lambda lines: forced_pieces(run, lines), "attnmt")


def _torch(original: Path | None) -> Side:
    run = make_forced_run(original, FOLDER / "torch")
    begin = [peer_python("torch"), "-m", "speed_bench.torch_translate"]
    return Side(
        lambda job: [*begin, str(run / "torch.json"), *map(str, job)],
        lambda lines: forced_pieces(run, lines),
        "attnmt",
    )


def _toolkit(name: str) -> Side:
    python, folder, toolkit = peer_python(name), FOLDER / name, TOOLKITS[name]
    command = toolkit.training.command(python, folder, SAVED)
    run_command(command, environment(), FOLDER / f"{name}.train.log")
    return Side(
        lambda job: toolkit.translate(python, folder, *job),
        lambda lines: FORCED_LENGTH * len(lines),
        name,
    )


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
                found = _translations(job.output, len(lines))
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
        ended.append(run_command(side.command(job), environment(), log))
    one, many = ended
    seconds, rest = many.seconds - one.seconds, lines[1:]
    return {
        "sentences_per_second": len(rest) / seconds,
        "tokens_per_second": side.pieces(rest) / seconds,
        "with_start": len(lines) / many.seconds,
        "first_line": one.seconds,
        "megabytes": many.megabytes,
    }


def _translations(output: Path, expected: int) -> list[str]:
    found = list(read_lines(output))
    if len(found) != expected:
        raise Failed(f"{expected} lines gave {len(found)} translations")
    return found
