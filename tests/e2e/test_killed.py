"""Killed and resumed, translate and score write what they write in one go."""

import random
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
Command = Callable[..., subprocess.CompletedProcess[str]]
DATA = Path(__file__).parents[2] / "data"
LINES = 200
TOGETHER = ("--batch-size", "2", "--attention", "dump", "-o", "out", "--align")
COMMANDS = {
    "translate": ("in.en", "--n-best", "2", "--beam", "2", "--links", "strong"),
    "score": ("in.en", "in.de", "--format", "jsonl", "--attention-dtype", "f4"),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for language in ("en", "de"):
        lines = (DATA / f"train.{language}").read_text("utf-8").split("\n")[:LINES]
        lines[7] = ""
        text = "".join(f"{line}\n" for line in lines)
        (tmp_path / f"in.{language}").write_text(text, "utf-8")
    return tmp_path


def contents(folder: Path) -> dict[str, bytes]:
    """What the command wrote."""
    files = [folder / "out", *(folder / "dump").iterdir()]
    return {file.name: file.read_bytes() for file in files}


def kill_at(process: subprocess.Popen, file: Path, size: int) -> None:
    """Kill a command as soon as it has written that much to a file."""
    while not file.exists() or file.stat().st_size < size:
        assert process.poll() is None, "it ended before it could be killed"
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL


@pytest.mark.parametrize("name", COMMANDS)
def test_a_killed_command_is_resumed_to_the_same_bytes(
    name: str, folder: Path, trained: Path, attnmt, command, environment
) -> None:
    run = ("--run", str(trained / "runs/tiny"))
    arguments = (name, *COMMANDS[name], *TOGETHER, *run)
    done = attnmt(*arguments, cwd=folder)
    assert done.returncode == 0, done.stderr
    whole = contents(folder)
    (folder / "out").unlink()
    (folder / "dump").rename(folder / "whole")

    seed = random.randrange(1000)
    print("seed", seed)  # shown when the test fails
    size = len(whole["records.jsonl"])
    for i in range(2):
        moment = size * (i + random.Random(seed + i).random()) / 2
        options = {"cwd": folder, "env": environment, "stderr": subprocess.DEVNULL}
        process = subprocess.Popen([*command, *arguments, "--resume"], **options)
        kill_at(process, folder / "dump/records.jsonl", int(moment))
        assert not (folder / "out").exists()
    done = attnmt(*arguments, "--resume", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert f"dump: {LINES // 40 * 40} lines" not in done.stderr
    assert contents(folder) == whole

    done = attnmt(*arguments, "--resume", cwd=folder)  # there is nothing left to do
    assert f"dump: {LINES} lines are done already" in done.stderr
    assert contents(folder) == whole


def test_a_killed_translation_is_resumed_from_its_partial_output(
    folder: Path, trained: Path, attnmt, command, environment
) -> None:
    run = ("--run", str(trained / "runs/tiny"), "--beam", "2", "--batch-size", "2")
    arguments = ("translate", "in.en", "-o", "out", "--n-best", "2", *run)
    assert attnmt(*arguments, cwd=folder).returncode == 0
    whole = (folder / "out").read_bytes()
    assert {path.name for path in folder.iterdir()} == {"in.en", "in.de", "out"}
    (folder / "out").unlink()

    options = {"cwd": folder, "env": environment, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen([*command, *arguments], **options)
    kill_at(process, folder / "out.partial", len(whole) // 2)
    assert not (folder / "out").exists()
    half = (folder / "out.partial").read_bytes()
    assert whole.startswith(half) and half != whole

    done = attnmt(*arguments, "--resume", cwd=folder)
    assert done.returncode == 0
    told = int(done.stderr.removeprefix("out: ").split(" lines are done already")[0])
    assert told % 40 == 0 and told > 0
    assert (folder / "out").read_bytes() == whole
    assert not (folder / "out.partial").exists()


def test_there_must_be_something_to_resume_from(folder, trained, attnmt) -> None:
    run = ("--run", trained / "runs/tiny", "--resume")
    alone = attnmt("translate", "in.en", *run, cwd=folder)
    assert alone.returncode == 2 and "expected -o FILE" in alone.stderr
    piped = attnmt("translate", "-", *run, "--attention", "dump", cwd=folder)
    assert piped.returncode == 2 and "expected a file, found -" in piped.stderr
    assert not (folder / "dump").exists()
