"""Lines are split on newlines only, decoded strictly, written whole or not at all."""

import gzip
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attnmt.errors import DataError
from attnmt.text.lines import read_lines, read_stream, text_output, write_lines

ODD = ["a\rb", "a\vb\fc", "a\x1cb\x1dc\x1ed", "a\x85b", "a\u2028b\u2029c", "a\0b", " "]


def test_lines_end_at_newlines_only(tmp_path: Path):
    path = tmp_path / "odd.txt"
    path.write_bytes("\n".join([*ODD, "last"]).encode())
    assert list(read_lines(path)) == [*ODD, "last"]


def test_windows_line_ends_lose_one_carriage_return(tmp_path: Path):
    path = tmp_path / "crlf.txt"
    path.write_bytes(b"one\r\ntwo\r\r\n\r\nend\r")
    assert list(read_lines(path)) == ["one", "two\r", "", "end"]


def test_a_byte_order_mark_is_removed_from_the_first_line_only(tmp_path: Path):
    path = tmp_path / "bom.txt"
    path.write_bytes(b"\xef\xbb\xbfone\n\xef\xbb\xbftwo\n")
    assert list(read_lines(path)) == ["one", "\ufefftwo"]


@pytest.mark.parametrize(
    ("content", "lines"),
    [(b"", []), (b"\n", [""]), (b"a", ["a"]), (b"a\n", ["a"]), (b"\n\n", ["", ""])],
)
def test_a_final_newline_ends_a_line_and_begins_none(content, lines, tmp_path: Path):
    path = tmp_path / "text"
    path.write_bytes(content)
    assert list(read_lines(path)) == lines


def test_gzip_is_read_by_its_suffix(tmp_path: Path):
    path = tmp_path / "text.gz"
    path.write_bytes(gzip.compress("grün\nblau".encode()))
    assert list(read_lines(path)) == ["grün", "blau"]


def test_bad_utf8_is_named_with_file_line_and_column(tmp_path: Path):
    path = tmp_path / "latin1.txt"
    path.write_bytes(b"gut\n" + "grün ".encode() + b"\xfcber\n")
    with pytest.raises(DataError, match=r"latin1\.txt:2:6: not UTF-8: byte 0xfc"):
        list(read_lines(path))


@pytest.mark.parametrize("raw", [b"\xed\xa0\x80", b"\xc0\xaf", b"\xf4\x90\x80\x80"])
def test_surrogates_and_overlong_bytes_are_refused(raw: bytes):
    with pytest.raises(DataError, match="<pipe>:1:1: not UTF-8"):
        list(read_stream(io.BytesIO(raw), "<pipe>"))


