"""Cells are run by the real command, and not again once they are finished."""

import json
from pathlib import Path

import pytest
from attention_study import tasks, toys
from attention_study.__main__ import main
from attention_study.cells import RESULT_FILE, Cell, Failed
from attention_study.mechanisms import MECHANISMS
from attention_study.tasks import Absent, Task, prepare_task

RESULT = {
    "exact": 1.0, "token_error_rate": 0.0, "on_gold": 0.5, "entropy_bits": 1.0,
    "entropy_share": 0.25, "parameters": 1234, "updates": 7,
    "training_cpu_seconds": 1.5,
}  # fmt: skip


def finish(out: Path, task: str, mechanism: str) -> None:
    folder = out / task / mechanism
    folder.mkdir(parents=True)
    (folder / RESULT_FILE).write_text(json.dumps(RESULT))


def test_what_is_finished_is_not_done_again(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(Cell, "run", lambda cell: pytest.fail("was done again"))
    for mechanism in ("dot", "gmm"):
        finish(tmp_path, "copy", mechanism)
    command = ["--only", "copy", "--mechanisms", "dot,gmm", "--out", str(tmp_path)]
    assert main(command) == 0
    assert "2 cells are finished, 0 to do" in capsys.readouterr().err
    assert "| `gmm` | 100.0% | **50.0%** |" in (
        tmp_path / "attention_study.md"
    ).read_text(encoding="utf-8")
    assert json.loads((tmp_path / "attention_study.json").read_text()) == {
        "copy": {"dot": RESULT, "gmm": RESULT}
    }
    assert (tmp_path / "attention_study.png").read_bytes().startswith(b"\x89PNG")


def test_what_an_earlier_study_has_is_not_done_again(tmp_path, monkeypatch):
    monkeypatch.setattr(
        Cell, "run", lambda cell: finish(tmp_path, "copy", "gmm") or RESULT
    )
    known = tmp_path / "earlier.json"
    known.write_text(json.dumps({"copy": {"dot": RESULT | {"exact": 0.5}}}))
    command = ["--only", "copy", "--mechanisms", "dot,gmm", "--out", str(tmp_path)]
    main([*command, "--from", str(known)])
    found = json.loads((tmp_path / "attention_study.json").read_text())
    assert found == {"copy": {"dot": RESULT | {"exact": 0.5}, "gmm": RESULT}}


def test_only_what_is_missing_is_done(tmp_path, monkeypatch):
    done: list[str] = []
    monkeypatch.setattr(Cell, "run", lambda cell: done.append(cell.mechanism) or RESULT)
    finish(tmp_path, "copy", "dot")
    main(["--only", "copy", "--mechanisms", "dot,gmm", "--out", str(tmp_path)])
    assert done == ["gmm"]


def test_a_cell_that_fails_leaves_the_others_alone(tmp_path, monkeypatch, capsys):
    def run(cell: Cell) -> dict:
        if cell.mechanism == "dot":
            raise Failed("no luck")
        finish(tmp_path, "copy", cell.mechanism)
        return RESULT

    monkeypatch.setattr(Cell, "run", run)
    command = ["--only", "copy", "--mechanisms", "dot,gmm", "--out", str(tmp_path)]
    assert main(command) == 1
    assert "copy dot: no luck" in capsys.readouterr().err
    assert (tmp_path / "copy/gmm" / RESULT_FILE).is_file()


def test_a_command_that_fails_is_told_and_leaves_no_result(tmp_path):
    cell = Cell(Task("copy", {"model": {}, "nonsense": 1}), "dot", tmp_path / "cell")
    with pytest.raises(Failed, match="nonsense"):
        cell.run()
    assert cell.finished() is None


@pytest.mark.parametrize("name", ["g2p", "multi30k"])
def test_a_task_without_its_corpus_is_left_out(name, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("ATTNMT_CORPORA", str(tmp_path / "none"))
    with pytest.raises(Absent, match="ATTNMT_CORPORA"):
        prepare_task(name, tmp_path)
    assert main(["--only", name, "--out", str(tmp_path)]) == 1
    assert f"{name} is left out" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--only", "--mechanisms"])
def test_an_unknown_name_is_told(option, capsys):
    with pytest.raises(SystemExit):
        main([option, "nonsense"])
    assert "found 'nonsense'" in capsys.readouterr().err


def test_every_mechanism_of_the_library_is_compared():
    from attnmt.layers.attention import build

    compared = {settings["type"] for settings in MECHANISMS.values()}
    classes = {build.MECHANISMS[name] for name in compared}
    assert classes == set(build.MECHANISMS.values())
    normalisers = {s.get("normaliser", "softmax") for s in MECHANISMS.values()}
    assert normalisers == set(build.NORMALISERS)


@pytest.mark.slow
def test_a_short_training_by_the_real_command(tmp_path, monkeypatch, capsys):
    def tiny(folder: Path) -> Task:
        task = full(folder)
        task.settings["training"] |= {"max_steps": 3}
        return task

    full = tasks.TASKS["lexicon"]
    monkeypatch.setattr(toys, "SIZES", {"train": 64, "test": 3})
    monkeypatch.setitem(tasks.TASKS, "lexicon", tiny)
    names = ["additive", "linformer"]
    command = ["--only", "lexicon", "--mechanisms", ",".join(names)]
    assert main([*command, "--out", str(tmp_path)]) == 0, capsys.readouterr().err
    results = json.loads((tmp_path / "attention_study.json").read_text())["lexicon"]
    assert list(results) == names
    for name in names:
        assert results[name]["updates"] == 3
        assert results[name]["parameters"] > 10_000
        assert 0 <= results[name]["token_error_rate"]
        assert 0 < results[name]["entropy_share"] <= 1
    assert 0 <= results["additive"]["on_gold"] <= 1
    assert 0 <= results["additive"]["aer"] <= 1
    assert not {"on_gold", "aer"} & set(results["linformer"])  # its columns are slots
    assert (tmp_path / "attention_gallery.png").is_file()
