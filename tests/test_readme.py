"""The README says what is so."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from attnmt.analysis.dump import DumpWriter, Record
from attnmt.config.loading import load_config

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
RECIPES = (ROOT / "docs/recipes.md").read_text("utf-8")
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", README + RECIPES, flags=re.S)
COMMANDS = [
    line.split("#")[0].replace("\\\n", "").strip()
    for language, block in BLOCKS
    for line in block.replace("\\\n", " ").split("\n")
    if not language and line.startswith("attnmt ")
]


def blocks(language: str) -> list[str]:
    return [block for name, block in BLOCKS if name == language]


def test_the_attention_of_the_readme_is_the_tested_one():
    tested = (ROOT / "tests/e2e/my_attention.py").read_text("utf-8")
    assert f"# my_attention.py\n{tested}" in blocks("python")


def test_the_configuration_of_the_readme_loads(tmp_path):
    (tmp_path / "config.yaml").write_text(blocks("yaml")[0], "utf-8")
    config = load_config(tmp_path / "config.yaml")
    assert config.model.attention.type == "additive"


def test_the_configurations_of_the_recipes_load(tmp_path):
    found = re.findall(r"```yaml\n(.*?)```", RECIPES, flags=re.S)
    assert len(found) == 3
    for block in found:
        (tmp_path / "config.yaml").write_text(block, "utf-8")
        assert len(load_config(tmp_path / "config.yaml").data.train) == 2


def test_what_the_readme_names_exists():
    for path in re.findall(r"\]\(([\w/.]+)\)|`((?:configs|scripts)/[\w./]+)`", README):
        assert (ROOT / "".join(path)).exists(), path


def test_the_readme_has_commands():
    assert len(COMMANDS) > 8


@pytest.mark.parametrize("command", COMMANDS)
def test_the_commands_of_the_readme_take_these_options(command):
    words = command.split()[1:]
    nested = words[0] in ("attention", "config", "tokenize")
    name = words[: 2 if nested else 1]
    found = subprocess.run(
        [sys.executable, "-m", "attnmt", *name, "--help"],
        capture_output=True,
        text=True,
        env={"COLUMNS": "200", "PATH": "", "PYTHONPATH": str(ROOT)},
    )
    assert found.returncode == 0, found.stderr
    for option in re.findall(r"(?<=\s)--?[a-z][\w-]*", command):
        assert re.search(rf"(?<![\w-]){option}(?![\w-])", found.stdout), option


def test_the_reader_of_the_readme_reads_a_dump(tmp_path, monkeypatch):
    weights = np.full((1, 1, 2, 4), 0.25, np.float32)
    record = Record(
        id=0,
        rank=0,
        n_best=1,
        source="a b c",
        hypothesis="x",
        score=-1.0,
        norm_score=-0.5,
        source_pieces=["a", "b", "c", "</s>"],
        target_pieces=["x", "</s>"],
        source_ids=[4, 5, 6, 3],
        target_ids=[4, 3],
        source_spans=[(0, 1), (1, 3), (3, 5), (5, 5)],
        target_spans=[(0, 1), (1, 1)],
        log_probs=[-0.5, -0.5],
        weights=weights,
    )
    with DumpWriter(tmp_path / "file.attn", {}) as dump:
        dump.write(record)
    monkeypatch.chdir(tmp_path)
    [reader] = [block for block in blocks("python") if "np.frombuffer" in block]
    names: dict[str, object] = {}
    exec(reader, names)  # the README's own lines, nothing from outside
    np.testing.assert_array_equal(names["weights"], weights)
    assert json.dumps(names["record"]["tgt_pieces"]) == '["x", "</s>"]'


SIDES = {
    "attnmt litert+int8": "attnmt, LiteRT int8",
    "attnmt litert": "attnmt, LiteRT",
    "attnmt tensorflow+shortlist": "attnmt, TensorFlow with a shortlist",
    "attnmt tensorflow": "attnmt, TensorFlow",
    "torch": "the same in plain PyTorch",
    "onmt": "OpenNMT-py",
    "marian": "Marian",
}


@pytest.mark.parametrize(
    ("file", "sides"),
    [
        ("bench_translation.json", list(SIDES)[:6]),
        ("bench_marian.json", ["attnmt litert", "marian", "onmt"]),
    ],
)
def test_the_speeds_of_translation_are_those_that_were_measured(file, sides):
    measured = json.loads((ROOT / "docs" / file).read_bytes())["rows"]
    of = {(r["case"], r["side"]): r["figures"] for r in measured}
    cases = dict.fromkeys(case for case, _ in of if case != "all")
    for side in sides:
        title = SIDES[side]
        figures = [of[case, side] for case in cases]
        speeds = [figure["sentences_per_second"] for figure in figures]
        told = [f"{x:.0f}" if x >= 10 else f"{x:.1f}" for x in speeds]
        first = np.mean([figure["first_line"] for figure in figures])
        assert f"| {' | '.join([title, *told, f'{first:.1f}'])} |" in README


def test_the_speeds_of_the_readme_are_those_that_were_measured():
    measured = json.loads((ROOT / "docs/bench_training.json").read_bytes())["rows"]
    of = {(r["case"], r["side"]): r["figures"] for r in measured}
    titles = {
        "luong": "Luong",
        "luong+feeding": "Luong with input feeding",
        "bahdanau": "Bahdanau",
    }
    for case, title in titles.items():
        figures = of[case, "attnmt"]
        ratios = (f"{figures[f'to {side}']:.2f}" for side in ("torch", "torch+malloc"))
        speed = f"{figures['tokens_per_second']:,.0f}"
        share = f"{figures['share_of_matmul']:.0%}".replace("%", " %")
        assert f"| {' | '.join([title, speed, *ratios, share])} |" in README
    whole = of["as they come", "attnmt"]
    assert f"{whole['to onmt']:.1f} times the tokens of OpenNMT-py" in README
    assert f"{whole['to joeynmt']:.1f} times those of JoeyNMT" in README


def test_the_quality_after_minutes_is_the_one_that_was_measured():
    measured = json.loads((ROOT / "docs/bench_quality.json").read_bytes())["rows"]
    titles = {
        "attnmt": "attnmt, `configs/multi30k_ten_minutes.yaml`",
        "onmt": "OpenNMT-py",
        "joeynmt": "JoeyNMT",
    }
    assert [row["side"] for row in measured] == [*titles]
    for row in measured:
        bleu, minutes = (row["figures"][name] for name in ("bleu", "minutes"))
        assert f"| {titles[row['side']]} | {bleu:.1f} | {minutes:.1f} |" in README


def test_the_costs_are_those_that_were_measured():
    measured = json.loads((ROOT / "docs/bench_growth.json").read_bytes())["rows"]
    assert len(measured) == 18
    for row in measured:
        figures, memory = row["figures"], f"{row['figures']['megabytes']:,.0f} MB"
        if row["part"] == "sizes":
            told = f"{figures['tokens_per_second']:,.0f}, {memory}"
        else:
            told = f"{figures['seconds']:.1f} s, {memory}"
        values = [named.split()[1] for named in row["case"].split(", ")]
        cells = [f"| {value} | {told} |" for value in values]
        assert any(cell in README for cell in cells), row["case"]
