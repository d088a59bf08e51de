"""`attnmt attention export` and `import` as the installed command."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from attnmt.analysis.dump import Dump, DumpWriter
from attnmt.analysis.words import SPACE_RULE


def attention(
    *arguments: object, python: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *python, "-m", "attnmt", "attention"]
    return subprocess.run(
        [*command, *map(str, arguments)], capture_output=True, encoding="utf-8"
    )


@pytest.fixture
def dump(tmp_path: Path, make_record) -> Path:
    with DumpWriter(tmp_path / "out.attn", {}) as writer:
        writer.write(make_record(0, "ein Kahn", "a boat"))
        writer.write(make_record(0, "ein Kahn", "boat", rank=1))
    return tmp_path / "out.attn"


def test_a_dump_goes_through_sockeyes_format(dump: Path, tmp_path: Path):
    file, again = tmp_path / "matrix", tmp_path / "again.attn"
    result = attention("export", dump, "--to", "sockeye", "-o", file)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    result = attention("import", file, "--from", "sockeye", "-o", again)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    found = Dump(again)
    assert found.header["imported_from"] == "sockeye"
    assert found.header["word_rule"] == SPACE_RULE
    expected = Dump(dump)[0].word_weights()
    np.testing.assert_allclose(found[0].word_weights(), expected, atol=1e-6)
    assert "boat" in attention("show", again).stdout


def test_text_formats_go_to_standard_output(dump: Path):
    best = attention("export", dump, "--to", "marian", "--pieces")
    assert best.stdout.count("\n") == 1 and best.stdout.startswith("▁ a ▁bo at ||| ")
    rows = attention("export", dump, "--to", "jsonl", "--rank", 1, "--head", 0).stdout
    assert json.loads(rows)["target_tokens"] == ["boat", "</s>"]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["export", "DUMP", "--to", "npz"], 2, "expected -o FILE.npz"),
        (["export", "DUMP", "--to", "jsonl", "--head", "1"], 3, "no head 1"),
        (["export", "DUMP", "--to", "npz", "-o", "no/a.npz"], 3, "no folder"),
        (
            ["export", "DUMP", "--to", "jsonl", "--rank", "2"],
            3,
            "no record with rank 2",
        ),
        (["import", "x", "--from", "marian", "-o", "new"], 2, "expected --source FILE"),
        (
            ["import", "x", "--from", "sockeye", "--source", "x", "-o", "new"],
            2,
            "neith",
        ),
        (["import", "no", "--from", "sockeye", "-o", "new"], 3, "no: cannot be read"),
    ],
)
def test_mistakes_end_in_one_line(
    dump, tmp_path, monkeypatch, arguments, code, message
):
    monkeypatch.chdir(tmp_path)
    result = attention(*[dump if word == "DUMP" else word for word in arguments])
    assert (result.returncode, result.stdout) == (code, "")
    assert message in result.stderr and result.stderr.count("\n") == 1


def test_tensorflow_is_never_imported(dump: Path, tmp_path: Path):
    for arguments in (
        ("export", dump, "--to", "npz", "-o", tmp_path / "a.npz"),
        ("export", dump, "--to", "sockeye", "-o", tmp_path / "matrix"),
        ("import", tmp_path / "matrix", "--from", "sockeye", "-o", tmp_path / "new"),
    ):
        result = attention(*arguments, python=("-X", "importtime"))
        assert result.returncode == 0 and "attnmt.analysis.dump" in result.stderr
        assert "tensorflow" not in result.stderr and "keras" not in result.stderr
