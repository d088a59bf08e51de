"""The mean of checkpoints is a whole run folder, or there is none."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from attnmt import checkpoint
from attnmt.averaging import average, mean
from attnmt.checkpoint import WEIGHTS, State
from attnmt.config.loading import dump_config
from attnmt.config.schema import Config
from attnmt.errors import ConfigError, DataError
from attnmt.run import Run, write_atomically
from attnmt.sealed import file_sha256, read_sealed, sealed
from attnmt.text.tokenizer import load_tokenizers, prepare_tokenizers
from attnmt.verify import verify

TEXT = "".join(f"a boat {n} sinks\tein Kahn {n} sinkt\n" for n in range(30))
VALUES = {3: 0.1, 6: 0.4, 9: 1.0}  # of all weights, by step


def make_run(folder: Path, **tokenizer: object) -> Run:
    """A run folder as a training leaves it, with weights of no model."""
    (folder / "text.tsv").write_text(TEXT, "utf-8")
    config = Config.model_validate(
        {
            "run_dir": folder / "run",
            "data": {
                "source_lang": "en",
                "target_lang": "de",
                "train": [{"tsv": folder / "text.tsv"}],
            },
            "tokenizer": {"vocab_size": 300, **tokenizer},
        }
    )
    run = Run(config.run_dir)
    prepare_tokenizers(config, run.tokenizer_dir)
    write_atomically(run.config_file, dump_config(config))
    manifest = {"format": 2, "config_sha256": file_sha256(run.config_file)}
    write_atomically(run.manifest_file, sealed(manifest))
    prints = [t.fingerprint for t in load_tokenizers(config, run.tokenizer_dir)]
    for step, value in VALUES.items():
        weights = {
            "kernel": np.full((2, 3), value, np.float32),
            "scale": np.array(value, np.float32),
        }
        state = State(step=step, tokenizers=prints)
        checkpoint.save(run.checkpoints_dir, weights, {}, state)
    for name in ("best", "last"):
        run.point(name, paths(run)[-1])
    return run


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return make_run(tmp_path_factory.mktemp("whole"))


@pytest.fixture
def run(whole: Run, tmp_path: Path) -> Run:
    return Run(Path(shutil.copytree(whole.path, tmp_path / "run")))


def paths(run: Run) -> list[Path]:
    return checkpoint.all_in(run.checkpoints_dir)


def test_the_mean_is_a_run_that_is_whole(run: Run) -> None:
    found = average(paths(run), run.path.with_name("mean"))
    assert [problem for _, problem in verify(found) if problem] == []
    arrays = checkpoint.load_arrays(found.best_checkpoint() / WEIGHTS)
    expected = np.float32(
        np.mean([np.float32(x) for x in VALUES.values()], dtype=np.float64)
    )
    assert arrays["kernel"].dtype == np.float32
    np.testing.assert_array_equal(arrays["kernel"], np.full((2, 3), expected))
    assert (arrays["scale"].shape, arrays["scale"]) == ((), expected)
    assert found.best_checkpoint().name == "000000009"
    manifest = read_sealed(found.manifest_file)
    assert manifest["average_of"] == [str(path) for path in paths(run)]
    assert found.load_config().run_dir == found.path


def test_the_mean_has_the_shortlist_of_the_run(run: Run) -> None:
    run.shortlist_dir.mkdir()
    (run.shortlist_dir / "shortlist.json").write_text("{}", "utf-8")
    mean = average(checkpoint.all_in(run.checkpoints_dir), run.path.with_name("mean"))
    assert (mean.shortlist_dir / "shortlist.json").read_text("utf-8") == "{}"


def test_sums_keep_what_single_precision_would_lose(tmp_path: Path) -> None:
    values = [2.0**24, 1.0, 1.0, 1.0]  # in single precision 2 ** 24 + 1 is 2 ** 24
    folders = [
        checkpoint.save(tmp_path, {"w": np.array([x], np.float32)}, {}, State(step=n))
        for n, x in enumerate(values)
    ]
    found = mean([folder / WEIGHTS for folder in folders])["w"]
    assert found == np.float32((2.0**24 + 3) / 4)
    assert found != np.float32(2.0**22)


def test_a_folder_that_is_there_is_left_alone(run: Run) -> None:
    target = run.path.with_name("mean")
    target.mkdir()
    with pytest.raises(ConfigError, match="mean: expected a folder that is not"):
        average(paths(run), target)
    assert list(target.iterdir()) == []


def refused(checkpoints: list[Path], target: Path) -> str:
    """What is said of checkpoints that have no mean; nothing is left of it."""
    before = sorted(target.parent.iterdir())
    with pytest.raises(DataError) as error:
        average(checkpoints, target)
    assert sorted(target.parent.iterdir()) == before
    return str(error.value)


def test_a_damaged_checkpoint_is_named_and_nothing_written(run: Run) -> None:
    file = paths(run)[1] / WEIGHTS
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    message = refused(paths(run), run.path.with_name("mean"))
    assert message == f"{file}: damaged (its SHA-256 has changed)"


def test_another_shape_is_named_with_both(run: Run) -> None:
    state = checkpoint.load_state(paths(run)[0])
    state.step = 12
    weights = {
        "kernel": np.zeros((3, 2), np.float32),
        "scale": np.zeros((), np.float32),
    }
    odd = checkpoint.save(run.checkpoints_dir, weights, {}, state)
    message = refused([*paths(run)[:2], odd], run.path.with_name("mean"))
    assert f"{odd / WEIGHTS}: kernel: expected shape (2, 3)" in message
    assert "found shape (3, 2)" in message


def test_a_missing_tensor_is_named(run: Run) -> None:
    state = checkpoint.load_state(paths(run)[0])
    state.step = 12
    weights = {"kernel": np.zeros((2, 3), np.float32)}
    odd = checkpoint.save(run.checkpoints_dir, weights, {}, state)
    message = refused([paths(run)[0], odd], run.path.with_name("mean"))
    assert "scale: expected shape ()" in message and "no such tensor" in message


def test_other_tokenizers_are_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = make_run(tmp_path / "other", model_type="char")
    message = refused([paths(run)[0], paths(other)[0]], tmp_path / "mean")
    assert "expected the tokenizers of" in message


def test_the_best_of_several_runs_have_a_mean(run: Run, tmp_path: Path) -> None:
    other = Run(Path(shutil.copytree(run.path, tmp_path / "other")))
    other.point("best", paths(other)[0])
    both = [each.best_checkpoint() for each in (run, other)]
    found = average(both, tmp_path / "mean")
    arrays = checkpoint.load_arrays(found.best_checkpoint() / WEIGHTS)
    assert arrays["scale"] == pytest.approx((1.0 + 0.1) / 2)


def attnmt_average(
    *arguments: object, cwd: Path, python: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *python, "-m", "attnmt", "average", *map(str, arguments)],
        capture_output=True,
        encoding="utf-8",
        cwd=cwd,
    )


def test_the_command_averages_the_last_without_tensorflow(run: Run) -> None:
    folder = run.path.parent
    done = attnmt_average(
        *("run", "--last", 2), cwd=folder, python=("-X", "importtime")
    )
    assert done.returncode == 0, done.stderr
    assert "safetensors" in done.stderr and "tensorflow" not in done.stderr
    assert "written: " in done.stdout
    found = Run(folder / "run-average")
    arrays = checkpoint.load_arrays(found.best_checkpoint() / WEIGHTS)
    assert arrays["scale"] == pytest.approx((0.4 + 1.0) / 2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("run --checkpoints 3,4", "no checkpoint of step 4: "),
        ("run --checkpoints 3", "expected two checkpoints or more, found 1"),
        ("run --checkpoints 3,3", "expected steps, as in 1000,2000, found '3,3'"),
        ("run --checkpoints 3,03", "expected steps, as in 1000,2000, found '3,03'"),
        ("run run", "RUN: expected different runs, found one twice"),
        ("run --last 4", "expected 4 checkpoints or more, found 3"),
        ("run run --last 2", "expected one run"),
        ("nowhere", "RUN: nowhere is not a run folder"),
        ("run -o nowhere/x", "there is no folder nowhere"),
    ],
)
def test_wrong_options_are_usage_errors(run: Run, arguments: str, message: str) -> None:
    done = attnmt_average(*arguments.split(), cwd=run.path.parent)
    assert done.returncode == 2
    assert message in done.stderr and "Traceback" not in done.stderr
    assert sorted(path.name for path in run.path.parent.iterdir()) == ["run"]
