"""The Markdown of a study."""

import json
import re
from pathlib import Path

import pytest
from attention_study import page, table
from attention_study.mechanisms import MECHANISMS
from attention_study.table import COST, KNOWN, OVERVIEW

ROOT = Path(__file__).parents[3]

RESULTS = {
    "copy": {
        "dot": {"exact": 1.0, "on_gold": 0.995},
        "gmm": {"exact": 0.5, "on_gold": 0.25},
        "linformer": {"exact": 0.75},
    },
    "multi30k": {
        "additive": {"bleu": 27.25, "parameters": 2_145_312},
        "dot": {"bleu": 24.5},
        "gmm": {"bleu": 24.0},
    },
    "speed": {"dot": {"train_speed": 1.0, "decode_speed": 1.0}},
}


def test_a_row_for_each_mechanism_and_a_column_for_each_task_that_is_there():
    assert table.table(RESULTS, KNOWN, ["dot", "gmm", "linformer"]).splitlines() == [
        "| mechanism | copied | on the diagonal |",
        "| --- | ---: | ---: |",
        "| `dot` | 100.0% | 99.5% |",
        "| `gmm` | 50.0% | **25.0%** |",
        "| `linformer` | 75.0% | – |",
    ]


def test_costs():
    [*_, row] = table.table(RESULTS, COST, ["additive"]).splitlines()
    assert row == "| `additive` | 2,145,312 | – | – |"


def test_what_falls_short_is_named_with_its_figure():
    lines = table.shortfalls(RESULTS, ["dot", "gmm", "linformer"])
    assert lines == ["`gmm`: copy, on the diagonal 25.0%"]


@pytest.mark.parametrize(
    ("limit", "lines"),
    [(3.0, ["`gmm`: 24.0, 3.2 below"]), (3.5, []),
     (2.5, ["`dot`: 24.5, 2.8 below", "`gmm`: 24.0, 3.2 below"])],
)  # fmt: skip
def test_what_is_behind_additive_is_named_with_its_figure(limit, lines):
    assert table.behind(RESULTS, ["additive", "dot", "gmm"], limit) == lines


def test_nothing_is_behind_without_additive():
    assert table.behind({"multi30k": {"dot": {"bleu": 1.0}}}, ["dot"], 3.0) == []


def test_the_page_has_every_table_and_no_place_left_open():
    cells = {"entropy_share": 0.5, "updates": 7, "training_cpu_seconds": 1.5}
    results = {
        task: {name: result | cells for name, result in found.items()}
        for task, found in RESULTS.items()
    }
    text = page.page(results, ["additive", "dot", "gmm", "linformer"])
    assert not re.search(r"[{}]", text)
    assert text.count("| `linformer` |") == 4
    assert "`gmm`: copy, on the diagonal 25.0%" in text


def test_the_readme_and_the_page_show_the_figures_of_the_study():
    results = json.loads((ROOT / "docs/attention_study.json").read_text("utf-8"))
    names = [name for name in MECHANISMS if any(name in r for r in results.values())]
    assert table.table(results, OVERVIEW, names) in (ROOT / "README.md").read_text()
    expected = (ROOT / "docs/attention_study.md").read_text("utf-8")
    assert page.page(results, names) == expected.rstrip("\n")
