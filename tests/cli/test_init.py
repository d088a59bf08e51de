"""`attnmt init`: presets that load, build and train."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from attnmt import cli
from attnmt.cli.init import Preset
from attnmt.config.loading import load_config
from attnmt.config.schema import Config

PRESETS = Path(cli.__file__).parents[1] / "presets"
Init = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def init(tmp_path: Path) -> Init:
    """A function that runs `attnmt init` in an empty folder."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "attnmt", "init", *arguments],
            capture_output=True,
            encoding="utf-8",
            cwd=tmp_path,
        )

    return run


def test_every_preset_has_a_file_and_every_file_is_a_preset() -> None:
    assert sorted(Preset) == sorted(path.stem for path in PRESETS.iterdir())


@pytest.mark.parametrize("preset", Preset)
def test_a_preset_loads_and_explains_itself(preset: Preset) -> None:
    path = PRESETS / f"{preset}.yaml"
    config = load_config(path)
    assert config.run_dir == Path("runs") / preset
    lines = path.read_text("utf-8").split("\n")
    assert lines[0].startswith("# ") and lines[0].endswith(".")
    assert re.match("# Sources?: .", lines[1])
    assert sum("#" in line for line in lines) > len(lines) / 3


@pytest.mark.parametrize("preset", Preset)
def test_presets_are_alike_in_what_a_user_changes(preset: Preset) -> None:
    sections = [
        (PRESETS / f"{name}.yaml").read_text("utf-8").split("\n\n")[1]
        for name in (preset, Preset.tiny)
    ]
    assert sections[0].startswith("data:") and sections[0] == sections[1]


def test_a_preset_is_written_and_the_next_step_told(init: Init, tmp_path: Path) -> None:
    done = init("mine.yaml", "--preset", "low-resource")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.endswith("\nattnmt check mine.yaml and attnmt train mine.yaml\n")
    expected = (PRESETS / "low-resource.yaml").read_bytes()
    assert (tmp_path / "mine.yaml").read_bytes() == expected
    assert init("-").stdout == (PRESETS / "tiny.yaml").read_text("utf-8")


def test_a_file_is_replaced_only_by_force(init: Init, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("mine\n", "utf-8")
    done = init()
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("config.yaml: expected a new file, found one")
    assert (tmp_path / "config.yaml").read_text("utf-8") == "mine\n"
    assert init("--force").returncode == 0
    assert isinstance(load_config(tmp_path / "config.yaml"), Config)


def test_the_list_tells_what_each_preset_is_for(init: Init, tmp_path: Path) -> None:
    lines = init("--list").stdout.rstrip("\n").split("\n")
    assert [line.split(maxsplit=1)[0] for line in lines] == list(Preset)
    assert all(line.endswith(".") for line in lines)
    assert not any(tmp_path.iterdir())
