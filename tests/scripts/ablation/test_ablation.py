"""The ablation: every row changes the recipe, the table tells what that did."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from ablation.rows import BUDGET, CONFIG, ROWS, Row
from ablation.table import table

from attnmt.config.loading import load_config

ROOT = Path(__file__).parents[3]
TINY = """\
run_dir: unused
data:
  source_lang: en
  target_lang: de
  train:
    - {source: train.en, target: train.de}
    - {source: train.en, target: train.de, weight: 0.5}
  valid: {source: train.en, target: train.de}
tokenizer: {vocab_size: 300}
model:
  embeddings: {size: 6}
  encoder: {units: 5}
  decoder: {units: 10, lexical: true}
  attention: {type: general}
training:
  batch_tokens: 200
  guided_alignment: {weight: 1.0, until: 1, teacher: ibm1}
"""


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_a_row_takes_something_away_within_the_budget(row: Row) -> None:
    whole = load_config(ROOT / CONFIG, BUDGET)
    changed = load_config(ROOT / CONFIG, (*BUDGET, *row.settings))
    assert (changed == whole) == (row.name == "whole")
    seen = changed.training.max_steps * changed.training.batch_tokens
    assert seen == whole.training.max_steps * whole.training.batch_tokens


def test_the_table_tells_differences_to_the_first_row() -> None:
    def result(bleu: float, **baseline: object) -> dict:
        figures = {"value": bleu, "interval": [bleu - 1, bleu + 1], **baseline}
        return {
            "parameters": 4_825_416,
            "metrics": {"BLEU": figures, "chrF2": {"value": 60.04}},
        }

    beside = {"baseline": {"value": 34.04, "p_bootstrap": 0.0129}}
    told = table({"seed": result(33.96, **beside), "whole": result(34.04)})
    assert told.split("\n")[2:] == [
        "| the whole recipe | 34.0 (33.0–35.0) |  |  | 60.0 | 4.8 M |",
        "| nothing, but with another seed | 34.0 (33.0–35.0) | -0.1 | 0.013 | 60.0 "
        "| 4.8 M |",
    ]


def test_the_table_of_the_readme_is_the_one_that_was_measured() -> None:
    measured = json.loads((ROOT / "docs/ablation.json").read_bytes())
    assert len(measured) > 10
    assert table(measured) in (ROOT / "README.md").read_text("utf-8")


@pytest.mark.slow
def test_rows_are_trained_once_and_scored(tmp_path: Path) -> None:
    lines = [f"the boat {n} sinks\n" for n in range(20)]
    (tmp_path / "train.en").write_text("".join(lines))
    (tmp_path / "train.de").write_text("".join(lines).replace("boat", "Kahn"))
    (tmp_path / "config.yaml").write_text(TINY)
    command = [sys.executable, "-m", "ablation", "--config", "config.yaml"]
    command += ["--rows", "tied", "--out", "out", "--jobs", "1"]
    command += ["--set", "training.max_steps=2", "--set", "validation.every=2 steps"]
    environment = os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT}/scripts"}

    def ablate() -> str:
        done = subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, env=environment
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    told = ablate()
    results = json.loads((tmp_path / "out/ablation.json").read_text("utf-8"))
    assert told == table(results) + "\n"
    assert list(results) == ["whole", "tied"]
    whole, tied = (result["metrics"]["BLEU"] for result in results.values())
    assert tied["baseline"]["value"] == whole["value"]
    assert results["tied"]["parameters"] != results["whole"]["parameters"]
    weights = tmp_path / "out/tied/checkpoints/000000002/weights.safetensors"
    written = weights.stat().st_mtime_ns
    assert ablate() == told
    assert weights.stat().st_mtime_ns == written
