"""Nothing is asked of the network unless a configuration names a TFDS corpus."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
WATCH = """\
import sys
from pathlib import Path

def watch(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        with open(Path(__file__).with_name("asked"), "a") as file:
            print(event, *arguments, file=file)
        raise OSError("no network")

sys.addaudithook(watch)
"""


@pytest.fixture
def watched(tmp_path: Path) -> dict[str, str]:
    """An environment in which every Python tells in the file `asked` what it asks."""
    (tmp_path / "watch").mkdir()
    (tmp_path / "watch/sitecustomize.py").write_text(WATCH, "utf-8")
    paths = [str(tmp_path / "watch"), os.environ.get("PYTHONPATH", "")]
    return {"PYTHONPATH": os.pathsep.join(filter(None, paths))}


def test_the_watch_sees_who_asks(tmp_path: Path, watched: dict[str, str]) -> None:
    code = "import socket; socket.create_connection(('127.0.0.1', 9))"
    environment = {**os.environ, **watched}
    done = subprocess.run([sys.executable, "-c", code], env=environment, check=False)
    assert done.returncode == 1
    assert "socket.getaddrinfo 127.0.0.1" in (tmp_path / "watch/asked").read_text()


def test_nothing_is_asked_in_training_translating_and_evaluating(
    trained: Path, attnmt, tmp_path: Path, watched: dict[str, str]
) -> None:
    config = (trained / "config.yaml").read_text("utf-8")
    (tmp_path / "config.yaml").write_text(config, "utf-8")
    (tmp_path / "text").write_text("My aunts go to the town hall.\n", "utf-8")
    short = ("--set", "training.max_steps=3")
    for command in (
        ("train", "config.yaml", *short),
        ("translate", "text", "--attention", "dump", "-o", "out"),
        ("eval",),
        ("attention", "view", "dump", "-o", "page.html"),
    ):
        done = attnmt(*command, cwd=tmp_path, env=watched)
        assert done.returncode == 0, done.stderr
    assert not (tmp_path / "watch/asked").exists()
