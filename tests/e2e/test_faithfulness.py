"""`attnmt attention faithfulness` of a trained run, as the installed command."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
Command = Callable[..., subprocess.CompletedProcess[str]]


def test_a_report_of_a_run_and_another_of_the_same(work: Path, attnmt: Command) -> None:
    done = attnmt(
        "attention",
        "faithfulness",
        "--run=runs/tiny",
        "--lines=4",
        "--seeds=runs/tiny",
        "-o",
        work / "report",
        cwd=work,
    )
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr and "erasure" in done.stderr
    report = json.loads((work / "report/report.json").read_text("utf-8"))
    page = (work / "report/report.html").read_text("utf-8")
    assert done.stdout.split("\n")[:2] == report["conclusions"]
    for conclusion in report["conclusions"]:
        assert conclusion.replace("'", "&#x27;") in page
    assert (
        report["sentences"] == 4 and report["origin"]["text"] == "test set of the run"
    )
    own = report["interventions"][0]
    assert (own["name"], own["changed"]) == ("own", 0.0)
    assert abs(own["cost"]["value"]) < 1e-4
    assert report["completeness_gap"] < 0.01
    [same] = report["seeds"]
    assert same["level"] == "piece" and same["divergence"]["value"] < 1e-6
    assert same["permuted"]["value"] > 1e-3
