"""`attnmt train`: the run folder, what is printed, the same command again."""

import json
import re
import subprocess
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest

from attnmt.analysis.dump import Dump
from attnmt.config.loading import load_config
from attnmt.errors import ConfigError

Command = Callable[..., subprocess.CompletedProcess[str]]
FIGURES = {"loss", "perplexity", "accuracy", "bleu", "chrf"}


def lines_of(path: Path) -> list[str]:
    text = path.read_text("utf-8")
    assert text.endswith("\n")
    return text[:-1].split("\n")


def journal(run: Path, kind: str) -> list[dict]:
    """The entries of metrics.jsonl, of one kind."""
    entries = [json.loads(line) for line in lines_of(run / "metrics.jsonl")]
    return [entry for entry in entries if entry["kind"] == kind]


def weights_of(run: Path) -> bytes:
    checkpoint = run / "checkpoints" / (run / "last").read_text("utf-8").strip()
    return (checkpoint / "weights.safetensors").read_bytes()


def test_the_run_folder_holds_what_the_design_names_and_nothing_else(
    trained: Path,
) -> None:
    run = trained / "runs/tiny"
    files = [str(p.relative_to(run)) for p in run.rglob("*") if p.is_file()]
    found = {re.sub(r"tfevents\..*", "tfevents", name) for name in files}
    steps = [f"{entry['step']:09d}" for entry in journal(run, "validation")]
    assert len(steps) == 2
    dump = ("header.json", "records.jsonl", "weights.bin", "DONE.json")
    ids = ("source.ids", "source.offsets", "target.ids", "target.offsets", "meta.json")
    checkpoint = ("weights.safetensors", "optimizer.safetensors", "state.json")
    assert found == {
        *("config.yaml", "manifest.json", "metrics.jsonl", "best", "last"),
        *(
            f"tokenizer/{s}.{kind}"
            for s in ("source", "target")
            for kind in ("model", "vocab")
        ),
        *(f"encoded/{part}/{name}" for part in ("train.0", "valid") for name in ids),
        *(f"checkpoints/{step}/{name}" for step in steps for name in checkpoint),
        *(f"validation/{step}/hypothesis.txt" for step in steps),
        *(f"validation/{step}/attention/{name}" for step in steps for name in dump),
        "tensorboard/events.out.tfevents",
    }


def test_the_effective_configuration_is_the_one_that_was_given(trained: Path) -> None:
    effective = load_config(trained / "runs/tiny/config.yaml")
    assert effective == load_config(trained / "config.yaml")
    assert "max_steps: null" in (trained / "runs/tiny/config.yaml").read_text("utf-8")


def test_the_manifest_tells_versions_command_device_and_data(trained: Path) -> None:
    manifest = json.loads((trained / "runs/tiny/manifest.json").read_text("utf-8"))
    assert manifest["attnmt"] == version("attnmt")
    assert manifest["packages"]["tensorflow"] == version("tensorflow")
    assert manifest["command"][-2:] == ["train", "config.yaml"]
    assert f"device: {manifest['device']}\n" in (trained / "stderr").read_text("utf-8")
    (fingerprint,) = manifest["data"]
    assert [name for name, *_ in fingerprint["text"]] == [
        str(trained / "corpus/train.en"),
        str(trained / "corpus/train.de"),
    ]


def test_the_metrics_tell_how_the_training_went(trained: Path) -> None:
    entries = journal(trained / "runs/tiny", "train")
    steps = [entry["step"] for entry in entries]
    assert steps == sorted(set(steps)) and steps[:3] == [1, 5, 10]
    assert entries[-1]["loss"] < entries[0]["loss"] - 0.5
    for entry in entries:
        assert np.isfinite([v for v in entry.values() if v != "train"]).all()
        assert entry["learning_rate"] == 0.01 and entry["tokens_per_second"] > 0
    first, second = journal(trained / "runs/tiny", "validation")
    assert FIGURES < set(first)
    assert second["loss"] < first["loss"]
    assert second["step"] == 2 * first["step"] == steps[-1]


