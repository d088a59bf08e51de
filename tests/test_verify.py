"""Whatever has changed in a run folder is found and named."""

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from attnmt import checkpoint
from attnmt.checkpoint import State
from attnmt.config.loading import dump_config
from attnmt.config.schema import Config
from attnmt.exported import VERSION
from attnmt.run import Run, write_atomically
from attnmt.sealed import file_sha256, sealed
from attnmt.text.tokenizer import load_tokenizers, prepare_tokenizers
from attnmt.verify import verify

TEXT = "".join(f"a boat {n} sinks\tein Kahn {n} sinkt\n" for n in range(30))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder as a training leaves it, with weights of no model."""
    folder = tmp_path_factory.mktemp("whole")
    (folder / "text.tsv").write_text(TEXT, "utf-8")
    corpus = {"tsv": folder / "text.tsv"}
    config = Config.model_validate(
        {
            "run_dir": folder / "run",
            "data": {"source_lang": "en", "target_lang": "de", "train": [corpus]},
            "tokenizer": {"vocab_size": 300},
        }
    )
    run = Run(config.run_dir)
    prepare_tokenizers(config, run.tokenizer_dir)
    write_atomically(run.config_file, dump_config(config))
    manifest = {"format": 2, "config_sha256": file_sha256(run.config_file)}
    write_atomically(run.manifest_file, sealed(manifest))
    prints = [t.fingerprint for t in load_tokenizers(config, run.tokenizer_dir)]
    for step in (3, 6):
        weights = {"kernel": np.full((2, step), step, np.float32)}
        state = State(step=step, tokenizers=prints)
        saved = checkpoint.save(run.checkpoints_dir, weights, {}, state)
    run.point("best", saved)
    run.point("last", saved)
    return run.path


def problems(folder: Path) -> list[str]:
    return [problem for _, problem in verify(Run(folder)) if problem is not None]


@pytest.fixture
def copy(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "copy"))


def test_what_is_as_it_was_written_has_no_problem(whole: Path) -> None:
    checked = list(verify(Run(whole)))
    assert {path.name for path, _ in checked} >= {"000000003", "000000006", "tokenizer"}
    assert problems(whole) == []


def flip(data: bytes) -> bytes:
    return data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 1]) + data[-4:]


@pytest.mark.parametrize("change", [flip, lambda data: data[:-1], lambda data: b""])
@pytest.mark.parametrize(
    ("name", "named"),
    [
        ("manifest.json", "manifest.json"),
        ("config.yaml", "config.yaml"),
        ("tokenizer/shared.model", "tokenizer"),
        ("checkpoints/000000003/weights.safetensors", "000000003/weights"),
        ("checkpoints/000000003/optimizer.safetensors", "000000003/optimizer"),
        ("checkpoints/000000006/state.json", "000000006/state"),
    ],
)
def test_a_change_is_named(
    copy: Path, name: str, named: str, change: Callable[[bytes], bytes]
) -> None:
    (copy / name).write_bytes(change((copy / name).read_bytes()))
    found = problems(copy)
    assert found and named in found[0]
    assert len(found) == 1 or name != "manifest.json"


@pytest.mark.parametrize("name", ["best", "last"])
@pytest.mark.parametrize("text", ["000000007\n", "", "../../etc\n", "\x1b[2J"])
def test_a_pointer_to_nowhere_is_named(copy: Path, name: str, text: str) -> None:
    (copy / name).write_text(text, "utf-8")
    (problem,) = problems(copy)
    assert str(copy / name) in problem and "\x1b" not in problem


def test_a_run_without_a_model_is_named(copy: Path) -> None:
    shutil.rmtree(copy / "checkpoints")
    for name in ("best", "last"):
        (copy / name).unlink()
    assert problems(copy) == [
        f"{copy / 'last'}: missing: expected a file that names a checkpoint"
    ]


def test_a_run_that_was_not_validated_has_no_best(copy: Path) -> None:
    (copy / "best").unlink()
    assert "best" not in {path.name for path, _ in verify(Run(copy))}
    assert problems(copy) == []


def test_a_best_that_the_training_speaks_of_is_missed(copy: Path) -> None:
    state = State(step=9, best_step=6)
    prints = checkpoint.load_state(copy / "checkpoints/000000006").tokenizers
    weights = {"kernel": np.zeros((2, 2), np.float32)}
    state = replace(state, tokenizers=prints)
    run = Run(copy)
    run.point("last", checkpoint.save(run.checkpoints_dir, weights, {}, state))
    assert problems(copy) == []
    (copy / "best").unlink()
    assert problems(copy) == [
        f"{copy / 'best'}: missing: expected a file that names a checkpoint"
    ]
    shutil.rmtree(copy / "checkpoints/000000006")  # which a full disk did not take
    assert problems(copy) == []


def test_every_flipped_bit_of_the_small_files_is_found(copy: Path) -> None:
    for name in ("manifest.json", "checkpoints/000000006/state.json"):
        data = (copy / name).read_bytes()
        for bit in range(0, 8 * len(data), 7):
            damaged = bytearray(data)
            damaged[bit // 8] ^= 1 << bit % 8
            (copy / name).write_bytes(damaged)
            assert any(name in problem for problem in problems_of(copy / name)), bit
        (copy / name).write_bytes(data)


def problems_of(path: Path) -> list[str]:
    """What reading one of the two sealed files says."""
    from attnmt.errors import DataError
    from attnmt.sealed import read_sealed

    try:
        read_sealed(path)
    except DataError as error:
        return [str(error)]
    return []


def test_a_link_is_named_and_not_followed(copy: Path) -> None:
    secret = copy.parent / "secret"
    secret.write_text("none of the model's business", "utf-8")
    (copy / "best").unlink()
    os.symlink(secret, copy / "best")
    (problem,) = problems(copy)
    assert str(copy / "best") in problem and "found a link" in problem


@pytest.mark.parametrize("kind", ["pipe", "link"])
def test_a_pointer_that_is_no_file_is_not_opened(
    copy: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    def pointed(run: Run, name: str) -> Path:
        raise AssertionError(f"{name} was opened")  # of a pipe that never ends

    monkeypatch.setattr(Run, "pointed", pointed)
    for name in ("best", "last"):
        (copy / name).unlink()
    if kind == "pipe":
        os.mkfifo(copy / "last")
    else:
        os.symlink("/dev/zero", copy / "last")
    (problem,) = problems(copy)
    assert str(copy / "last") in problem


def test_tokenizers_of_another_run_are_told(copy: Path) -> None:
    config = Run(copy).load_config()
    tokenizer = config.tokenizer.model_copy(update={"model_type": "char"})
    shutil.rmtree(copy / "tokenizer")
    other = config.model_copy(update={"tokenizer": tokenizer})
    prepare_tokenizers(other, copy / "tokenizer")
    (problem,) = problems(copy)
    assert "from another run" in problem


def exported(run: Path, **changes: object) -> Path:
    """What stands for an export of a run, with these changes of its header."""
    folder = run / "export/litert-float32"
    folder.mkdir(parents=True)
    shutil.copyfile(run / "config.yaml", folder / "config.yaml")
    names = ("checkpoint", "model_sha256", "source_tokenizer", "target_tokenizer")
    header = {
        "version": VERSION,
        "origin": dict.fromkeys(names, ""),
        "attention": {"align_kind": "token"},
        "sha256": {"config.yaml": file_sha256(folder / "config.yaml")},
    }
    write_atomically(folder / "export.json", sealed(header | changes))
    return folder


def test_an_export_is_checked_with_the_rest(copy: Path) -> None:
    folder = exported(copy)
    assert folder in [path for path, _ in verify(Run(copy))]
    assert problems(copy) == []
    (folder / "config.yaml").write_text("run_dir: other\n", "utf-8")
    (problem,) = problems(copy)
    assert str(folder / "config.yaml") in problem and "SHA-256" in problem


def test_an_export_by_itself_is_checked_as_one(copy: Path) -> None:
    folder = exported(copy)
    names = [path.name for path, problem in verify(Run(folder)) if not problem]
    assert names == ["litert-float32", "export.json"]
    data = (folder / "export.json").read_bytes()
    for bit in range(8 * len(data)):
        damaged = bytearray(data)
        damaged[bit // 8] ^= 1 << bit % 8
        (folder / "export.json").write_bytes(damaged)
        assert len(problems(folder)) == 1, bit


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"sha256": {"config.yaml": "", "../../manifest.json": ""}}, "'../../manif"),
        ({"sha256": {"config.yaml": "", "/etc/passwd": ""}}, "'/etc/passwd'"),
        ({"sha256": []}, "expected config.yaml in sha256"),
        ({"origin": {}}, "in origin"),
        ({"attention": None}, "expected align_kind in attention"),
        ({"attention": {"align_kind": "tokem"}}, "expected token or slot, found 'tok"),
    ],
)
def test_a_header_of_an_export_that_is_none_is_told(
    copy: Path, changes: dict[str, object], named: str
) -> None:
    exported(copy, **changes)
    (problem,) = problems(copy)
    assert "export.json: damaged: " in problem and named in problem


def test_what_cannot_be_read_stops_no_check(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(path: Path) -> str:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(checkpoint, "file_sha256", denied)
    found = problems(copy)
    assert len(found) == 3 and all("Permission denied" in problem for problem in found)
