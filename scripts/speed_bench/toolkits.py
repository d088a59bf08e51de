"""The toolkits, and attnmt among them: how they train, what their logs tell."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from speed_bench import joeynmt_toolkit, marian_toolkit, onmt_toolkit
from speed_bench.settings import FORCED_LENGTH, Job, Shape, multi30k, write_config

STYLE = "luong+feeding"
ENDLESS = 100_000  # updates: the command is stopped when it has told enough
SAVED = 2  # updates of a model whose translations have forced lengths


class Training(NamedTuple):
    """Training as a whole command."""

    # interpreter, folder for all that it writes, shape, updates -> words
    command: Callable[[str, Path, Shape, int], list[str]]
    report: re.Pattern[str]  # in its log: target tokens a second

    def rate(self, line: str) -> float | None:
        """The target tokens a second that a line of the log tells, if any."""
        found = self.report.search(line)
        return float(found[1].replace(",", "")) if found else None


class Toolkit(NamedTuple):
    """What a toolkit does."""

    training: Training
    # interpreter, folder of the training, shape, job -> words
    translate: Callable[[str, Path, Shape, Job], list[str]]
    writes_pieces: bool = False  # with blanks between them, instead of text
    # what it has written, its length forced -> target pieces
    pieces: Callable[[list[str]], int] = lambda lines: FORCED_LENGTH * len(lines)


def train_attnmt(python: str, folder: Path, shape: Shape, updates: int) -> list[str]:
    """`attnmt train`, with the tokenizer of all sides."""
    settings = multi30k(STYLE)
    settings["run_dir"] = str(folder / "run")
    settings["tokenizer"]["source_model"] = str(shape.tokenizer)
    settings["training"] |= {"report_every": 5, "max_steps": updates}
    config = write_config(settings, folder / "config.yaml")
    return [python, "-m", "attnmt", "train", str(config), "--resume", "never"]


ATTNMT = Training(train_attnmt, re.compile(r"step \d+: .* ([\d,]+) tokens/s"))
TOOLKITS = {
    "onmt": Toolkit(
        Training(onmt_toolkit.train, re.compile(r"/ *(\d+) tok/s")),
        onmt_toolkit.translate,
        writes_pieces=True,
    ),
    "joeynmt": Toolkit(
        Training(joeynmt_toolkit.train, re.compile(r"Tokens per Sec: +(\d+)")),
        joeynmt_toolkit.translate,
    ),
    "marian": Toolkit(
        Training(marian_toolkit.train, re.compile(r"Up\. \d+ .* : ([\d.]+) words/s")),
        marian_toolkit.translate,
        writes_pieces=True,
        pieces=marian_toolkit.pieces_of,
    ),
}
