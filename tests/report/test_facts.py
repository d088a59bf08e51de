"""What is read from a run folder."""

import shutil
from collections.abc import Callable

import pytest

from attnmt.errors import DataError
from attnmt.report.facts import read_facts
from attnmt.run import Run

MakeRun = Callable[..., Run]


def test_a_run_tells_its_training_its_scores_and_its_samples(make_run: MakeRun) -> None:
    facts = read_facts(make_run())
    assert facts.parameters == 2 * 5 + 7
    assert facts.state is not None and facts.state.step == 6 and facts.best == 3
    assert facts.manifest["device"] == "CPU"
    assert facts.train == [
        {"step": 1.0, "perplexity": 90.0},
        {"step": 5.0, "perplexity": 18.0},
    ]
    assert [entry["bleu"] for entry in facts.validations] == [7.5, 6.25]
    (found,) = facts.evaluations
    assert found.name == "test" and found.metrics["BLEU"].interval == (11.5, 13.25)
    assert found.word_alignment is not None and found.word_alignment.aer == 0.0871
    assert [record.source for record in facts.samples] == [
        "The <b>boat</b> sinks & sinks."
    ]


def test_a_training_that_has_saved_nothing_yet_has_facts(make_run: MakeRun) -> None:
    run = make_run()
    for name in ("checkpoints", "validation", "eval"):
        shutil.rmtree(run.path / name)
    for name in ("best", "last", "metrics.jsonl", "manifest.json"):
        (run.path / name).unlink()
    facts = read_facts(run)
    assert facts[2:] == ({}, None, None, None, [], [], [], [])


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        (
            "metrics.jsonl",
            '{"kind": "train"}\n',
            r"metrics\.jsonl:1: expected an entry",
        ),
        ("metrics.jsonl", "[1]\n", r"metrics\.jsonl:1: expected a JSON object"),
        ("metrics.jsonl", '{"kind": 3, "step": 2}\n', r"metrics\.jsonl:1: expected an"),
        ("eval/test/scores.json", '{"sentences": 3}', r"scores\.json: expected the sc"),
        ("eval/test/scores.json", "[" * 9**5, r"scores\.json: expected the scores th"),
        (
            "eval/test/scores.json",
            '{"sentences": 3, "metrics": {"BLEU": {"value": 1e999}}}',
            r"scores\.json: expected the scores",
        ),
        ("best", "../../x\n", "best: damaged"),
        ("manifest.json", "{}", r"manifest\.json: damaged"),
    ],
)
def test_what_is_damaged_is_named(
    make_run: MakeRun, name: str, text: str, told: str
) -> None:
    run = make_run()
    (run.path / name).write_text(text, "utf-8")
    with pytest.raises(DataError, match=told):
        read_facts(run)


def test_an_export_is_refused(make_run: MakeRun) -> None:
    run = make_run()
    (run.path / "export.json").write_text("{}", "utf-8")
    with pytest.raises(DataError, match="expected the run itself, because an export"):
        read_facts(run)
