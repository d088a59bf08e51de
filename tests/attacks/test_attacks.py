"""Hostile run folders are refused, soon, in little memory, with one clear message."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
FEWEST = 25
SECONDS, MEGABYTES = 1.0, 300.0  # beyond the start-up


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict]:
    """What became of each, by name."""
    folder = tmp_path_factory.mktemp("attacks")
    command = [sys.executable, str(Path(__file__).parent), str(folder)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return {line["name"]: line for line in map(json.loads, done.stdout.splitlines())}


def test_a_sound_run_translates(found: dict[str, dict]) -> None:
    assert found.pop("sound")["code"] == 0
    assert len(found) >= FEWEST


def test_every_attack_is_refused_by_a_message(found: dict[str, dict]) -> None:
    for name, attack in found.items():
        if name != "sound":
            assert attack["code"] in (2, 3), attack
            assert "Traceback" not in attack["stderr"], attack
            assert "unexpected" not in attack["stderr"], attack
            assert not attack["canary"], name


def test_messages_control_no_terminal(found: dict[str, dict]) -> None:
    for attack in found.values():
        text = attack["stderr"].replace("\n", "")
        assert text.isprintable(), attack


def test_no_attack_takes_time_or_memory(found: dict[str, dict]) -> None:
    for name, attack in found.items():
        if name != "sound":
            assert attack["seconds"] < SECONDS, attack
            assert attack["mb"] < MEGABYTES, attack
