"""The installed command, and one tiny model that it has trained."""

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

DATA = Path(__file__).parents[2] / "data"
SCRIPT = Path(sys.executable).with_name("attnmt")
SIZES = {"train": 800, "valid": 20, "test": 12}
CONFIG = """\
run_dir: runs/tiny
data:
  source_lang: en
  target_lang: de
  train: [{{source: {corpus}/train.en, target: {corpus}/train.de}}]
  valid: {{source: {corpus}/valid.en, target: {corpus}/valid.de}}
  test: {{source: {corpus}/test.en, target: {corpus}/test.de}}
tokenizer: {{vocab_size: 400, shared: false}}
model:
  embeddings: {{size: 32}}
  encoder: {{units: 24}}
  decoder: {{units: 40}}
  attention: {{type: additive, units: 28}}
  dropout: {{embedding: 0.1, recurrent: 0.1, output: 0.1, word: 0.05}}
training:
  learning_rate: 1e-2
  batch_tokens: 1000
  max_epochs: 2
  report_every: 5
"""

Done = subprocess.CompletedProcess[str]
Command = Callable[..., Done]


@pytest.fixture(scope="session")
def environment() -> dict[str, str]:
    """What a user's shell has, without a run named in it."""
    return {k: v for k, v in os.environ.items() if k != "ATTNMT_RUN"}


@pytest.fixture(scope="session")
def command() -> list[str]:
    """The installed command, of this very environment."""
    return [str(SCRIPT)] if SCRIPT.exists() else [sys.executable, "-m", "attnmt"]


@pytest.fixture(scope="session")
def attnmt(command: list[str], environment: dict[str, str]) -> Command:
    """A function that runs the installed command and waits for its end."""

    def run(
        *arguments: object, cwd: Path, text: str = "", env: Mapping[str, str] = {}
    ) -> Done:
        return subprocess.run(
            [*command, *map(str, arguments)],
            capture_output=True,
            encoding="utf-8",
            cwd=cwd,
            env={**environment, **env},
            input=text,
        )

    return run


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the workers of pytest-xdist have in common."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def trained(shared: Path, attnmt: Command) -> Path:
    """A folder with corpus, config.yaml, runs/tiny and what the training printed.

    All tests read it, none writes into it.
    """
    folder = shared / "trained"
    with open(shared / "trained.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "stderr").exists():
            _write_corpus(folder / "corpus")
            config = CONFIG.format(corpus=folder / "corpus")
            (folder / "config.yaml").write_text(config, "utf-8")
            done = attnmt("train", "config.yaml", cwd=folder)
            (folder / "stdout").write_text(done.stdout, "utf-8")
            (folder / "stderr").write_text(done.stderr, "utf-8")
    assert (folder / "runs/tiny/last").exists(), (folder / "stderr").read_text("utf-8")
    return folder


@pytest.fixture
def work(trained: Path, tmp_path: Path) -> Path:
    """A copy of that folder, to work in; the corpus stays where it is."""
    folder = tmp_path / "work"
    shutil.copytree(trained, folder, ignore=shutil.ignore_patterns("corpus"))
    return folder


def _write_corpus(folder: Path) -> None:
    folder.mkdir(parents=True)
    for split, size in SIZES.items():
        for kind in ("en", "de", "align"):
            lines = (DATA / f"{split}.{kind}").read_text("utf-8").split("\n")
            text = "".join(f"{line}\n" for line in lines[:size])
            (folder / f"{split}.{kind}").write_text(text, "utf-8")