def test_tensorboard_reads_the_same_figures(trained: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.util import tensor_util

    run = trained / "runs/tiny"
    folder = str(run / "tensorboard")
    events = EventAccumulator(folder, size_guidance={"tensors": 0}).Reload()
    tags = set(events.Tags()["tensors"])
    assert {f"validation/{name}" for name in FIGURES} <= tags
    for kind in ("train", "validation"):
        found = {
            event.step: tensor_util.make_ndarray(event.tensor_proto).item()
            for event in events.Tensors(f"{kind}/loss")
        }
        told = {entry["step"]: entry["loss"] for entry in journal(run, kind)}
        assert found == pytest.approx(told)


def test_progress_goes_to_standard_error_in_plain_lines(trained: Path) -> None:
    assert (trained / "stdout").read_text("utf-8") == ""
    text = (trained / "stderr").read_text("utf-8")
    assert not set(text) & {"\r", "\x1b"}
    assert text.startswith("device: ")
    size = len(lines_of(trained / "corpus/train.en"))
    assert f"\ntraining corpus: {size} pairs, " in text
    report = (
        r"\nepoch 0\.\d\d step 5: loss \d\.\d+, rate 0\.01, [\d,]+ tokens/s, .* left\n"
    )
    assert re.search(report, text)
    assert text.count("\nvalidation at step ") == 2
    assert text.count("\n  hypothesis ") == 6
    end = (
        r"\ntrained \d+ steps in \d+:\d\d, ended by training\.max_epochs: runs/tiny\n$"
    )
    assert re.search(end, text)


def test_every_validation_leaves_translations_and_their_attention(
    trained: Path,
) -> None:
    sources = lines_of(trained / "corpus/valid.en")
    for folder in (trained / "runs/tiny/validation").iterdir():
        hypotheses = (folder / "hypothesis.txt").read_text("utf-8").split("\n")[:-1]
        assert len(hypotheses) == len(sources)
        records = list(Dump(folder / "attention"))
        assert [record.source for record in records] == sources[:3]
        assert [record.hypothesis for record in records] == hypotheses[:3]


def test_best_and_last_name_checkpoints(trained: Path) -> None:
    run = trained / "runs/tiny"
    validations = journal(run, "validation")
    best = min(validations, key=lambda entry: entry["loss"])
    assert (run / "best").read_text("utf-8") == f"{best['step']:09d}\n"
    assert (run / "last").read_text("utf-8") == f"{validations[-1]['step']:09d}\n"


@pytest.mark.slow
def test_the_same_command_again_has_nothing_to_do_and_more_epochs_go_on(
    work: Path, attnmt: Command
) -> None:
    run = work / "runs/tiny"
    before, metrics = weights_of(run), (run / "metrics.jsonl").read_bytes()
    again = attnmt("train", "config.yaml", cwd=work)
    assert (again.returncode, again.stdout) == (0, "")
    assert "nothing left to do" in again.stderr
    assert "training.max_epochs" in again.stderr
    assert weights_of(run) == before
    assert (run / "metrics.jsonl").read_bytes() == metrics

    arguments = ("--set", "training.max_epochs=3", "--resume", "must")
    more = attnmt("train", "runs/tiny/config.yaml", *arguments, cwd=work)
    assert more.returncode == 0, more.stderr
    first, second, third = (e["step"] for e in journal(run, "validation"))
    assert f"resumed from step {second} " in more.stderr
    assert third == 3 * first
    assert weights_of(run) != before
    assert len(list((run / "checkpoints").iterdir())) <= 3
    assert load_config(run / "config.yaml").training.max_epochs == 3


def test_settings_that_cannot_change_on_the_way_are_refused_with_both_values(
    work: Path, attnmt: Command
) -> None:
    before = (work / "runs/tiny/config.yaml").read_bytes()
    change = ("--seed", 2, "--set", "model.decoder.units=41")
    done = attnmt("train", "config.yaml", *change, cwd=work)
    assert (done.returncode, done.stdout) == (2, "")
    assert "  model.decoder.units: was 40, now 41\n" in done.stderr
    assert "  seed: was 1, now 2\n" in done.stderr
    assert len(done.stderr.split("\n")) < 6
    assert (work / "runs/tiny/config.yaml").read_bytes() == before


@pytest.mark.parametrize(
    ("choice", "run", "message"),
    [
        ("never", "runs/tiny", "runs/tiny holds a training already"),
        ("must", "runs/new", "no checkpoint in runs/new"),
    ],
)
def test_resume_never_and_must_are_kept(
    trained: Path, attnmt: Command, choice: str, run: str, message: str
) -> None:
    before = sorted(trained.rglob("*"))
    arguments = ("--resume", choice, "--set", f"run_dir={run}")
    done = attnmt("train", "config.yaml", *arguments, cwd=trained)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert sorted(trained.rglob("*")) == before


@pytest.mark.slow
def test_a_dry_run_tells_time_and_memory_and_keeps_nothing(
    trained: Path, attnmt: Command, tmp_path: Path
) -> None:
    before = sorted(trained.rglob("*"))
    arguments = ("--dry-run", "--set", "run_dir=runs/new")
    scratch = {"TMPDIR": str(tmp_path)}
    done = attnmt("train", "config.yaml", *arguments, cwd=trained, env=scratch)
    assert done.returncode == 0, done.stderr
    names = [line.split("  ")[0] for line in done.stdout.split("\n")]
    assert names == ["parameters", "speed", "an epoch", "training", "memory", ""]
    assert "to 2 epochs, validations not counted\n" in done.stdout
    assert "\nmodel: " in done.stderr and "\ntrained " not in done.stderr
    assert sorted(trained.rglob("*")) == before and not list(tmp_path.iterdir())


def test_wrong_settings_on_the_command_line_are_told_all_at_once(
    trained: Path, attnmt: Command
) -> None:
    wrong = ("training.max_epoch=3", "nonsense", "model.dropout.word=many")
    settings = [part for setting in wrong for part in ("--set", setting)]
    done = attnmt("train", "config.yaml", *settings, cwd=trained)
    assert (done.returncode, done.stdout) == (2, "")
    assert "did you mean" in done.stderr
    lines = done.stderr.split("\n")[:-1]
    assert sorted(line.split(":")[0] for line in lines) == sorted(
        f"--set {setting}" for setting in wrong
    )
    with pytest.raises(ConfigError):
        load_config(trained / "config.yaml", wrong)
