"""`attnmt check`, as a user runs it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

CONFIG = """\
run_dir: run
data:
  source_lang: en
  target_lang: de
  train: [{source: a.en, target: a.de}]
  valid: {source: b.en, target: b.de}
"""


LINKS = (
    "--set=training.guided_alignment={weight: 1, teacher: file}",
    "--set=data.train=[{source: a.en, target: a.de, alignment: links}]",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "config.yaml").write_text(CONFIG, "utf-8")
    texts = {"a.en": "one\n\ntwo\n" * 7, "a.de": "eins\nleer\nzwei\n" * 7}
    for name, text in (texts | {"b.en": "one\n", "b.de": "eins\n"}).items():
        (tmp_path / name).write_text(text, "utf-8")
    (tmp_path / "links").write_text("0-0\n" * 21, "utf-8")
    return tmp_path


def check(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "attnmt", "check", *options],
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
    )


def test_findings_are_listed_with_their_lines(folder: Path) -> None:
    done = check(folder, "config.yaml")
    assert done.returncode == 0, done.stderr
    assert done.stdout == (
        "data.train.0: a.en, a.de\n"
        "       21  pairs, of 2 and 4 characters\n"
        "        7  empty on a side (lines 2, 5, 8, 11, 14, ...)\n"
        "       18  a pair that was there before (lines 4, 5, 6, 7, 8, ...)\n"
        "data.valid: b.en, b.de\n"
        "        1  pairs, of 3 and 4 characters\n"
        "        1  a pair that is trained on (line 1)\n"
    )
    assert not (folder / "run").exists()


def test_json_has_all_lines(folder: Path) -> None:
    done = check(folder, "config.yaml", "--json")
    train, valid = map(json.loads, done.stdout.splitlines())
    assert train["findings"]["empty on a side"] == [2, 5, 8, 11, 14, 17, 20]
    assert (valid["key"], valid["pairs"]) == ("data.valid", 1)


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        (("--set", "training.epochs=3"), 2, "training.epochs: unknown key"),
        (("--set", "data.valid.source=none"), 3, "none: cannot be read"),
        (("--set", "data.valid.source=a.en"), 3, "b.de has 1: line N of one"),
        (("--set", "model.attention.type=aditive"), 2, "found 'aditive'"),
        (("--set", "tokenizer.source_model=no"), 3, "no: the tokenizer cannot be read"),
        (LINKS, 3, "links:2: the link 0-0 is outside of 0 source and 1 target words"),
    ],
)
def test_what_is_wrong_for_sure_is_an_error(
    folder: Path, options: tuple[str, ...], code: int, told: str
) -> None:
    done = check(folder, "config.yaml", *options)
    last = done.stderr.strip().splitlines()[-1]
    assert done.returncode == code and told in last
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("setting", ["training.epochs=3", "data.valid.source=none"])
def test_mistakes_in_keys_and_text_are_told_without_tensorflow(
    folder: Path, setting: str
) -> None:
    code = "import sys; from attnmt.cli import main\ntry: main()\nfinally:"
    code += " assert 'tensorflow' not in sys.modules, 'imported'"
    command = (sys.executable, "-c", code, "check", "config.yaml", "--set", setting)
    done = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8")
    assert done.returncode in (2, 3) and "imported" not in done.stderr
    assert "Traceback" not in done.stderr
