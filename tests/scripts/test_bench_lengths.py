"""The bench of lengths: growth is told right, what is measured is kept."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from length_bench.page import curves, growth

ROOT = Path(__file__).parents[2]


def test_growth_is_the_exponent():
    curve = {s: (3.0 * s, 0.1 * s**2) for s in (100, 500, 1000, 4000)}
    assert growth(curve, 0) == pytest.approx(1.0)
    assert growth(curve, 1) == pytest.approx(2.0)


def test_a_curve_is_of_medians_over_the_rounds():
    rounds = [
        {"what": "train", "mechanism": "dot", "source": 8, "seconds": s, "megabytes": m}
        for s, m in ((1.0, 5.0), (9.0, 6.0), (2.0, 7.0))
    ]
    assert curves(rounds, "train") == {"dot": {8: (6.0, 2.0)}}


@pytest.mark.slow
def test_the_bench_measures_once_and_writes_table_and_picture(tmp_path):
    command = [sys.executable, "-m", "length_bench", "--out", str(tmp_path)]
    command += ["--mechanisms", "local_m", "--lengths", "20", "40"]
    environment = os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT}/scripts"}

    def run() -> str:
        return subprocess.run(
            command, check=True, text=True, capture_output=True, env=environment
        ).stderr

    assert "decode local_m" in run()
    measures = json.loads((tmp_path / "lengths.json").read_text("utf-8"))
    assert [m["source"] for m in measures] == [20, 40] * 3
    assert all(m["seconds"] > 0 for m in measures)
    assert "| `local_m` |" in (tmp_path / "lengths.md").read_text("utf-8")
    assert (tmp_path / "lengths.png").stat().st_size > 10_000
    assert "round" not in run()  # all is there
