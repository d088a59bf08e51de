"""Export folders appear whole or not at all."""

from pathlib import Path

import pytest

from attnmt.errors import ConfigError
from attnmt.export.folder import appearing
from attnmt.exported import HEADER


def test_a_folder_that_is_complete_replaces_the_older_one(tmp_path: Path) -> None:
    target = tmp_path / "export/litert"
    for content in ("old", "new"):
        with appearing(target) as folder:
            (folder / HEADER).write_text(content, "utf-8")
            (folder / f"{content}.tflite").touch()
    assert {path.name for path in target.iterdir()} == {HEADER, "new.tflite"}
    assert [path.name for path in target.parent.iterdir()] == ["litert"]


def test_after_an_error_the_older_one_is_as_it_was(tmp_path: Path) -> None:
    target = tmp_path / "litert"
    with appearing(target) as folder:
        (folder / HEADER).write_text("old", "utf-8")
    with pytest.raises(ZeroDivisionError), appearing(target) as folder:
        (folder / HEADER).write_text("new", "utf-8")
        raise ZeroDivisionError
    assert (target / HEADER).read_text("utf-8") == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["litert"]


def test_a_folder_of_anything_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    with pytest.raises(ConfigError, match="expected a new folder or an older export"):
        with appearing(tmp_path / "mine"):
            pass
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_what_is_no_part_of_an_export_is_not_replaced(tmp_path: Path) -> None:
    chapter = tmp_path / "mine/thesis/chapter"
    chapter.parent.mkdir(parents=True)
    chapter.write_text("one", "utf-8")
    (tmp_path / "mine" / HEADER).write_text("{}", "utf-8")
    with pytest.raises(ConfigError, match="found .*thesis, which an export would rep"):
        with appearing(tmp_path / "mine"):
            pass
    assert chapter.read_text("utf-8") == "one"


def test_the_working_folder_may_be_an_older_export(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / HEADER).write_text("{}", "utf-8")
    monkeypatch.chdir(tmp_path / "old")
    with appearing(Path(".")) as folder:
        (folder / HEADER).write_text("new", "utf-8")
    assert (tmp_path / "old" / HEADER).read_text("utf-8") == "new"
