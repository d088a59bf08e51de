"""The configurations in configs/ are what they seem."""

import subprocess
import sys
from pathlib import Path

import pytest

from attnmt.config.loading import dump_config, load_config

ROOT = Path(__file__).parent.parent
CONFIGS = sorted((ROOT / "configs").glob("*.yaml"))


@pytest.fixture(autouse=True)
def in_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.delenv("ATTNMT_CORPORA", raising=False)


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_a_shipped_configuration_loads_and_survives_being_written(
    path: Path, tmp_path: Path
) -> None:
    config = load_config(path)
    written = tmp_path / "config.yaml"
    written.write_text(dump_config(config), "utf-8")
    assert load_config(written) == config
    assert config.run_dir == Path("runs") / path.stem
    assert config.data.valid is not None and config.data.test is not None


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_a_shipped_configuration_explains_itself(path: Path) -> None:
    lines = path.read_text("utf-8").split("\n")
    assert lines[0].startswith("# ") and lines[0].endswith(".")
    assert sum("#" in line for line in lines) > len(lines) / 3


def test_corpora_are_where_the_environment_says(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ATTNMT_CORPORA", str(tmp_path))
    data = load_config(ROOT / "configs/multi30k_en_de.yaml").data
    assert data.train[0].source == tmp_path / "multi30k/train.en"


@pytest.mark.slow
def test_quickstart_trains_from_the_project_folder(tmp_path: Path) -> None:
    short = (
        *(f"run_dir={tmp_path}/run", "training.max_steps=3"),
        *("validation.metrics=[loss]", "validation.early_stopping.metric=loss"),
        "validation.samples=1",
    )
    settings = [part for setting in short for part in ("--set", setting)]
    command = ["-m", "attnmt", "train", "configs/quickstart.yaml", *settings]
    done = subprocess.run(
        [sys.executable, *command], capture_output=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr
    assert "trained 3 steps in" in done.stderr
    assert (tmp_path / "run/best").read_text("utf-8") == "000000003\n"
