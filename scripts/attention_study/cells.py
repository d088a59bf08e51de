"""A cell of the study: one mechanism on one task, by attnmt commands of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

from attnmt.analysis.dump import Dump
from attnmt.evaluation.alignment_error import read_gold
from attnmt.text.lines import read_lines, write_lines

from .measures import entropy, on_gold, token_errors
from .mechanisms import MECHANISMS
from .tasks import Task

RESULT_FILE = "result.json"
Result = dict[str, Any]


class Failed(Exception):
    """A command of a cell failed; the message has its last words."""


class Cell(NamedTuple):
    """Where a mechanism's work on a task is kept."""

    task: Task
    mechanism: str
    folder: Path

    @property
    def result_file(self) -> Path:
        return self.folder / RESULT_FILE

    def finished(self) -> Result | None:
        """The result, if it is there."""
        if not self.result_file.is_file():
            return None
        return json.loads(self.result_file.read_text(encoding="utf-8"))

    def run(self) -> Result:
        """Train, translate, measure; the result is written when all went well."""
        self.folder.mkdir(parents=True, exist_ok=True)
        seconds = self._train()
        result = self._measured() | {
            "parameters": self._parameters(),
            "updates": self._updates(),
            "training_cpu_seconds": seconds,
        }
        write_lines(self.result_file, [json.dumps(result, indent=1)])
        return result

    def _train(self) -> float:
        settings = self.task.settings
        attention = MECHANISMS[self.mechanism]
        config = {
            **settings,
            "run_dir": str(self.folder / "run"),
            "model": {**settings["model"], "attention": attention},
        }
        # JSON is YAML too.
        write_lines(self.folder / "config.yaml", [json.dumps(config, indent=1)])
        return self._attnmt("train", self.folder / "config.yaml")

    def _measured(self) -> Result:
        run, test = self.folder / "run", self.task.settings["data"]["test"]
        hypothesis, dump = self.folder / "hypothesis.txt", self.folder / "attention"
        self._attnmt(
            *("translate", test["source"], "--run", run),
            *("--output", hypothesis, "--attention", dump),
        )
        records = Dump(dump)
        tokens = records[0].align_kind == "token"
        bits, share = entropy(records)
        result: Result = {"entropy_bits": bits, "entropy_share": share}
        if self.task.texts:
            result |= self._scores(hypothesis, test["target"])
        else:
            lines = list(read_lines(hypothesis)), list(read_lines(Path(test["target"])))
            result["exact"], result["token_error_rate"] = token_errors(*lines)
            if self.task.gold and tokens:
                gold = [links.sure for links in read_gold(self.task.gold)]
                result["on_gold"] = on_gold([r.alignment for r in records], gold)
        if self.task.aer and tokens:
            result["aer"] = self._alignment_error()
        return result

    def _scores(self, hypothesis: Path, reference: str) -> Result:
        scores = self._evaluated("--hypothesis", hypothesis, "--reference", reference)
        metrics = scores["metrics"]
        return {"bleu": metrics["BLEU"]["value"], "chrf": metrics["chrF2"]["value"]}

    def _alignment_error(self) -> float:
        """AER of the attention by which the model is made to produce the references."""
        options = ("--run", self.folder / "run", "--beam", 1)
        scores = self._evaluated(*options, "--gold-alignment", self.task.gold)
        return scores["word_alignment"]["aer"]

    def _evaluated(self, *options: object) -> Result:
        output = self.folder / "scores.json"
        self._attnmt("eval", *options, "--metrics", "bleu,chrf", "--output", output)
        return json.loads(output.read_text(encoding="utf-8"))

    def _parameters(self) -> int:
        log = (self.folder / "train.log").read_text(encoding="utf-8")
        [line] = [line for line in log.splitlines() if line.startswith("model: ")]
        return int(line.split()[1].replace(",", ""))

    def _updates(self) -> int:
        log = list(read_lines(self.folder / "run/metrics.jsonl"))
        return max(json.loads(line)["step"] for line in log)

    def _attnmt(self, command: str, *arguments: object) -> float:
        """Run a command of attnmt; returns the seconds of processor time it took."""
        log = self.folder / f"{command}.log"
        words = [sys.executable, "-m", "attnmt", command, *map(str, arguments)]
        environment = os.environ | {"OMP_NUM_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
        with log.open("wb") as output:
            process = subprocess.Popen(
                words, stdout=output, stderr=subprocess.STDOUT, env=environment
            )
            _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            last = log.read_text(encoding="utf-8", errors="replace").splitlines()[-3:]
            raise Failed("\n".join([f"{' '.join(words)}: failed, see {log}", *last]))
        return usage.ru_utime + usage.ru_stime
