"""The same training with several seeds."""

import json
from collections.abc import Callable

import numpy as np
import pytest

from attnmt.config.schema import Config
from attnmt.training.seeds import best_scores, spread, train_seeds


def test_mean_and_deviation_are_those_of_a_sample() -> None:
    scores = [{"bleu": 1.0, "loss": 3.0}, {"bleu": 4.0}, {"bleu": 2.5}]
    expected = f"bleu {2.5:.3f} ± {np.std([1.0, 4.0, 2.5], ddof=1):.3f}"
    assert spread(scores) == expected


def test_every_seed_has_a_run_of_its_own_and_its_best_score_is_told(
    make_config: Callable[..., Config], eagerly, capsys: pytest.CaptureFixture[str]
) -> None:
    config = make_config(
        training={"max_steps": 3}, validation={"metrics": ["loss"], "every": "1 step"}
    )
    runs = train_seeds(config, [4, 9])
    assert [run.path.name for run in runs] == ["run-4", "run-9"]
    assert [run.load_config().seed for run in runs] == [4, 9]
    lowest = []
    for run in runs:
        entries = map(json.loads, run.metrics_file.read_text("utf-8").splitlines())
        lowest.append(min(e["loss"] for e in entries if e["kind"] == "validation"))
        assert best_scores(run) == {"loss": lowest[-1]}
    assert lowest[0] != lowest[1]
    mean, deviation = np.mean(lowest), np.std(lowest, ddof=1)
    printed = capsys.readouterr().err
    assert f"mean of 2 seeds: loss {mean:.3f} ± {deviation:.3f}" in printed
