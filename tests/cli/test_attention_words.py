"""`attnmt attention words` as the installed command."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from attnmt.analysis.dump import Dump, DumpWriter
from attnmt.analysis.words import SPACE_RULE, WORD_RULE


def attention(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "attnmt", "attention", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, encoding="utf-8")


@pytest.fixture
def dump(tmp_path: Path, make_record) -> Path:
    with DumpWriter(tmp_path / "pieces", {"mode": "translate"}) as writer:
        writer.write(make_record(0, "ein Kahn sinkt .", "a boat is sinking ."))
        writer.write(make_record(1, "我们 去", "we go"))
    return tmp_path / "pieces"


@pytest.mark.slow
def test_every_reader_takes_a_dump_of_words(dump: Path, tmp_path: Path):
    words = tmp_path / "words"
    result = attention("words", dump, "-o", words)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    header = Dump(words).header
    assert (header["level"], header["word_rule"]) == ("word", WORD_RULE)
    assert (header["mode"], header["target_pieces"]) == ("translate", "mean")
    for arguments in (["show"], ["align"], ["export", "--to", "pharaoh"]):
        command, *options = arguments
        assert attention(command, words, *options).stdout == (
            attention(command, dump, *options).stdout
        )
    one, other = (
        json.loads(attention("stats", path, "--json").stdout)["means"]
        for path in (dump, words)
    )
    del one["log_prob"], other["log_prob"]
    assert other == pytest.approx(one, abs=1e-3)
    assert attention("plot", words, "-o", tmp_path / "map.svg").returncode == 0


def test_the_first_piece_and_words_between_spaces_on_demand(dump: Path, tmp_path: Path):
    words = tmp_path / "words"
    options = ("--target-pieces", "first", "--split", "spaces")
    assert attention("words", dump, "-o", words, *options).returncode == 0
    found = Dump(words)
    assert found.header["word_rule"] == SPACE_RULE
    assert found[1].source_pieces == ["我们", "去", "</s>"]
    expected = Dump(dump)[1].between_spaces().word_weights("first")
    np.testing.assert_allclose(found[1].word_weights(), expected, atol=1e-3)
    assert len(Dump(dump)[1].source_words) == 3
    rows = attention("export", dump, "--to", "jsonl", "--target-pieces", "first")
    first = json.loads(rows.stdout.split("\n")[0])["weights"]
    expected = Dump(dump)[0].word_weights("first")[0, 0]
    np.testing.assert_allclose(first, expected, atol=1e-5)


def test_words_of_words_and_the_same_folder_are_refused(dump: Path, tmp_path: Path):
    result = attention("words", dump, "-o", dump)
    assert result.returncode == 3 and "expected another folder" in result.stderr
    attention("words", dump, "-o", tmp_path / "words")
    result = attention("words", tmp_path / "words", "-o", tmp_path / "again")
    assert result.returncode == 3 and "is of words already" in result.stderr
    assert not (tmp_path / "again").exists()


def test_aer_warns_where_characters_are_counted_as_words(dump: Path, tmp_path: Path):
    (tmp_path / "gold").write_text("0-0\n0-0 1-1\n")
    words = tmp_path / "words"
    attention("words", dump, "-o", words, "--split", "spaces")
    gold = ("--gold", tmp_path / "gold")
    assert "--split spaces" in attention("aer", dump, *gold).stderr
    assert attention("aer", words, *gold).stderr == ""
