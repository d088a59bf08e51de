"""`attnmt attention view` as the installed command."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from attnmt.analysis.dump import DumpWriter


def view(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "attnmt", "attention", "view"]
    return subprocess.run(
        [*command, *map(str, arguments)], capture_output=True, encoding="utf-8"
    )


def data_of(path: Path) -> dict:
    pattern = r'<script id="data"[^>]*>(.*?)</script>'
    (data,) = re.findall(pattern, path.read_text("utf-8"), flags=re.S)
    return json.loads(data)


@pytest.fixture
def dump(tmp_path, make_record) -> Path:
    with DumpWriter(tmp_path / "a.attn", {}) as writer:
        writer.write(make_record(0, n_best=2))
        writer.write(make_record(0, hypothesis="boat", rank=1, n_best=2))
        writer.write(make_record(1, ""))
    return tmp_path / "a.attn"


def test_a_page_with_gold_that_counts_from_one_and_two_systems(dump, tmp_path):
    (tmp_path / "gold").write_text("1-1 2p2\n\n")
    result = view(
        *(dump, "-o", tmp_path / "a.html", "--gold", tmp_path / "gold"),
        *("--compare", dump, "--id", 0, "--rank", 0),
    )
    assert (result.returncode, result.stdout) == (0, "")
    assert "words count from 1" in result.stderr
    assert "a.html: 1 translations, 0.1 MB" in result.stderr
    (sentence,) = data_of(tmp_path / "a.html")["sentences"]
    assert sentence["gold"] == {"sure": [[0, 0]], "possible": [[1, 1]]}
    assert len(sentence["outputs"]) == 2


def test_gold_that_counts_from_zero_may_be_told(dump, tmp_path):
    (tmp_path / "gold").write_text("1-1 2p2\n\n")
    result = view(
        *(dump, "-o", tmp_path / "a.html", "--gold", tmp_path / "gold"),
        *("--gold-index", 0),
    )
    assert result.returncode == 0 and "count from" not in result.stderr
    sentences = data_of(tmp_path / "a.html")["sentences"]
    assert [(s["id"], s["rank"]) for s in sentences] == [(0, 0), (0, 1), (1, 0)]
    assert sentences[0]["gold"]["sure"] == [[1, 1]]


def test_a_mistake_is_told_and_leaves_no_page(dump, tmp_path):
    for wrong in (
        (tmp_path / "none.attn",),
        (dump, "--id", 5),
        (dump, "--gold", tmp_path / "none"),
        (dump, "--compare", tmp_path),
    ):
        result = view(*wrong, "-o", tmp_path / "a.html")
        assert result.returncode == 3 and "Traceback" not in result.stderr
        assert result.stderr.startswith(str(tmp_path))
        assert not (tmp_path / "a.html").exists()
