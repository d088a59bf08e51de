"""What is read from a run folder."""

import shutil
from collections.abc import Callable

import pytest

from attnmt.analysis.dump_writer import DumpWriter
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
        ("eval/test/scores.json", '{"metrics": {}, "metrics": {}}', r"expected the sc"),
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


def test_lines_that_a_full_disk_or_a_fault_has_left_are_passed_over(
    make_run: MakeRun,
) -> None:
    run = make_run()
    lines = (
        '{"kind": "tra{"kind": "train", "step": 1, "loss": 2}',
        '{"kind": "validation", "step": 4, "bleu": NaN}',
        '{"kind": "train", "step": 1e999, "loss": 3}',
        '{"kind": "train", "step": ' + "9" * 5000 + "}",
        '{"kind": "train", "step": 5, "loss": 1e300, "accuracy": 0.5}',
        '{"kind": "train", "step": 9, "loss": 4}',
        '{"kind": 3, "step": 2}',
        '{"kind": "train"}',
        "[1]",
        "[" * 90_000,
        '{"kind": "train", "step": 2, "loss": 6}',
        '{"kind": "train", "step": 9, "loss": 5}',  # after a return to step 2
    )
    run.metrics_file.write_text("\n".join(lines), "utf-8")
    facts = read_facts(run)
    assert facts.validations == [] and facts.train == [
        {"step": 2.0, "loss": 6.0},
        {"step": 5.0, "accuracy": 0.5},
        {"step": 9.0, "loss": 5.0},
    ]


def test_files_without_end_are_refused(make_run: MakeRun) -> None:
    run = make_run()
    with open(run.metrics_file, "r+b") as file:
        file.truncate(10**11)
    with pytest.raises(DataError, match=r"metrics\.jsonl: expected at most"):
        read_facts(run)
    run.metrics_file.unlink()
    with open(run.eval_dir("test") / "scores.json", "r+b") as file:
        file.truncate(10**11)
    with pytest.raises(DataError, match=r"scores\.json: expected the scores"):
        read_facts(run)


def test_ten_samples_are_enough(make_run: MakeRun, make_record) -> None:
    run = make_run()
    shutil.rmtree(run.validation_dir)
    with DumpWriter(run.validation_dir / "000000003/attention", {}) as dump:
        for number in range(12):
            dump.write(make_record(number))
    assert [record.id for record in read_facts(run).samples] == list(range(10))
