"""What the installed command does when something goes wrong while it trains."""

import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
Command = Callable[..., subprocess.CompletedProcess[str]]
# `attnmt train`, but for updates of which this makes something else.
SPOILT = """
import itertools, sys
import tensorflow as tf
from attnmt.cli import main
from attnmt.training.step import Trainer
update, calls = Trainer.update, itertools.count(1)
def spoilt(self, batches, *arguments):
    call = next(calls)
    {fault}
    return update(self, batches, *arguments)
Trainer.update = spoilt
sys.argv = ["attnmt", *sys.argv[1:]]
main()
"""
NAN = """totals, norm = update(self, batches, *arguments)
    if {when}: return totals, norm * float("nan")
    return totals, norm"""
MEMORY = """if max(len(batch.source) for batch in batches) > 20:
        raise tf.errors.ResourceExhaustedError(None, None, "out of memory")"""
SHORT = ("--set", "training.max_steps=12", "--set", "training.save_every=4")
FEW = ("--set", "validation={metrics: [loss], samples: 0}")


def spoilt(folder: Path, fault: str, *steps: str) -> subprocess.CompletedProcess[str]:
    program = SPOILT.format(fault=fault)
    return subprocess.run(
        [
            sys.executable,
            "-c",
            program,
            "train",
            "config.yaml",
            *FEW,
            *(steps or SHORT),
        ],
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
    )


@pytest.fixture
def folder(trained: Path, tmp_path: Path) -> Path:
    config = (trained / "config.yaml").read_text("utf-8")
    (tmp_path / "config.yaml").write_text(config, "utf-8")
    return tmp_path


def test_a_few_updates_that_are_no_numbers_are_skipped(folder: Path) -> None:
    done = spoilt(folder, NAN.format(when="call in (6, 7)"))
    assert done.returncode == 0, done.stderr
    assert done.stderr.count(" is skipped: the loss is ") == 2
    assert (folder / "runs/tiny/best").exists()


def test_a_training_that_diverges_again_and_again_ends_with_4(folder: Path) -> None:
    longer = ("--set", "training.max_steps=30", "--set", "training.save_every=6")
    done = spoilt(folder, NAN.format(when="call > 6"), *longer)
    assert done.returncode == 4, done.stderr
    assert done.stderr.count("\nback to step 6, learning rate times ") == 3
    assert "Traceback" not in done.stderr
    lines = (folder / "runs/tiny/diverged.tsv").read_text("utf-8").split("\n")
    assert all(line.count("\t") == 1 for line in lines[:-1])


def test_too_little_memory_makes_smaller_parts(folder: Path) -> None:
    done = spoilt(folder, MEMORY)
    assert done.returncode == 0, done.stderr
    assert "out of memory: from here on every batch is computed in " in done.stderr


def test_a_full_disk_leaves_the_older_checkpoint_and_is_told_once(
    folder: Path, command: list[str], environment: dict[str, str]
) -> None:
    def train(*limits: int) -> subprocess.CompletedProcess[str]:
        def limit() -> None:
            for size in limits:
                resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

        return subprocess.run(
            [*command, "train", "config.yaml", *FEW, "--set", *steps],
            preexec_fn=limit,
            cwd=folder,
            env=environment,
            capture_output=True,
            encoding="utf-8",
        )

    steps = ["training.max_steps=2"]
    assert train().returncode == 0
    steps = ["training.max_steps=6", "--set", "training.save_every=1"]
    done = train(90_000)  # bytes, and a checkpoint has more
    assert done.returncode == 3, done.stderr
    assert done.stderr.count("cannot be written: File too large") == 1
    assert "step 6 could not be saved" in done.stderr
    assert "Traceback" not in done.stderr
    assert os.listdir(folder / "runs/tiny/checkpoints") == ["000000002"]
    done = train()
    assert done.returncode == 0 and "resumed from step 2 " in done.stderr


def test_one_training_at_a_time_works_in_a_run_folder(
    folder: Path, attnmt: Command, command: list[str], environment: dict[str, str]
) -> None:
    first = subprocess.Popen(
        [*command, "train", "config.yaml"],
        cwd=folder,
        env=environment,
        stderr=subprocess.DEVNULL,
    )
    try:
        while not (folder / "runs/tiny/metrics.jsonl").exists():
            assert first.poll() is None
            time.sleep(0.05)
        second = attnmt("train", "config.yaml", cwd=folder)
        assert second.returncode == 2
        assert "another attnmt train is at work in this run folder" in second.stderr
    finally:
        first.kill()
        first.wait()
    third = attnmt("train", "config.yaml", *SHORT, *FEW, cwd=folder)  # the lock is gone
    assert third.returncode == 0, third.stderr
