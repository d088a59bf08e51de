"""A training that is killed again and again, beside one that is left alone.

Python and TensorFlow are imported once; every life of a training is a fork that runs
`attnmt train` to its end or to its SIGKILL.
"""

import os
import random
import signal
import sys
import time
from pathlib import Path
from typing import NamedTuple

from attnmt import checkpoint, devices

NOUNS = {"dog": "Hund", "man": "Mann", "boat": "Kahn", "ship": "Bug", "cat": "Kater"}
VERBS = {"sees": "sieht", "likes": "mag", "greets": "grüßt"}
PAIRS = [
    (f"the {a} {verb} the {b}", f"der {NOUNS[a]} {VERBS[verb]} den {NOUNS[b]}")
    for a in NOUNS
    for verb in VERBS
    for b in NOUNS
]
CONFIG = """\
run_dir: {run}
data:
  source_lang: en
  target_lang: de
  train: [{{source: {folder}/en, target: {folder}/de}}]
  valid: {{source: {folder}/valid.en, target: {folder}/valid.de}}
tokenizer: {{vocab_size: 320}}
model:
  embeddings: {{size: 5}}
  encoder: {{cell: gru, units: 4}}
  decoder: {{cell: gru, units: 7}}
  attention: {{units: 6}}
  dropout: {{embedding: 0.2, recurrent: 0.2, output: 0.2, word: 0.1}}
training:
  learning_rate: 0.05
  schedule: {{type: plateau, patience: 0}}
  batch_tokens: 60
  accumulate: 2
  max_epochs: 2
  report_every: 1
  save_every: 2
validation: {{every: 5 steps, metrics: [loss], samples: 0}}
runtime: {{device: cpu}}
"""
FILES = (checkpoint.WEIGHTS, checkpoint.OPTIMIZER)


class Kills(NamedTuple):
    """What became of the trainings that were killed."""

    kills: int
    trainings: int  # that came to their end
    equal: int  # of these, with the weights and optimizer of the uninterrupted one
    in_a_save: int  # kills that left a half-written or half-removed checkpoint
    lost: int  # acknowledged checkpoints that were not there after a kill
    failed: int  # restarts that ended by themselves, in an error

    @property
    def fine(self) -> bool:
        return self.equal == self.trainings and not self.lost and not self.failed

    def __str__(self) -> str:
        return (
            f"kills: {self.kills} SIGKILLs ({self.in_a_save} in the middle of a save "
            f"or a removal); {self.trainings} trainings came to their end, "
            f"{self.equal} of them with the bytes of the uninterrupted one; "
            f"{self.lost} acknowledged checkpoints lost, {self.failed} restarts failed"
        )


def kill_often(
    work: Path, kills: int, minutes: float, draw: random.Random, eager: bool
) -> tuple[Path, Kills]:
    """Kill so many times, in as many trainings as that takes.

    Also the folder of the training that was left alone.
    """
    _write_text(work)
    devices.load_tensorflow()
    import attnmt.cli.train
    import attnmt.training.session  # noqa: F401

    whole = work / "whole"
    assert _wait(_start(work, whole, eager)) == 0, (work / "log").read_text("utf-8")
    until = time.monotonic() + 60 * minutes
    done = trainings = equal = halves = lost = failed = number = 0
    while done < kills and time.monotonic() < until:
        run, code = work / f"killed{number}", -signal.SIGKILL
        number += 1
        while code == -signal.SIGKILL:
            before = _steps(run)
            child = _start(work, run, eager)
            if done < kills and time.monotonic() < until:
                code = _kill(child, run, before, draw)
            else:
                code = _wait(child)
            if code == -signal.SIGKILL:
                done += 1
                halves += any((run / "checkpoints").glob(".*"))
                lost += _lost(run)
        failed += code != 0
        trainings += code == 0
        equal += code == 0 and _last(run) == _last(whole)
        print(f"{done} kills, {trainings} trainings", file=sys.stderr, flush=True)
    return whole, Kills(done, trainings, equal, halves, lost, failed)


def _write_text(work: Path) -> None:
    for side, lang in enumerate(("en", "de")):
        lines = [f"{pair[side]}\n" for pair in PAIRS]
        (work / lang).write_text("".join(lines), "utf-8")
        (work / f"valid.{lang}").write_text("".join(lines[:7]), "utf-8")


def _start(work: Path, run: Path, eager: bool) -> int:
    """Begin or go on with a training; return the number of its process."""
    config = work / f"{run.name}.yaml"
    config.write_text(CONFIG.format(run=run, folder=work), "utf-8")
    if child := os.fork():
        return child
    log = os.open(work / "log", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    os.dup2(log, 2)
    code = 1
    try:
        import tensorflow as tf

        from attnmt.cli import main

        tf.config.run_functions_eagerly(eager)
        sys.argv = ["attnmt", "train", str(config)]
        main()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(bool(end.code))
    finally:
        os._exit(code)


def _kill(child: int, run: Path, before: int, draw: random.Random) -> int:
    """Kill it after a few steps and a random while, if it has not ended by then."""
    wanted = before + draw.randrange(0, 6)
    while _steps(run) < wanted:
        if (code := _ended(child)) is not None:
            return code
        time.sleep(0.002)
    time.sleep(draw.random() ** 2 * 0.5)
    if (code := _ended(child)) is not None:
        return code
    os.kill(child, signal.SIGKILL)
    return _wait(child)


def _ended(child: int) -> int | None:
    found, status = os.waitpid(child, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if found else None


def _wait(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _steps(run: Path) -> int:
    try:
        return (run / "metrics.jsonl").read_bytes().count(b'"train"')
    except OSError:
        return 0


def _lost(run: Path) -> bool:
    """Whether a checkpoint that was told as the last one is no longer there."""
    try:
        told = run / "checkpoints" / (run / "last").read_text("utf-8").strip()
    except OSError:  # none has been told yet
        return False
    try:
        checkpoint.load_state(told)
    except checkpoint.DataError:  # unless a newer one has taken its place
        whole = [
            path for path in checkpoint.all_in(told.parent) if path.name > told.name
        ]
        return not whole
    return False


def _last(run: Path) -> list[bytes]:
    folder = run / "checkpoints" / (run / "last").read_text("utf-8").strip()
    return [(folder / name).read_bytes() for name in FILES]
