"""Start-up: whole commands that do next to nothing, beside a bare Python."""

import sys
from itertools import islice

from attnmt.text.lines import read_lines, write_lines
from speed_bench.commands import Ended, run_command
from speed_bench.environments import CACHE, environment
from speed_bench.forced_run import make_forced_run
from speed_bench.options import Options
from speed_bench.results import Figures, Row, row
from speed_bench.settings import corpus_folder, tokenizer_model

FOLDER = CACHE / "startup"
TITLES = {"seconds": "s", "cpu_seconds": "processor s", "megabytes": "MB"}


def measure(options: Options) -> list[Row]:
    """Every command once a round, in turn."""
    commands = _commands(options)
    taken: dict[str, list[Figures]] = {name: [] for name in commands}
    for number in range(1, options.rounds + 1):
        print(f"startup: round {number}", file=sys.stderr)
        for name, command in commands.items():
            ended = run_command(command, environment(), FOLDER / "log")
            taken[name].append(_figures(ended))
    return [row("startup", name, "", figures) for name, figures in taken.items()]


def _figures(ended: Ended) -> Figures:
    names = ("seconds", "cpu_seconds", "megabytes")
    return {name: getattr(ended, name) for name in names}


def _commands(options: Options) -> dict[str, list[str]]:
    FOLDER.mkdir(parents=True, exist_ok=True)
    text, output = FOLDER / "text", FOLDER / "output"
    write_lines(text, islice(read_lines(corpus_folder() / "val.de"), 100))
    line = FOLDER / "line"
    write_lines(line, islice(read_lines(corpus_folder() / "val.en"), 1))
    attnmt = [sys.executable, "-m", "attnmt"]
    files = [str(line), "--output", str(output)]
    run = make_forced_run(options.run, FOLDER / "run")
    scored = ["--hypothesis", str(text), "--reference", str(text)]
    pieces = ["--model", str(tokenizer_model()), "--output", str(output)]
    return {
        "python -c pass": [sys.executable, "-c", "pass"],
        "attnmt --help": [*attnmt, "--help"],
        "attnmt eval, two files": [*attnmt, "eval", *scored],
        "attnmt tokenize encode": [*attnmt, "tokenize", "encode", str(text), *pieces],
        "attnmt translate, one line": [*attnmt, "translate", *files, "--run", str(run)],
    }