HOSTILE = st.lists(
    st.sampled_from(
        [
            *(b"\n", b"\r", b"\r\n", b"\x0b", b"\x0c", b"\x1c", b"\x1e", b"\0", b"\t"),
            *("\x85 \u2028 \u2029 \ufeff 日 \U0001f1e9 \u0301 \u202e".encode().split()),
            *(b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xc0\xaf", b"\x1b[2J", b" ", b"a"),
        ]
    )
    | st.binary(max_size=4)
).map(b"".join)


def count(data: bytes) -> int:
    """Lines by the rule: what `wc -l` counts, and a last one without an end."""
    return data.count(b"\n") + (not data.endswith(b"\n") and data != b"")


@settings(max_examples=int(os.environ.get("ATTNMT_HOSTILE_FILES", "500")))
@given(HOSTILE, st.sampled_from(["text", "text.gz"]))
def test_any_bytes_are_so_many_lines_or_one_error(tmp_path_factory, data, name):
    path = tmp_path_factory.getbasetemp() / name
    path.write_bytes(gzip.compress(data, 1) if name == "text.gz" else data)
    replaced = list(read_lines(path, replace=True))
    assert len(replaced) == count(data)
    assert not any("\n" in line for line in replaced)
    try:
        assert list(read_lines(path)) == replaced
    except DataError as error:
        line, column = str(error).removeprefix(f"{path}:").split(":")[:2]
        assert 1 <= int(line) <= count(data) and int(column) >= 1
        assert any("\ufffd" in line for line in replaced)


def test_bytes_that_are_not_utf8_are_replaced_when_asked_and_counted(tmp_path, capsys):
    path = tmp_path / "latin1.txt"
    path.write_bytes(b"gut\ngr\xfcn\n\xfcber\xff\n")
    expected = ["gut", "gr\ufffdn", "\ufffdber\ufffd"]
    assert list(read_lines(path, replace=True)) == expected
    assert capsys.readouterr().err.startswith(f"{path}: 2 lines are not UTF-8")


def test_what_cannot_be_read_is_named(tmp_path: Path):
    (tmp_path / "cut.gz").write_bytes(gzip.compress(b"text " * 99)[:-20])
    (tmp_path / "plain.gz").write_bytes(b"not compressed")
    for name in ("missing", "cut.gz", "plain.gz", "."):
        with pytest.raises(DataError, match="cannot be read"):
            list(read_lines(tmp_path / name))


@given(st.lists(st.text(st.characters(exclude_characters="\n\r\ufeff", codec="utf-8"))))
def test_written_lines_are_read_again(tmp_path_factory, lines: list[str]):
    path = tmp_path_factory.mktemp("lines") / "text"
    write_lines(path, lines)
    assert list(read_lines(path)) == lines


def test_a_failure_leaves_the_older_file_and_nothing_else(tmp_path: Path):
    path = tmp_path / "out.txt"
    write_lines(path, ["old"])
    with pytest.raises(RuntimeError, match="stop"), text_output(path) as output:
        output.write("new\n")
        raise RuntimeError("stop")
    assert path.read_bytes() == b"old\n"
    assert os.listdir(tmp_path) == ["out.txt"]


def test_a_file_appears_only_when_it_is_complete(tmp_path: Path):
    path = tmp_path / "out.txt"
    with text_output(path) as output:
        output.write("one\n")
        output.flush()
        assert not path.exists()
    assert path.read_bytes() == b"one\n"


def test_compressed_output_is_equal_for_equal_text(tmp_path: Path):
    for name in ("a.gz", "b.gz"):
        write_lines(tmp_path / name, ["grün", "blau"])
    assert (tmp_path / "a.gz").read_bytes() == (tmp_path / "b.gz").read_bytes()
    assert list(read_lines(tmp_path / "a.gz")) == ["grün", "blau"]


def test_a_link_stays_a_link(tmp_path: Path):
    (tmp_path / "real").write_bytes(b"old\n")
    (tmp_path / "link").symlink_to("real")
    write_lines(tmp_path / "link", ["new"])
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new\n"


def test_a_new_file_has_the_usual_permissions(tmp_path: Path):
    write_lines(tmp_path / "out", ["x"])
    (tmp_path / "usual").touch()
    assert (tmp_path / "out").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_a_file_that_is_replaced_keeps_its_permissions(tmp_path: Path):
    path = tmp_path / "text"
    path.write_text("old\n")
    path.chmod(0o640)
    write_lines(path, ["new"])
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("new\n", 0o640)


def test_standard_streams_are_utf8_in_any_locale():
    program = (
        "from pathlib import Path; from attnmt.text.lines import *;"
        "write_lines(Path('-'), (x + '!' for x in read_lines(Path('-'))))"
    )
    result = subprocess.run(
        [sys.executable, "-c", program],
        input="grün\r\nblau\u2028x".encode(),
        capture_output=True,
        check=True,
        env={**os.environ, "LC_ALL": "C", "PYTHONIOENCODING": "ascii"},
    )
    assert result.stdout == "grün!\nblau\u2028x!\n".encode()


def test_a_terminal_is_not_steered_and_a_pipe_gets_the_bytes():
    program = (
        "import sys; from pathlib import Path; from attnmt.text.lines import *;"
        "write_lines(Path('-'), ['\x1b]52;c;x\x07 gr\xfcn\tblau', '\x9b2J'])"
    )
    command = [sys.executable, "-c", program]
    piped = subprocess.run(command, capture_output=True, check=True).stdout
    assert piped == "\x1b]52;c;x\x07 grün\tblau\n\x9b2J\n".encode()
    main, terminal = os.openpty()
    subprocess.run(command, stdout=terminal, check=True)
    os.close(terminal)
    shown = os.read(main, 10**4)
    os.close(main)
    text = shown.decode().replace("\r\n", "\n").expandtabs()
    assert text.replace(" ", "") == "\ufffd]52;c;x\ufffdgrünblau\n\ufffd2J\n"


def test_devices_are_written_directly():
    write_lines(Path(os.devnull), ["gone"])
    assert not Path(os.devnull).is_file()


def test_an_output_in_no_folder_is_told_by_its_name(tmp_path):
    path = tmp_path / "nowhere" / "out.txt"
    with pytest.raises(DataError, match=f"^{path}: cannot be written: there is no fol"):
        write_lines(path, ["x"])


def test_the_name_of_standard_output_replaces_no_file(tmp_path: Path) -> None:
    program = (
        "from pathlib import Path; from attnmt.text.lines import write_lines; "
        "write_lines(Path('/dev/stdout'), ['new'])"
    )
    log = tmp_path / "log"
    log.write_text("old\n", "utf-8")
    with open(log, "ab") as stream:
        subprocess.run([sys.executable, "-c", program], stdout=stream, check=True)
    assert log.read_text("utf-8") == "old\nnew\n"
