"""The run folder and how a command finds it."""

import os
from pathlib import Path

import pytest

from attnmt import run as run_module
from attnmt.config.loading import dump_config
from attnmt.config.schema import Config
from attnmt.errors import ConfigError, DataError
from attnmt.run import Run, find_run, write_atomically
from attnmt.sealed import read_json


@pytest.fixture(autouse=True)
def empty_directory(tmp_path, monkeypatch) -> Path:
    """A working directory without runs, and no run in the environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ATTNMT_RUN", raising=False)
    return tmp_path


def make_run(path: str, time: int = 0) -> Path:
    folder = Path(path)
    folder.mkdir(parents=True)
    config = folder / "config.yaml"
    config.write_text("seed: 1\n")
    os.utime(config, (time, time))
    return folder


def test_a_named_run_is_taken_without_a_word(monkeypatch, capsys):
    named = make_run("elsewhere/mine")
    monkeypatch.setenv("ATTNMT_RUN", str(make_run("runs/other")))
    assert find_run(named) == named
    assert capsys.readouterr() == ("", "")


def test_the_environment_names_a_run(monkeypatch, capsys):
    make_run("runs/newest", 9)
    named = make_run("elsewhere/mine")
    monkeypatch.setenv("ATTNMT_RUN", str(named))
    assert find_run(None) == named
    assert capsys.readouterr() == ("", f"run: {named} (from ATTNMT_RUN)\n")


def test_the_newest_run_is_taken_and_named(capsys):
    make_run("runs/a", 5)
    newest = make_run("runs/b", 9)
    make_run("runs/c", 7)
    Path("runs/unfinished").mkdir()
    assert find_run(None) == newest
    message = capsys.readouterr()
    assert message == ("", f"run: {newest} (the newest under ./runs)\n")


def test_an_empty_environment_variable_names_nothing(monkeypatch):
    monkeypatch.setenv("ATTNMT_RUN", "")
    newest = make_run("runs/a")
    assert find_run(None) == newest


def test_no_run_at_all_tells_the_three_ways(empty_directory):
    with pytest.raises(ConfigError) as caught:
        find_run(None)
    for way in ("--run DIR", "ATTNMT_RUN", "./runs", str(empty_directory)):
        assert way in str(caught.value)


def test_a_folder_that_is_no_run_is_refused(monkeypatch):
    Path("runs/empty").mkdir(parents=True)
    with pytest.raises(ConfigError, match="--run: runs/empty is not a run folder"):
        find_run(Path("runs/empty"))
    monkeypatch.setenv("ATTNMT_RUN", "runs/nowhere")
    with pytest.raises(ConfigError, match="ATTNMT_RUN: runs/nowhere is not a run"):
        find_run(None)


def test_a_run_loads_the_configuration_that_was_written(tmp_path):
    corpus = {"tsv": tmp_path / "train.tsv"}
    data = {"source_lang": "en", "target_lang": "de", "train": [corpus]}
    config = Config.model_validate({"run_dir": tmp_path / "run", "data": data})
    run = Run(tmp_path / "run")
    write_atomically(run.config_file, dump_config(config))
    assert run.load_config() == config


def test_a_folder_without_configuration_is_no_run():
    with pytest.raises(DataError, match="not a run folder: expected .*config.yaml"):
        Run(Path("nowhere")).load_config()


def test_the_best_checkpoint_translates_and_else_the_last():
    run = Run(Path("runs/a"))
    with pytest.raises(DataError, match="no checkpoint in runs/a/checkpoints"):
        run.best_checkpoint()
    first, second = (run.checkpoints_dir / name for name in ("000000005", "000000010"))
    for folder in (first, second):
        folder.mkdir(parents=True)
    run.point("last", second)
    assert run.best_checkpoint() == second
    run.point("best", first)
    assert run.best_checkpoint() == first
    first.rmdir()
    assert run.best_checkpoint() == second
    second.rmdir()
    with pytest.raises(DataError, match="no checkpoint"):
        run.best_checkpoint()


def test_everything_of_a_run_is_inside_it():
    run = Run(Path("runs/a"))
    paths = [value for value in vars(run).values() if isinstance(value, Path)]
    assert all(path == run.path or run.path in path.parents for path in paths)
    assert run.eval_dir("test") == Path("runs/a/eval/test")


def test_text_is_written_whole_or_not_at_all(monkeypatch):
    file = Path("folder/file.txt")
    write_atomically(file, "Grüße\n\u2028\r\n")
    assert file.read_bytes() == "Grüße\n\u2028\r\n".encode()

    def full(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr(run_module.os, "fsync", full)
    with pytest.raises(OSError, match="no space"):
        write_atomically(file, "other")
    assert file.read_bytes() == "Grüße\n\u2028\r\n".encode()


@pytest.mark.parametrize("content", [b"{", b"[1]", b"\xff", None])
def test_broken_json_is_named(content):
    file = Path("state.json")
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(DataError, match="state.json: expected a JSON"):
        read_json(file)


def test_a_run_that_has_saved_nothing_yet_is_not_the_newest():
    trained = make_run("runs/trained", 5)
    (trained / "last").write_text("000000001\n")
    make_run("runs/begun", 9)
    assert find_run(None) == trained
