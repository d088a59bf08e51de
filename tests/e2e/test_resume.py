"""A training that was killed or interrupted ends as if nothing had happened."""

import json
import random
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

pytestmark = pytest.mark.slow
SETTINGS = (
    *("training.accumulate=2", "training.batch_tokens=500", "training.max_epochs=2"),
    *("training.report_every=1", "training.save_every=4", "training.keep=1"),
    *("validation.every=5 steps", "validation.samples=0"),
    *("validation.metrics=[accuracy]", "validation.early_stopping.metric=accuracy"),
)
# What goes into the state of a training, or into the text of an epoch.
MORE = (
    *("training.average=0.9", "training.weight_decay=0.1", "tokenizer.sampling=0.1"),
    *("model.encoder.layer_norm=true", "model.dropout.variational=true"),
)
COSINE = "training.schedule={type: cosine, warmup_steps: 7}"
# With the learning rate of the test that is too high, so that it is soon cut.
PLATEAU = "training.schedule={type: plateau, patience: 0}"


class Training(NamedTuple):
    """A training in a folder of its own."""

    command: list[str]
    folder: Path
    environment: dict[str, str]

    @property
    def run(self) -> Path:
        return self.folder / "runs/tiny"

    @property
    def log(self) -> str:
        return (self.folder / "stderr").read_text("utf-8")

    def start(self) -> subprocess.Popen[bytes]:
        with (self.folder / "stderr").open("a") as log:
            return subprocess.Popen(
                self.command, cwd=self.folder, env=self.environment, stderr=log
            )

    def stop(self, number: signal.Signals, step: int, wait: float = 0.0) -> int:
        """Send the signal `wait` seconds after `step`; return the exit code."""
        with self.start() as process:
            while process.poll() is None and self.step() < step:
                time.sleep(0.002)
            time.sleep(wait)
            process.send_signal(number)
        return process.returncode

    def finish(self) -> None:
        with self.start() as process:
            pass
        assert process.returncode == 0, self.log

    def step(self) -> int:
        """The newest step in metrics.jsonl."""
        try:
            lines = (self.run / "metrics.jsonl").read_text("utf-8").split("\n")
            return json.loads(lines[-2])["step"]
        except (OSError, IndexError, ValueError):  # not there, or being written
            return 0

    def journal(self) -> list[dict]:
        """What metrics.jsonl tells, but for the times."""
        lines = (self.run / "metrics.jsonl").read_text("utf-8").split("\n")[:-1]
        timed = {"seconds", "tokens_per_second"}
        entries = [json.loads(line) for line in lines]
        return [{k: e[k] for k in e.keys() - timed} for e in entries]

    def file(self, name: str) -> bytes:
        """A file of the last checkpoint."""
        last = (self.run / "last").read_text("utf-8").strip()
        return (self.run / "checkpoints" / last / name).read_bytes()

    def state(self) -> dict:
        state = json.loads(self.file("state.json"))
        return {key: state[key] for key in state.keys() - {"seconds", "seal"}}


@pytest.fixture
def training(
    trained: Path, tmp_path: Path, command: list[str], environment: dict[str, str]
) -> Callable[..., Training]:
    """A function that prepares a training with these settings."""

    def prepare(name: str, *settings: str) -> Training:
        folder = tmp_path / name
        folder.mkdir()
        config = (trained / "config.yaml").read_text("utf-8")
        (folder / "config.yaml").write_text(config, "utf-8")
        options = [x for setting in SETTINGS + settings for x in ("--set", setting)]
        return Training(
            [*command, "train", "config.yaml", *options], folder, environment
        )

    return prepare


def assert_same_end(found: Training, expected: Training) -> None:
    for name in ("weights.safetensors", "optimizer.safetensors"):
        assert found.file(name) == expected.file(name), name
    assert found.state() == expected.state()
    assert found.state()["finished"]
    for pointer in ("best", "last"):
        names = {(x.run / pointer).read_text("utf-8") for x in (found, expected)}
        assert len(names) == 1
    checkpoints = [
        {p.name for p in (x.run / "checkpoints").iterdir()} for x in (found, expected)
    ]
    assert checkpoints[0] == checkpoints[1]


def test_a_killed_training_ends_with_the_weights_of_an_uninterrupted_one(
    training: Callable[..., Training],
) -> None:
    whole = training("whole", COSINE, *MORE)
    whole.finish()
    steps = whole.state()["step"]
    seed = random.randrange(10**6)
    draw = random.Random(seed)
    killed = training("killed", COSINE, *MORE)
    for half in range(2):
        step = draw.randrange(half * steps // 2 + 2, (half + 1) * steps // 2)
        code = killed.stop(signal.SIGKILL, step, draw.uniform(0.0, 0.05))
        assert code == -signal.SIGKILL, (seed, killed.log)
    killed.finish()
    assert "resumed from step" in killed.log, seed
    assert_same_end(killed, whole)
    assert killed.journal() == whole.journal(), seed


def test_an_interrupted_training_says_so_saves_and_ends_the_same(
    training: Callable[..., Training],
) -> None:
    settings = (PLATEAU, "training.learning_rate=0.1")
    whole = training("whole", *settings)
    whole.finish()
    steps = whole.state()["step"]
    interrupted = training("interrupted", *settings)
    for number, step in ((signal.SIGINT, steps // 3), (signal.SIGTERM, steps * 2 // 3)):
        assert interrupted.stop(number, step) == 128 + number
        reached = interrupted.state()["step"]
        last_lines = f"\ninterrupted: step {reached} is saved; the same command "
        assert last_lines in interrupted.log
        assert "Traceback" not in interrupted.log
        assert step <= reached < steps
    assert 0 < interrupted.state()["rate_scale"] < 1
    interrupted.finish()
    assert_same_end(interrupted, whole)
