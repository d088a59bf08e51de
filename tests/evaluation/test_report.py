import json
from pathlib import Path

import pytest

from attnmt.errors import DataError
from attnmt.evaluation.alignment_error import AlignmentScore
from attnmt.evaluation.metrics import score
from attnmt.evaluation.report import Report

LINES = ["Der Hund läuft über das Gras.", "zwei Männer"]
REPORT = Report(
    2,
    score(LINES, LINES, metrics=["bleu"]),
    AlignmentScore(0.25, 0.5, 0.75, 10, 11, 12),
    {"run": "runs/ä"},
)


def test_json_holds_every_figure_and_where_it_is_from() -> None:
    found = json.loads(REPORT.json())
    assert (found["run"], found["sentences"]) == ("runs/ä", 2)
    assert set(found["metrics"]["BLEU"]) == {"value", "signature", "text"}
    assert found["word_alignment"]["aer"] == 0.25


def test_table_has_a_line_per_figure() -> None:
    rows = [line.split()[:2] for line in REPORT.table().split("\n")]
    assert rows == [
        ["BLEU", "100.00"],
        ["AER", "0.250"],
        ["precision", "0.500"],
        ["recall", "0.750"],
    ]


def test_hypotheses_and_scores_replace_older_ones(tmp_path: Path) -> None:
    folder = tmp_path / "eval" / "test"
    for lines in (["old"], LINES):
        REPORT.write(folder, lines)
    assert (folder / "hypothesis.txt").read_bytes() == "\n".join([*LINES, ""]).encode()
    assert (folder / "scores.json").read_text("utf-8") == REPORT.json() + "\n"
    assert len(list(folder.iterdir())) == 2


def test_scores_never_stand_beside_other_hypotheses(tmp_path: Path) -> None:
    def failing():
        yield "new"
        raise RuntimeError

    REPORT.write(tmp_path, LINES)
    with pytest.raises(RuntimeError):
        REPORT.write(tmp_path, failing())
    assert not (tmp_path / "scores.json").exists()
    assert (tmp_path / "hypothesis.txt").read_text("utf-8").startswith("Der Hund")


def test_a_folder_that_cannot_be_made_is_an_error_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "eval").write_text("in the way")
    with pytest.raises(DataError, match="eval/test: cannot be written: "):
        REPORT.write(tmp_path / "eval" / "test", LINES)
