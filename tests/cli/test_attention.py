"""`attnmt attention` as the installed command: show, plot."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from attnmt.analysis.dump import DumpWriter, Record


def record(id_: int, rank: int, hypothesis: str) -> Record:
    size = len(hypothesis.encode())
    return Record(
        id=id_,
        rank=rank,
        n_best=2,
        source="Äpfel",
        hypothesis=hypothesis,
        score=-2.0,
        norm_score=-0.5 - rank,
        source_pieces=["▁Äp", "fel", "</s>"],
        target_pieces=[f"▁{hypothesis}", "</s>"],
        source_ids=[5, 6, 3],
        target_ids=[7, 3],
        source_spans=[(0, 3), (3, 6), (6, 6)],
        target_spans=[(0, size), (size, size)],
        log_probs=[-1.5, -0.5],
        weights=np.array([[[[0.5, 0.25, 0.25], [0, 0, 1]], [[1, 0, 0], [0, 0, 1]]]]),
    )


@pytest.fixture(scope="module")
def dump(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("dump") / "out.attn"
    with DumpWriter(path, {}) as writer:
        for id_ in range(7):
            writer.write(record(id_, 0, f"apple{id_}"))
            writer.write(record(id_, 1, f"pear{id_}"))
    return path


def attention(
    *arguments: object, python: tuple[str, ...] = (), **environment: str
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *python, "-m", "attnmt", "attention"]
    return subprocess.run(
        [*command, *map(str, arguments)],
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "LC_ALL": "C", **environment},
    )


def test_show_draws_the_first_records_and_says_what_is_left(dump):
    result = attention("show", dump, "--limit", 3)
    assert result.returncode == 0
    assert result.stdout.startswith(
        "id 0  rank 0 of 2  score -0.500\n"
        "1 Äpfel  2 </s>\n"
        "\n"
        "        1 2\n"
        "apple0 ██░░ ← Äpfel (0.88)\n"
    )
    assert "pear0" in result.stdout and "apple1" in result.stdout
    assert "pear1" not in result.stdout and "\x1b" not in result.stdout
    assert result.stderr.startswith("only the first 3 are shown")


def test_show_draws_what_is_asked_for(dump):
    result = attention("show", dump, "--id", 6, "--id", 2, "--rank", 1, "--pieces")
    assert "▁pear2" in result.stdout and "▁pear6" in result.stdout
    assert "apple" not in result.stdout and "pear1" not in result.stdout
    assert "1 ▁Äp  2 fel  3 </s>" in result.stdout
    assert result.stderr == ""


def test_show_draws_one_head(dump):
    assert "Äpfel (0.75)" in attention("show", dump, "--head", 0).stdout
    assert "Äpfel (1.00)" in attention("show", dump, "--head", 1).stdout


def test_show_has_colour_in_a_terminal_but_not_with_no_color(dump):
    command = [sys.executable, "-m", "attnmt", "attention", "show", str(dump)]
    for extra, coloured in (({}, True), ({"NO_COLOR": "1"}, False)):
        main, terminal = pty.openpty()
        environment = {**os.environ, "TERM": "xterm-256color", **extra}
        with subprocess.Popen(
            [*command, "--limit", "1"], stdout=terminal, env=environment
        ) as process:
            os.close(terminal)
            chunks = []
            while chunk := read_terminal(main):
                chunks.append(chunk)
        os.close(main)
        output = b"".join(chunks)
        assert process.returncode == 0 and "Äpfel".encode() in output
        assert (b"36m" in output) == coloured  # cyan


def read_terminal(main: int) -> bytes:
    try:
        return os.read(main, 65536)
    except OSError:  # the other end is closed
        return b""


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_plot_makes_a_picture(dump, tmp_path, suffix):
    path = tmp_path / f"map.{suffix}"
    result = attention("plot", dump, "--id", 3, "--score", "-o", path)
    assert (result.returncode, result.stderr, result.stdout) == (0, "", "")
    assert path.stat().st_size > 1000


def test_plot_takes_the_best_of_the_first_line_unless_told(dump, tmp_path):
    path = tmp_path / "map.svg"
    assert attention("plot", dump, "-o", path).returncode == 0
    assert ">apple0<" in path.read_text("utf-8")
    options = ("--id", 4, "--rank", 1, "--pieces", "--head", 1, "--score")
    assert attention("plot", dump, "-o", path, *options).returncode == 0
    assert ">▁pear4<" in path.read_text("utf-8")
    assert ">score -1.500<" in path.read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["show", "--id", "9"], "no record with id 9; ids go from 0 to 6"),
        (["show", "--rank", "2"], "no record with rank 2; ids go from 0 to 6, ranks"),
        (["show", "--head", "2"], "no head 2; the attention has heads 0 to 1"),
        (["plot", "--id", "9", "-o", "a.png"], "no record with id 9 and rank 0; ids"),
        (["plot", "-o", "a.gif"], "a.gif: expected a name that ends in .png, .svg"),
    ],
)
def test_mistakes_end_in_one_line(dump, tmp_path, arguments, message):
    command, *options = arguments
    result = attention(command, dump, *options)
    assert result.returncode == 3
    assert message in result.stderr and result.stderr.count("\n") == 1
    assert result.stdout == ""


def test_folder_that_is_no_dump_is_named(tmp_path):
    result = attention("show", tmp_path)
    assert result.returncode == 3
    assert str(tmp_path) in result.stderr and result.stderr.count("\n") == 1


def test_unfinished_dump_is_drawn_with_one_warning(dump, tmp_path):
    for name in ("header.json", "records.jsonl", "weights.bin"):
        (tmp_path / name).write_bytes((dump / name).read_bytes())
    result = attention("show", tmp_path, "--id", 0)
    assert result.returncode == 0 and "apple0" in result.stdout
    assert "not finished" in result.stderr and result.stderr.count("\n") == 1


def test_tensorflow_is_never_imported(dump, tmp_path):
    for arguments in (("show", dump), ("plot", dump, "-o", tmp_path / "a.svg")):
        result = attention(*arguments, python=("-X", "importtime"))
        assert result.returncode == 0
        assert "attnmt.analysis.dump" in result.stderr
        assert "tensorflow" not in result.stderr and "keras" not in result.stderr


@pytest.mark.slow
def test_list_tells_every_built_in_part_with_its_options(monkeypatch):
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)  # it asks for messages
    from attnmt.layers.attention import COVERAGES, MECHANISMS, NORMALISERS

    result = attention("list")
    assert result.returncode == 0 and result.stderr == ""
    listed = [line.strip() for line in result.stdout.split("\n")]
    entries = [line.partition(": ") for line in listed if ": " in line]
    names = {name for entry in entries for name in entry[0].split(", ")}
    assert names >= {*MECHANISMS, *NORMALISERS, *COVERAGES}
    assert all(len(meaning) > 10 for _, _, meaning in entries)
    place = next(i for i, line in enumerate(listed) if line.startswith("location: "))
    options = "options: units (model.decoder.units), filters (10), width (31)"
    assert listed[place + 1] == options
