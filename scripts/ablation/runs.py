"""A row's training and its score, by attnmt commands of their own."""

import json
import os
import sys
from pathlib import Path
from typing import Any, NamedTuple

from speed_bench.commands import run_command

from attnmt.config.loading import load_config

from .rows import ROWS, Row

NAME = "ablation"  # of the evaluations in the run folders


class Runs(NamedTuple):
    """The run folders of the rows, what all of them have in common."""

    config: str
    settings: tuple[str, ...]
    out: Path

    def train(self, row: Row) -> None:
        """Train a row's model; what is finished is left as it is."""
        run = self.out / row.name
        words = [*self.settings, *row.settings, f"run_dir={run}"]
        options = [word for setting in words for word in ("--set", setting)]
        self._attnmt(row, "train", self.config, *options)

    def score(self, row: Row) -> dict[str, Any]:
        """BLEU and chrF of the validation text, beside those of the first row."""
        run, first = self.out / row.name, self.out / ROWS[0].name
        valid = load_config(run / "config.yaml").data.valid
        assert valid is not None
        options = ["--source", valid.source, "--reference", valid.target]
        options += ["--metrics", "bleu,chrf", "--bootstrap", 1000, "--name", NAME]
        if row.name != first.name:
            options += ["--baseline", first]
        self._attnmt(row, "eval", "--run", run, *options)
        scores = json.loads((run / "eval" / NAME / "scores.json").read_bytes())
        log = (self.out / f"{row.name}.train.log").read_text("utf-8")
        *_, line = [line for line in log.splitlines() if line.startswith("model: ")]
        parameters = int(line.split()[1].replace(",", ""))
        return {"parameters": parameters, "metrics": scores["metrics"]}

    def _attnmt(self, row: Row, command: str, *arguments: object) -> None:
        words = [sys.executable, "-m", "attnmt", command, *map(str, arguments)]
        log = self.out / f"{row.name}.{command}.log"
        run_command(words, os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}, log)
