"""`attnmt average`, then `attnmt tune-decoding` of what it has written."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
Command = Callable[..., subprocess.CompletedProcess[str]]


def test_the_average_of_a_run_is_tuned_and_translates_as_promised(
    work: Path, attnmt: Command
) -> None:
    done = attnmt("average", "runs/tiny", cwd=work)
    assert done.returncode == 0, done.stderr
    run = ("--run", "runs/tiny-average")

    options = ("--beams", "1,2", "--metric", "chrf", "--write", "--json")
    tuned = attnmt("tune-decoding", *run, *options, cwd=work)
    assert tuned.returncode == 0, tuned.stderr
    best = json.loads(tuned.stdout)["best"]
    assert best["score"] >= json.loads(tuned.stdout)["score_before"] > 0
    assert attnmt("verify", run[1], cwd=work).returncode == 0

    data = json.loads((work / "runs/tiny/manifest.json").read_text("utf-8"))["data"]
    corpus = Path(data[0]["text"][0][0]).parent
    files = (f"--source={corpus / 'valid.en'}", f"--reference={corpus / 'valid.de'}")
    evaluated = attnmt("eval", *run, *files, "--details", "--json", cwd=work)
    assert evaluated.returncode == 0, evaluated.stderr
    found = json.loads(evaluated.stdout)
    assert found["metrics"]["chrF2"]["value"] == pytest.approx(best["score"], abs=1e-6)
    assert found["decoding"]["beam_size"] == best["beam_size"]
    assert found["details"]["frequency_in"] == "the training text"
