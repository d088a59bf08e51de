"""`attnmt rerank`: N lines out for N lines that were translated."""

import json
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
LINES = ["My aunts go to the town hall.", "", "She washed the old red shirt."]


@pytest.fixture(scope="module")
def lists(trained, attnmt, tmp_path_factory) -> Path:
    """A folder with `samples`: five draws of each line."""
    folder = tmp_path_factory.mktemp("lists")
    (folder / "text").write_text("".join(f"{line}\n" for line in LINES), "utf-8")
    options = ("--sample", "--n-best", 5, "--format", "jsonl", "-o", "samples")
    run = ("--run", trained / "runs/tiny")
    done = attnmt("translate", "text", *run, *options, cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


def rows(text: str) -> list[dict]:
    return [json.loads(line) for line in text.splitlines()]


def test_the_best_of_each_line_leads_the_list_that_jsonl_tells(lists, attnmt) -> None:
    mbr = ("--mbr", "chrf")
    done = attnmt("rerank", "samples", *mbr, "--format", "jsonl", cwd=lists)
    assert (done.returncode, done.stderr) == (0, "")
    found = rows(done.stdout)
    assert [row["id"] for row in found] == [0] * 5 + [1] + [2] * 5
    assert [row["rank"] for row in found] == [*range(5), 0, *range(5)]
    before = rows((lists / "samples").read_text("utf-8"))
    for number in (0, 2):
        ours, theirs = ([r for r in x if r["id"] == number] for x in (found, before))
        scores = [row["score"] for row in ours]
        assert scores == sorted(scores, reverse=True) and 0 < scores[0] < 100
        told = [
            [(r["text"], r["log_prob"], r["pieces"]) for r in x] for x in (ours, theirs)
        ]
        assert sorted(told[0]) == sorted(told[1])
    text = (lists / "samples").read_text("utf-8")
    done = attnmt("rerank", "-", *mbr, "-o", "best", cwd=lists, text=text)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    best = [row["text"] for row in found if row["rank"] == 0]
    assert (lists / "best").read_text("utf-8").split("\n") == [*best, ""]


def test_a_reverse_run_scores_the_source_given_each_candidate(
    lists, trained, attnmt
) -> None:
    run = trained / "runs/tiny"
    options = ("--reverse", run, "--weight", 0.5, "--format", "jsonl")
    done = attnmt("rerank", "samples", *options, cwd=lists)
    assert (done.returncode, done.stderr) == (0, "")
    found = [row for row in rows(done.stdout) if row["source"]]
    for name, key in (("candidates", "text"), ("sources", "source")):
        text = "".join(f"{row[key]}\n" for row in found)
        (lists / name).write_text(text, "utf-8")
    scored = attnmt(
        *("score", "candidates", "sources", "--run", run, "--format", "jsonl"),
        cwd=lists,
    )
    for row, back in zip(found, rows(scored.stdout), strict=True):
        forward = row["log_prob"] / len(row["pieces"])
        backward = back["log_prob"] / len(back["pieces"])
        assert row["score"] == pytest.approx(forward + 0.5 * backward, abs=1e-4)


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        ((), 2, "expected either --mbr chrf or --reverse RUN"),
        (("--mbr", "chrf", "--reverse", "x"), 2, "expected either --mbr chrf or"),
        (("--mbr", "chrf", "--weight", 2), 2, "--weight: expected --reverse"),
        (("--reverse", "x", "--by-probability"), 2, "--by-probability: expected --mbr"),
        (("--reverse", "x"), 2, "--reverse: x is not a run folder"),
        (("--mbr", "bleu"), 2, "Invalid value for '--mbr'"),
        (("--mbr", "chrf", "-o", "samples"), 2, "an output that is not the input"),
    ],
    ids=str,
)
def test_what_contradicts_itself_is_refused(
    options, code, message, lists, attnmt
) -> None:
    output = () if "-o" in options else ("-o", "none")
    done = attnmt("rerank", "samples", *options, *output, cwd=lists)
    assert (done.returncode, done.stdout) == (code, "")
    assert message in done.stderr and not (lists / "none").exists()


def test_text_that_is_no_list_leaves_nothing_behind(lists, attnmt) -> None:
    done = attnmt("rerank", "text", "--mbr", "chrf", "-o", "none", cwd=lists)
    assert (done.returncode, done.stdout) == (3, "")
    assert "text:1: expected what attnmt translate" in done.stderr
    assert not (lists / "none").exists()
