"""Quality after minutes: trainings are stopped, what they saved translates.

attnmt has a configuration that is made for it, the toolkits the same units and batches
and the pieces that attnmt has learnt in its own time.
"""

import shutil
import sys
from pathlib import Path

import sacrebleu

from attnmt.config.loading import load_config
from attnmt.text.lines import read_lines, write_lines
from speed_bench import onmt_toolkit
from speed_bench.commands import Printed, run_command
from speed_bench.environments import CACHE, ROOT, environment, peer_python
from speed_bench.options import Options
from speed_bench.pieces import joined
from speed_bench.protocol import Failed
from speed_bench.results import Figures, Row, row
from speed_bench.settings import Job, Shape, corpus_folder
from speed_bench.toolkits import ENDLESS, TOOLKITS
from speed_bench.translation import translations_of

FOLDER = CACHE / "quality"
CONFIG = ROOT / "configs" / "multi30k_ten_minutes.yaml"
BEAM, BATCH = 5, 64
TITLES = {"bleu": "BLEU", "minutes": "minutes", "cores": "cores"}


def measure(options: Options) -> list[Row]:
    """One training a side, one after the other; the validation set is translated."""
    case = f"Multi30k val after {options.minutes:g} minutes"
    rows = []
    for name in ("attnmt", *(name for name in options.peers if name in TOOLKITS)):
        print(f"quality: {name}", file=sys.stderr)
        shutil.rmtree(FOLDER / name, ignore_errors=True)
        try:
            side = _attnmt if name == "attnmt" else _toolkit
            rows.append(row("quality", case, name, [side(name, options.minutes)]))
        except Failed as reason:
            rows.append(Row("quality", case, name, {}, [], str(reason)))
    return rows


def _attnmt(name: str, minutes: float) -> Figures:
    run, output = FOLDER / name / "run", FOLDER / name / "val.de"
    attnmt = [sys.executable, "-m", "attnmt"]
    figures = _train([*attnmt, "train", str(CONFIG), *_set(run)], name, minutes)
    text = str(corpus_folder() / "val.en")
    translate = [*attnmt, "translate", text, "--run", str(run), "--output", str(output)]
    run_command(translate, environment(), FOLDER / f"{name}.translate.log")
    return figures | {"bleu": _bleu(output)}


def _set(run: Path) -> list[str]:
    # It is stopped by force, as the toolkits are: it saves as often as OpenNMT-py.
    training = {"report_every": 5, "save_every": onmt_toolkit.SAVED_EVERY}
    changes = [f"run_dir={run}", *(f"training.{k}={n}" for k, n in training.items())]
    return [word for change in changes for word in ("--set", change)]


def _toolkit(name: str, minutes: float) -> Figures:
    learnt = FOLDER / "attnmt" / "run" / "tokenizer" / "shared.model"
    config = load_config(CONFIG)
    units, batch_tokens = config.model.decoder.units, config.training.batch_tokens
    shape = Shape(learnt, units, batch_tokens, saves=True)
    python, folder, toolkit = peer_python(name), FOLDER / name, TOOLKITS[name]
    command = toolkit.training.command(python, folder, shape, ENDLESS)
    figures = _train(command, name, minutes)
    job = Job(corpus_folder() / "val.en", folder / "translation", BEAM, BATCH)
    translate = toolkit.translate(python, folder, shape, job)
    run_command(translate, environment(), FOLDER / f"{name}.translate.log")
    if toolkit.writes_pieces:
        write_lines(job.output, joined(read_lines(job.output), shape.tokenizer))
    return figures | {"bleu": _bleu(job.output)}


def _train(command: list[str], name: str, minutes: float) -> Figures:
    def over(line: Printed) -> bool:
        return line.seconds > 60 * minutes

    ended = run_command(command, environment(), FOLDER / f"{name}.log", over)
    cores = ended.cpu_seconds / ended.seconds
    return {"minutes": ended.seconds / 60, "cores": cores}


def _bleu(output: Path) -> float:
    references = list(read_lines(corpus_folder() / "val.de"))
    lines = translations_of(output, len(references))
    return sacrebleu.corpus_bleu(lines, [references]).score
