"""Mistakes in `attnmt attention faithfulness`, told before TensorFlow is loaded."""

import subprocess
import sys
from pathlib import Path

from attnmt.config.loading import dump_config
from attnmt.config.schema import Config


def faithfulness(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "attnmt", "attention", "faithfulness"]
    return subprocess.run(
        [*command, *map(str, arguments)], capture_output=True, encoding="utf-8"
    )


def make_run(folder: Path, **data: object) -> Path:
    """A run folder with a checkpoint that nobody opens."""
    train = [{"source": folder / "a.en", "target": folder / "a.de"}]
    config = Config.model_validate(
        {
            "run_dir": folder,
            "data": {"source_lang": "en", "target_lang": "de", "train": train, **data},
        }
    )
    (folder / "checkpoints/000000001").mkdir(parents=True)
    (folder / "last").write_text("000000001\n")
    (folder / "config.yaml").write_text(dump_config(config), "utf-8")
    return folder


def assert_refused(done, code: int, message: str) -> None:
    assert done.returncode == code and message in done.stderr, done.stderr
    assert "Traceback" not in done.stderr and done.stdout == ""


def test_a_run_without_a_text_needs_one(tmp_path) -> None:
    run = make_run(tmp_path / "run")
    message = "found none: pass --source FILE --target FILE"
    assert_refused(faithfulness("--run", run), 2, message)
    half = faithfulness("--run", run, "--source", tmp_path / "a.en")
    assert_refused(half, 2, "expected both or none, found one")


def test_a_text_without_lines_is_refused(tmp_path) -> None:
    for name in ("a.en", "a.de"):
        (tmp_path / name).write_text("")
    run = make_run(
        tmp_path / "run",
        valid={"source": tmp_path / "a.en", "target": tmp_path / "a.de"},
    )
    done = faithfulness("--run", run)
    assert_refused(done, 3, "validation set of the run: expected text, found no lines")


def test_another_run_must_be_one(tmp_path) -> None:
    run = make_run(tmp_path / "run")
    done = faithfulness("--run", run, "--seeds", tmp_path / "none")
    assert_refused(done, 3, f"{tmp_path / 'none'}: not a run folder")
