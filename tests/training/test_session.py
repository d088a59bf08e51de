"""A training from its configuration: begun, resumed, refused."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from attnmt import checkpoint
from attnmt.averaging import average
from attnmt.config.loading import dump_config, load_config
from attnmt.config.schema import Config
from attnmt.errors import ConfigError, DataError
from attnmt.run import Run
from attnmt.training import manifest
from attnmt.training.resuming import differences, flat
from attnmt.training.session import train

pytestmark = pytest.mark.usefixtures("eagerly")
MakeConfig = Callable[..., Config]


def weights(run: Run) -> dict[str, np.ndarray]:
    last = run.checkpoints_dir / (run.path / "last").read_text("utf-8").strip()
    return checkpoint.load_arrays(last / checkpoint.WEIGHTS)


def saved(run: Run) -> dict[str, bytes]:
    files = run.checkpoints_dir.glob("*/*.safetensors")
    return {str(file): file.read_bytes() for file in files}


def assert_same(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> None:
    assert one.keys() == other.keys()
    for name in one:
        np.testing.assert_array_equal(one[name], other[name], name)


def test_a_training_that_is_over_has_nothing_left_to_do(
    make_config: MakeConfig, capsys: pytest.CaptureFixture[str]
) -> None:
    run = train(make_config(), command=["attnmt", "train"])
    printed = capsys.readouterr().err
    assert "\ntraining corpus: 48 pairs, " in printed
    assert f"\ntrained {int((run.path / 'last').read_text())} steps in " in printed
    assert json.loads(run.manifest_file.read_text())["command"] == ["attnmt", "train"]

    # As a kill leaves them that comes after a checkpoint and before its names.
    best, last = ((run.path / name).read_text("utf-8") for name in ("best", "last"))
    (run.path / "best").unlink()
    (run.path / "last").write_text("000000001\n", "utf-8")
    before = saved(run)
    train(make_config())
    printed = capsys.readouterr().err
    assert "warning" not in printed
    assert "nothing left to do" in printed and "raise training.max_epochs" in printed
    assert (run.path / "best").read_text("utf-8") == best
    assert (run.path / "last").read_text("utf-8") == last
    assert saved(run) == before

    corpus = make_config().data.train[0]
    text = next(path for path in (corpus.source, corpus.tsv) if path)
    os.utime(text, (1, 1))  # changed at another time
    train(make_config())
    printed = capsys.readouterr().err
    assert "warning: the training text is not what it was" in printed


PLAIN: dict[str, dict] = {"training": {}, "tokenizer": {}}
MORE = {
    "training": {"average": 0.9, "weight_decay": 0.1},
    "tokenizer": {"vocab_size": 320, "sampling": 0.2},
}


@pytest.mark.parametrize("options", [PLAIN, MORE])
def test_a_damaged_checkpoint_is_passed_over_and_changes_nothing(
    options: dict, make_config: MakeConfig, capsys: pytest.CaptureFixture[str]
) -> None:
    rates = {"embedding": 0.3, "recurrent": 0.3, "word": 0.3}
    drops = {"dropout": rates | {"variational": options is MORE}}
    config = make_config(model=drops, validation={"metrics": ["loss"]}, **options)
    run = train(config)
    end = weights(run)
    newest = sorted(run.checkpoints_dir.iterdir())[-1]
    (newest / checkpoint.OPTIMIZER).write_bytes(b"not any more")
    capsys.readouterr()
    train(config)
    printed = capsys.readouterr().err
    assert f"passed over a damaged checkpoint: {newest}" in printed
    assert "resumed from step" in printed and "(epoch 1)" in printed
    assert_same(weights(run), end)


def test_one_seed_gives_one_model_and_another_another(
    make_config: MakeConfig, tmp_path: Path
) -> None:
    config = make_config(training={"max_steps": 2}, data={"valid": None})
    runs = [
        train(config.model_copy(update={"seed": seed, "run_dir": tmp_path / str(i)}))
        for i, seed in enumerate((7, 7, 8))
    ]
    assert not (runs[0].path / "best").exists()
    assert runs[0].best_checkpoint().name == "000000002"
    first, same, other = map(weights, runs)
    assert_same(first, same)
    assert any((first[name] != other[name]).any() for name in first)


def test_without_a_checkpoint_all_begins_anew(make_config: MakeConfig) -> None:
    config = make_config(training={"max_steps": 1}, data={"valid": None})
    run = Run(config.run_dir)
    run.tokenizer_dir.mkdir(parents=True)
    stale = run.tokenizer_dir / "shared.model"
    stale.write_bytes(b"made by a training of other settings, which was stopped")
    before = config.model_copy(update={"seed": 5})
    run.config_file.write_text(dump_config(before), "utf-8")
    train(config)
    assert run.load_config() == config


@pytest.mark.parametrize("name", ["config.yaml", "tokenizer/mine.model"])
def test_files_of_the_user_are_not_replaced(make_config: MakeConfig, name: str) -> None:
    config = make_config()
    mine = config.run_dir / name
    mine.parent.mkdir(parents=True)
    mine.write_text("run_dir: here  # written by hand\n", "utf-8")
    (config.run_dir / ".mine.tmp").touch()
    kept = sorted(config.run_dir.rglob("*"))
    with pytest.raises(ConfigError, match="which a training would replace: move it"):
        train(config)
    assert sorted(config.run_dir.rglob("*")) == kept
    assert mine.read_text("utf-8") == "run_dir: here  # written by hand\n"


def test_what_a_killed_training_left_is_cleared_and_nothing_of_others(
    make_config: MakeConfig,
) -> None:
    config = make_config(training={"max_steps": 1}, data={"valid": None})
    run = train(config)
    half = [".last.tmp", "encoded/.train.0.tmp", "checkpoints/.000000009.trash"]
    others = [".dump.77.tmp", "export/.litert-float32.tmp", "checkpoints/.gitkeep"]
    for name in half + others:
        (run.path / name).parent.mkdir(exist_ok=True)
        (run.path / name).touch()
    train(make_config(training={"max_steps": 2}, data={"valid": None}))
    assert [(run.path / name).exists() for name in half + others] == 3 * [0] + 3 * [1]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"training": {"accumulate": 2}}, "training.accumulate: was 1, now 2"),
        (
            {"model": {"attention": {"type": "local_m", "window": 2}}},
            "model.attention.window: was None, now 2",
        ),
    ],
)
def test_settings_do_not_change_on_the_way_by_an_edited_file(
    make_config: MakeConfig, change: dict[str, dict], told: str
) -> None:
    model = {"attention": {"type": "local_m"}}
    common = {"data": {"valid": None}, "model": model}
    run = train(make_config(training={"max_steps": 1}, **common))
    edited = make_config(**{**common, "training": {}} | change)
    run.config_file.write_text(dump_config(edited), "utf-8")
    with pytest.raises(ConfigError, match=told):
        train(load_config(run.config_file))


def test_a_training_does_not_go_on_from_an_average(
    make_config: MakeConfig, tmp_path: Path
) -> None:
    run = train(make_config(training={"max_steps": 1}, data={"valid": None}))
    mean = average([run.best_checkpoint()], tmp_path / "mean")
    kept = mean.manifest_file.read_bytes()
    with pytest.raises(ConfigError, match="mean is an average: no training goes on"):
        train(mean.load_config())
    assert mean.manifest_file.read_bytes() == kept


def test_a_slow_git_does_not_end_a_training(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(command: list[str], **_: object) -> None:
        raise subprocess.TimeoutExpired(command, 10)

    monkeypatch.setattr(subprocess, "run", slow)
    assert manifest._git_revision() is None


def test_memory_slots_are_not_forbidden_to_be_read_again(
    make_config: MakeConfig,
) -> None:
    slots = {"attention": {"type": "linformer", "slots": 4}}
    config = make_config(model=slots, training={"coverage_loss": 1.0})
    with pytest.raises(ConfigError, match=r"coverage_loss: expected 0, .* found 1\.0"):
        train(config)
    config = make_config(model=slots, decoding={"coverage_penalty": 0.2})
    match = r"decoding\.coverage_penalty: expected 0, .* found 0\.2"
    with pytest.raises(ConfigError, match=match):
        train(config)


def test_a_training_goes_on_only_from_the_run_that_it_began_with(
    make_config: MakeConfig, tmp_path: Path
) -> None:
    config = make_config(training={"max_steps": 1}, data={"valid": None})
    parent = train(config.model_copy(update={"run_dir": tmp_path / "parent"})).path
    train(config, init_from=parent)
    train(config, init_from=parent)
    train(config)
    with pytest.raises(ConfigError, match=f"began with {parent}: leave it out"):
        train(config, init_from=tmp_path / "other")
    with pytest.raises(ConfigError, match="began with new weights: leave it out"):
        train(config.model_copy(update={"run_dir": parent}), init_from=parent)


@pytest.mark.parametrize(
    ("section", "values"),
    [
        ("training", {"max_epochs": 9, "max_steps": 99, "report_every": 7}),
        ("training", {"save_every": 3, "keep": 5}),
        ("validation", {"every": "3 steps", "samples": 0}),
        ("decoding", {"beam_size": 9}),
        ("data", {"valid": None, "test": {"tsv": "x"}}),
    ],
)
def test_some_settings_may_change_on_the_way(
    make_config: MakeConfig, section: str, values: dict
) -> None:
    changed = make_config(**{section: values})
    assert changed != make_config()
    assert differences(flat(make_config()), flat(changed)) == []


@pytest.mark.parametrize(
    ("section", "values", "expected"),
    [
        ("training", {"accumulate": 2}, ["training.accumulate: was 1, now 2"]),
        ("data", {"max_length": 9}, ["data.max_length: was 100, now 9"]),
        (
            "model",
            {"attention": {"units": 6, "type": "dot"}},
            [
                "model.attention.type: was 'additive', now 'dot'",
                "model.attention.units: was 4, now 6",
            ],
        ),
        ("model", {"attention": {}}, ["model.attention.units: was 4, now None"]),
        ("tokenizer", {"shared": False}, ["tokenizer.shared: was True, now False"]),
    ],
)
def test_others_may_not_and_are_named_with_both_values(
    make_config: MakeConfig, section: str, values: dict, expected: list[str]
) -> None:
    changed = make_config(**{section: values})
    assert differences(flat(make_config()), flat(changed)) == expected


@pytest.mark.parametrize("changed", [False, True])
def test_text_may_move_on_the_way_and_is_not_taken_for_other_text(
    make_config: MakeConfig,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    changed: bool,
) -> None:
    none = {"valid": None}
    run = train(make_config(training={"max_steps": 1}, data=none))
    corpus = make_config().data.train[0]
    (tmp_path / "moved").mkdir()
    moved = {}
    for side in ("source", "target"):
        file = getattr(corpus, side)
        text = file.read_text("utf-8")
        moved[side] = tmp_path / "moved" / file.name
        moved[side].write_text(text + "one more\n" * changed, "utf-8")
        file.unlink()
    config = make_config(training={"max_steps": 2}, data={**none, "train": [moved]})
    if changed:
        kept = run.config_file.read_bytes()
        with pytest.raises(ConfigError, match="data.train: was .*moved/train.en"):
            train(config)
        assert run.config_file.read_bytes() == kept
        return
    train(config)
    printed = capsys.readouterr().err
    assert "\nresumed from step 1 " in printed
    assert "the training text is not what it was" not in printed
    assert run.load_config().data.train[0].source == moved["source"]


def test_other_kinds_and_weights_of_text_are_refused(make_config: MakeConfig) -> None:
    was = make_config()
    corpus = was.data.train[0].model_dump()
    for train_on in (
        [corpus | {"weight": 2.0}],
        [corpus | {"tag": "<bt>"}],
        [{"tsv": "text.tsv"}],
        [corpus, corpus],
    ):
        now = make_config(data={"train": train_on})
        (line,) = differences(flat(was), flat(now))
        assert line.startswith("data.train: was [{") and "train.en" in line


def test_what_cannot_be_trained_leaves_no_folder(make_config: MakeConfig) -> None:
    wrong = make_config(model={"attention": {"type": "dot"}})
    with pytest.raises(ConfigError, match="^model.attention"):
        train(wrong)
    with pytest.raises(ConfigError, match="--resume must: no checkpoint"):
        train(make_config(), "must")
    assert not wrong.run_dir.exists()


@pytest.mark.parametrize("part", ["train", "valid"])
def test_text_that_cannot_be_read_is_told_and_leaves_no_folder(
    make_config: MakeConfig, part: str
) -> None:
    missing = {"tsv": "nowhere.tsv"}
    config = make_config(data={part: [missing] if part == "train" else missing})
    with pytest.raises(DataError, match="nowhere.tsv"):
        train(config)
    assert not config.run_dir.exists()


def test_a_folder_that_cannot_be_made_is_told(make_config: MakeConfig) -> None:
    config = make_config()
    config.run_dir.write_text("a file", "utf-8")
    with pytest.raises(ConfigError, match="^run_dir: .*: File exists"):
        train(config)


REFINES = {"accumulate": 2, "minimum_risk": {"samples": 2, "alpha": 0.1}}


def test_a_refining_that_goes_on_is_the_uninterrupted_one(
    make_config: MakeConfig, tmp_path: Path
) -> None:
    def trained(name: str, init_from: Path | None = None, **training) -> Run:
        drops = {"dropout": {"embedding": 0.3, "recurrent": 0.3, "word": 0.3}}
        config = make_config(training=training, data={"valid": None}, model=drops)
        run_dir = config.run_dir.with_name(name)
        return train(
            config.model_copy(update={"run_dir": run_dir}), "auto", (), init_from
        )

    parent = trained("parent", max_steps=2)
    whole = trained("whole", parent.path, max_steps=4, **REFINES)
    trained("parts", parent.path, max_steps=2, **REFINES)
    parts = trained("parts", max_steps=4, **REFINES)
    assert_same(weights(parts), weights(whole))
    lines = [run.metrics_file.read_text("utf-8").split("\n") for run in (whole, parts)]
    losses = [[json.loads(line)["loss"] for line in each[:-1]] for each in lines]
    assert losses[0] == losses[1] and all(0.0 < loss < 1.0 for loss in losses[0])
    before = weights(parent)
    assert any((value != before[name]).any() for name, value in weights(whole).items())


def test_a_model_that_has_learnt_nothing_is_not_refined(
    make_config: MakeConfig,
) -> None:
    config = make_config(training=REFINES)
    expected = r"^training.minimum_risk.samples: expected 0, .* --init-from, found 2$"
    with pytest.raises(ConfigError, match=expected):
        train(config)
    assert not config.run_dir.exists()


def test_a_run_without_a_whole_checkpoint_is_not_begun_anew(
    make_config: MakeConfig,
) -> None:
    config = make_config(training={"max_steps": 1}, data={"valid": None})
    run = train(config)
    journal = run.metrics_file.read_bytes()
    for state in run.checkpoints_dir.glob("*/state.json"):
        state.write_bytes(state.read_bytes()[:-2])
    with pytest.raises(DataError, match="none of the checkpoints can be used"):
        train(config)
    assert run.metrics_file.read_bytes() == journal


def test_a_disk_that_is_full_before_the_first_update_is_told(
    make_config: MakeConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("attnmt.training.session.prepare_training", full)
    with pytest.raises(DataError, match="run: cannot be written: No space left"):
        train(make_config())
