"""The commands of docs/recipes.md, with a small model and few sentences."""

import gzip
import json
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
QUICK = (
    *("--set", "training.max_steps=3", "--set", "training.report_every=1"),
    *("--set", "validation.metrics=[loss]", "--set", "validation.samples=0"),
)


def head(path: Path, count: int) -> str:
    lines = path.read_text("utf-8").split("\n")
    return "".join(f"{line}\n" for line in lines[:count])


def corpora(*corpora: str) -> tuple[str, ...]:
    return ("--set", f"data.train=[{', '.join(corpora)}]")


def test_a_student_learns_from_what_its_teachers_translate(
    trained, work, attnmt
) -> None:
    train = work / "train.en"
    train.write_text(head(trained / "corpus/train.en", 60), "utf-8")
    runs = ("--run", "runs/tiny", "--run", "runs/tiny")
    options = ("-o", "train.distilled.de", "--beam", 1, *runs)
    done = attnmt("translate", "train.en", *options, cwd=work)
    assert done.returncode == 0, done.stderr
    distilled = (work / "train.distilled.de").read_text("utf-8")
    assert distilled.count("\n") == 60

    text = f"{trained}/corpus/train"
    both = corpora(
        "{source: train.en, target: train.distilled.de}",
        f"{{source: {text}.en, target: {text}.de, weight: 0.1}}",
    )
    student = (*both, "--set", "run_dir=runs/student", "--seeds", "4,9")
    done = attnmt("train", "config.yaml", *QUICK, *student, cwd=work)
    assert done.returncode == 0, done.stderr
    kept = 60 - distilled.split("\n")[:-1].count("")
    assert f"\ntraining corpus: {kept} pairs, " in done.stderr
    assert done.stderr.count("\nrun") == 2
    assert "\nmean of 2 seeds: loss " in done.stderr
    journals = [
        (work / f"runs/student-{seed}/metrics.jsonl").read_text("utf-8").split("\n")
        for seed in (4, 9)
    ]
    losses = [json.loads(journal[0])["loss"] for journal in journals]
    assert losses[0] != losses[1]


def test_a_run_is_refined_by_what_its_translations_score(work, attnmt) -> None:
    refined = (
        *("--init-from", "runs/tiny", "--set", "run_dir=runs/refined"),
        *("--set", "training.minimum_risk.samples=6"),
        *("--set", "training.learning_rate=1e-3", "--set", "training.accumulate=2"),
    )
    command = ("train", "runs/tiny/config.yaml", *QUICK, *refined)
    done = attnmt(*command, cwd=work)
    assert done.returncode == 0, done.stderr
    assert "\nbegins with the weights of runs/tiny/checkpoints/" in done.stderr
    lines = (work / "runs/refined/metrics.jsonl").read_text("utf-8").split("\n")
    told = [json.loads(line) for line in lines[:-1]]
    risks = [entry["loss"] for entry in told if entry["kind"] == "train"]
    assert len(risks) == 3 and all(0.1 < risk < 0.9 for risk in risks)
    assert f" step 3: loss {risks[-1]:.3f}, " in done.stderr
    again = attnmt(*command, cwd=work)
    assert again.returncode == 0 and "nothing left to do" in again.stderr

    done = attnmt("train", "config.yaml", *QUICK, *refined[2:], cwd=work)
    assert done.returncode == 0, done.stderr  # it goes on with what is there
    other = (*QUICK, *refined[4:], "--set", "run_dir=runs/other")
    done = attnmt("train", "config.yaml", *other, cwd=work)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1 and "--init-from, found 6" in done.stderr


def test_back_translated_text_is_tagged_and_a_run_goes_on_with_it(
    trained, work, attnmt
) -> None:
    text = f"{trained}/corpus"
    backwards = (
        *("--set", "data.source_lang=de", "--set", "data.target_lang=en"),
        *corpora(f"{{source: {text}/train.de, target: {text}/train.en}}"),
        *("--set", "run_dir=runs/de-en"),
        *("--set", f"data.valid={{source: {text}/valid.de, target: {text}/valid.en}}"),
    )
    done = attnmt("train", "config.yaml", *QUICK, *backwards, cwd=work)
    assert done.returncode == 0, done.stderr
    mono = head(trained / "corpus/valid.de", 15)
    (work / "mono.de.gz").write_bytes(gzip.compress(mono.encode()))
    options = ("-o", "mono.bt.en.gz", "--run", "runs/de-en", "--beam", 1)
    done = attnmt("translate", "mono.de.gz", *options, cwd=work)
    assert done.returncode == 0, done.stderr
    synthetic = gzip.decompress((work / "mono.bt.en.gz").read_bytes()).decode()
    assert synthetic.count("\n") == 15

    tagged = (
        *corpora(
            f"{{source: {text}/train.en, target: {text}/train.de}}",
            "{source: mono.bt.en.gz, target: mono.de.gz, tag: <bt>}",
        ),
        *("--set", "run_dir=runs/better", "--init-from", "runs/tiny"),
    )
    command = ("train", "config.yaml", *QUICK, *tagged)
    done = attnmt(*command, cwd=work)
    assert done.returncode == 0, done.stderr
    assert "\nbegins with the weights of runs/tiny/checkpoints/" in done.stderr
    pieces = [
        (work / f"runs/{run}/tokenizer/source.vocab").read_text("utf-8").split("\n")
        for run in ("better", "tiny")
    ]
    assert pieces[0][:-1] == [*pieces[1][:-1], "<bt>"]
    again = attnmt(*command, cwd=work)
    assert again.returncode == 0 and "nothing left to do" in again.stderr

    done = attnmt("translate", "--run", "runs/better", cwd=work, text="My <bt> aunt.\n")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("\n") == 1
