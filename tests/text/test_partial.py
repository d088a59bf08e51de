"""Output that breaks off stays, under another name, and is gone on with."""

import gzip
import json
from pathlib import Path

import pytest

from attnmt.errors import DataError
from attnmt.text.partial import NOTHING, Done, growing_output, read_done, skipped

MADE_OF = {"input": ["7f"], "n_best": 1}


class Break(Exception):
    pass


def write(path: Path, text: str, done: Done = NOTHING, breaks: bool = False) -> None:
    with growing_output(path, MADE_OF, done) as output:
        output.write(text)
        if breaks:
            raise Break


def leave(path: Path, text: str) -> None:
    """What a command leaves that was killed."""
    with pytest.raises(Break):
        write(path, text, breaks=True)
    if not text:
        (path.parent / f"{path.name}.partial").touch()
        made = path.parent / f"{path.name}.partial.json"
        made.write_text(json.dumps(MADE_OF), "utf-8")


def test_what_breaks_off_stays_beside_an_older_file(tmp_path: Path) -> None:
    out = tmp_path / "out.txt"
    out.write_text("older\n", "utf-8")
    with pytest.raises(Break):
        write(out, "a\nb\nc", breaks=True)
    assert out.read_text("utf-8") == "older\n"
    assert (tmp_path / "out.txt.partial").read_text("utf-8") == "a\nb\nc"
    write(out, "B\n", Done(1, 2))
    assert out.read_text("utf-8") == "a\nB\n"
    assert list(tmp_path.iterdir()) == [out]


def test_nothing_is_left_where_nothing_was_written(tmp_path: Path) -> None:
    with pytest.raises(Break):
        write(tmp_path / "out", "", breaks=True)
    assert list(tmp_path.iterdir()) == []
    write(tmp_path / "out", "")
    assert (tmp_path / "out").read_bytes() == b""


def test_an_older_partial_file_or_planted_link_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "else").write_text("mine", "utf-8")
    (tmp_path / "out.partial").symlink_to(tmp_path / "else")
    write(tmp_path / "out", "a\n")
    assert (tmp_path / "else").read_text("utf-8") == "mine"
    assert (tmp_path / "out").read_text("utf-8") == "a\n"
    assert not (tmp_path / "out").is_symlink()


def test_a_link_stays_one_and_gzip_is_gzip(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "link.gz").symlink_to(tmp_path / "there/out.gz")
    write(tmp_path / "link.gz", "a\n")
    assert (tmp_path / "link.gz").is_symlink()
    assert gzip.decompress((tmp_path / "there/out.gz").read_bytes()) == b"a\n"


def test_a_folder_that_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be written"):
        write(tmp_path / "no/out", "a\n")


@pytest.mark.parametrize(
    ("text", "numbered", "expected"),
    [
        ("", False, NOTHING),
        ("a\n" * 3, False, NOTHING),  # no line tells that the third is complete
        ("a\n" * 4, False, Done(3, 6)),
        ("a\n" * 8 + "b", False, Done(6, 12)),
        ("0 ||| a\n0 ||| b\n1 ||| \n2 ||| c\n2 ||| d\n3", True, Done(3, 39)),
        ("0\t0\n1\t0\n2\t0\n2\t1\n", True, NOTHING),
        ('{"id": 2, "x": 0}\n{"id": 3,', True, Done(3, 18)),
        ('{"id": 2}\n{"id": 3}\n{"id"', True, Done(3, 10)),
    ],
)
def test_whole_windows_of_input_lines_are_kept(
    text: str, numbered: bool, expected: Done, tmp_path: Path
) -> None:
    leave(tmp_path / "out", text)
    assert read_done(tmp_path / "out", MADE_OF, 3, numbered) == expected


def test_the_output_of_another_command_is_refused(tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert read_done(out, MADE_OF, 3, True) == NOTHING  # there is none
    leave(out, "0 ||| a\nb\n")
    with pytest.raises(DataError, match=r"out\.partial:2: expected the number"):
        read_done(out, MADE_OF, 3, True)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"input": ["8f"]}, "was made of another input text: leave out"),
        ({"n_best": 2}, "n_best was 1, now 2: set it back, or leave out --resume"),
        ({"more": True}, "more was None, now True"),
    ],
)
def test_what_was_made_of_something_else_is_refused(
    changed: dict, told: str, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    leave(out, "0 ||| a\n" * 9)
    with pytest.raises(DataError, match=told):
        read_done(out, MADE_OF | changed, 3, False)
    assert read_done(out, MADE_OF, 3, False) == Done(6, 48)


@pytest.mark.parametrize("content", [None, "", "[1]", "{", "7"])
def test_nobody_knows_what_a_file_of_the_user_is_made_of(
    content: str | None, tmp_path: Path
) -> None:
    leave(tmp_path / "out", "a\n" * 9)
    made = tmp_path / "out.partial.json"
    made.unlink() if content is None else made.write_text(content, "utf-8")
    with pytest.raises(DataError, match="nobody knows what it was made of"):
        read_done(tmp_path / "out", MADE_OF, 3, False)


def test_lines_that_are_done_must_be_there_again() -> None:
    name = Path("in.txt")
    assert list(skipped(iter("abc"), Done(2, 9), name)) == ["c"]
    with pytest.raises(DataError, match=r"in\.txt: expected the 4 lines .* found 3"):
        skipped(iter("abc"), Done(4, 9), name)
