"""Train every attention mechanism under one budget and compare them.

Tasks: copy, reversal and lexicon (made here, their word links are known), the sample
corpus, spelling to phones, Multi30k. What is finished is kept in DIR; the same command
again does what is missing. Corpora that are not part of attnmt are looked for in
$ATTNMT_CORPORA; a task whose corpus is missing is left out.
"""

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .cells import Cell, Failed
from .collect import SPEED, collect, measured_speed, read
from .mechanisms import MECHANISMS
from .page import write_study
from .table import OVERVIEW, Results, table
from .tasks import TASKS, Absent, Task, prepare_task

PARTS = [*TASKS, SPEED]


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line, run the missing cells, write tables and pictures."""
    options = _parser().parse_args(arguments)
    out = options.out.absolute()
    known: Results = read(options.known) if options.known else {}
    cells = [
        Cell(task, mechanism, out / task.name / mechanism)
        for task in _prepared(options.only, out / "text")
        for mechanism in options.mechanisms
    ]
    missing = [
        cell
        for cell in cells
        if cell.mechanism not in known.get(cell.task.name, {})
        and cell.finished() is None
    ]
    _say(f"{len(cells) - len(missing)} cells are finished, {len(missing)} to do")
    with ThreadPoolExecutor(options.jobs) as pool:
        done = list(pool.map(_done, missing))
    if SPEED in options.only:  # alone: beside a training it would mean nothing
        measured_speed(options.mechanisms, out, known.get(SPEED, {}))
    if not (results := collect(out, known)):
        return 1
    names = [name for name in MECHANISMS if any(name in r for r in results.values())]
    write_study(results, names, out)
    _say(f"written: {out}/attention_study.md")
    print(table(results, OVERVIEW, names))
    return 0 if all(done) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "compare_attention",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--only",
        type=_names(PARTS),
        default=PARTS,
        metavar="TASKS",
        help=f"some of {', '.join(PARTS)}",
    )
    parser.add_argument(
        "--mechanisms",
        type=_names(MECHANISMS),
        default=list(MECHANISMS),
        metavar="NAMES",
        help=f"some of {', '.join(MECHANISMS)}",
    )
    parser.add_argument(
        "--out", type=Path, default=Path("runs/attention"), metavar="DIR"
    )
    parser.add_argument(
        "--from",
        dest="known",
        type=Path,
        metavar="FILE",
        help="attention_study.json of an earlier study; what it has is not done again",
    )
    parser.add_argument(
        "--jobs", type=int, default=os.cpu_count(), help="trainings side by side"
    )
    return parser


def _names(known: Iterable[str]) -> Callable[[str], list[str]]:
    def parse(text: str) -> list[str]:
        names = text.split(",")
        for name in names:
            if name not in known:
                raise argparse.ArgumentTypeError(
                    f"expected some of {', '.join(known)}, found {name!r}"
                )
        return names

    return parse


def _prepared(names: list[str], texts: Path) -> list[Task]:
    tasks = []
    for name in names:
        if name not in TASKS:
            continue
        try:
            tasks.append(prepare_task(name, texts))
        except Absent as reason:
            _say(f"{name} is left out: {reason}")
    return tasks


def _done(cell: Cell) -> bool:
    name = f"{cell.task.name} {cell.mechanism}"
    try:
        result = cell.run()
    except Failed as reason:
        _say(f"{name}: {reason}")
        return False
    figures = (f"{key} {value:.4g}" for key, value in result.items())
    _say(f"{name}: {', '.join(figures)}")
    return True


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
