"""`attnmt eval` of a trained run, against the same figures without a model."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
Command = Callable[..., subprocess.CompletedProcess[str]]


def test_the_newest_run_is_scored_on_its_test_set(work: Path, attnmt: Command) -> None:
    done = attnmt("eval", cwd=work)
    assert done.returncode == 0, done.stderr
    assert "run: runs/tiny (the newest under ./runs)\n" in done.stderr
    folder = work / "runs/tiny/eval/test"
    hypothesis = (folder / "hypothesis.txt").read_text("utf-8")
    kept = json.loads((folder / "scores.json").read_text("utf-8"))
    corpus = Path(kept["reference"]).parent
    assert hypothesis.count("\n") == kept["sentences"] == 12
    assert kept["source"] == str(corpus / "test.en")
    assert set(kept["metrics"]) == {"BLEU", "chrF2", "TER"}

    translated = attnmt("translate", corpus / "test.en", cwd=work)
    assert translated.stdout == hypothesis

    files = ("--hypothesis", folder / "hypothesis.txt")
    references = ("--reference", corpus / "test.de")
    alone = attnmt("eval", *files, *references, "--json", cwd=work)
    assert json.loads(alone.stdout)["metrics"] == kept["metrics"]
    for name, metric in kept["metrics"].items():
        assert f"{name:<5}  {metric['value']:6.2f}" in done.stdout


def test_gold_alignments_give_an_error_rate(work: Path, attnmt: Command) -> None:
    corpus = work.parent  # a run folder translates text from anywhere
    text = ("The shirt is old.\n", "Das Hemd ist alt.\n", "0-0 1-1 2-2 3-3\n")
    for name, line in zip(("en", "de", "gold"), text, strict=True):
        (corpus / name).write_text(line * 2, "utf-8")
    files = [f"--{x}={corpus / y}" for x, y in (("source", "en"), ("reference", "de"))]
    gold = f"--gold-alignment={corpus / 'gold'}"
    done = attnmt("eval", *files, gold, "--json", cwd=work)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)["word_alignment"]
    assert 0 <= found["aer"] <= 1 and found["sure"] == 8
    assert (work / "runs/tiny/eval/en/scores.json").exists()
