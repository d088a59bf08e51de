"""`attnmt align` as the installed command."""

import subprocess
import sys
from pathlib import Path

import pytest

from attnmt.analysis.alignments import SYMMETRISATIONS


def align(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "attnmt", "align", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, encoding="utf-8", cwd=cwd)


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    (tmp_path / "en").write_text("the house\nThe book\n\na book\n", "utf-8")
    (tmp_path / "de").write_text("das Haus\ndas Buch\nleer\nein Buch\n", "utf-8")
    return tmp_path


def test_a_line_of_links_for_every_pair(texts):
    done = align("en", "de", "-o", "links", cwd=texts)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (texts / "links").read_text("utf-8") == "0-0 1-1\n0-0 1-1\n\n0-0 1-1\n"
    assert align("en", "de", cwd=texts).stdout == "0-0 1-1\n0-0 1-1\n\n0-0 1-1\n"
    assert align("en", "de", "--symmetrise", "reverse", cwd=texts).returncode == 0


@pytest.mark.parametrize("output", ["none/links", "."])
def test_a_place_where_nothing_can_be_is_told_before_the_text_is_read(texts, output):
    done = align("missing", "de", "-o", output, cwd=texts)
    assert (done.returncode, done.stdout) == (3, "")
    assert f"{output}: cannot be written: " in done.stderr


def test_unequal_texts_are_refused(texts):
    (texts / "de").write_text("das Haus\n", "utf-8")
    done = align("en", "de", "-o", "links", cwd=texts)
    assert done.returncode == 3
    assert "found 4 in en and 1 in de" in done.stderr
    assert not (texts / "links").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("en", "de", "-o", "en"), "en: expected an output that is not the input"),
        (("en", "de", "-o", "./de"), "de: expected an output that is not the input"),
        (("-", "-"), "standard input can be read once"),
    ],
)
def test_a_text_is_neither_replaced_nor_read_twice(texts, arguments, message):
    before = {path.name: path.read_bytes() for path in texts.iterdir()}
    done = align(*arguments, cwd=texts)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert {path.name: path.read_bytes() for path in texts.iterdir()} == before


@pytest.mark.parametrize("method", SYMMETRISATIONS)
def test_the_command_knows_every_symmetrisation(texts, method):
    done = align("en", "de", "--symmetrise", method, cwd=texts)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("\n") == 4
