"""The same training with several seeds: how much of a score is luck."""

import json
from collections.abc import Sequence
from pathlib import Path
from statistics import mean, stdev

from attnmt.config.schema import Config
from attnmt.run import Run
from attnmt.training.progress import say
from attnmt.training.resuming import Resume
from attnmt.training.session import train


def train_seeds(
    config: Config,
    seeds: Sequence[int],
    resume: Resume = "auto",
    command: Sequence[str] = (),
    init_from: Path | None = None,
) -> list[Run]:
    """Train once per seed, into RUN_DIR-SEED, and tell the scores of all of them."""
    runs = []
    for seed in seeds:
        folder = config.run_dir.with_name(f"{config.run_dir.name}-{seed}")
        one = config.model_copy(update={"seed": seed, "run_dir": folder})
        runs.append(train(one, resume, command, init_from))
    scores = [best_scores(run) for run in runs]
    for run, values in zip(runs, scores, strict=True):
        say(f"{run.path}: {_line(values)}")
    say(f"mean of {len(runs)} seeds: {spread(scores)}")
    return runs


def best_scores(run: Run) -> dict[str, float]:
    """What the best validation of a run measured; nothing without one."""
    if not (run.path / "best").is_file():
        return {}
    step = int(run.pointed("best").name)
    lines = run.metrics_file.read_text("utf-8").split("\n")
    for entry in map(json.loads, filter(None, lines)):
        if entry["kind"] == "validation" and entry["step"] == step:
            return {k: entry[k] for k in entry if k not in ("kind", "step", "seconds")}
    return {}


def spread(scores: Sequence[dict[str, float]]) -> str:
    """Mean and standard deviation (of a sample) of each metric."""
    names = [name for name in scores[0] if all(name in one for one in scores)]
    columns = {name: [one[name] for one in scores] for name in names}
    return ", ".join(
        f"{name} {mean(column):.3f} ± {stdev(column):.3f}"
        for name, column in columns.items()
    )


def _line(values: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.3f}" for name, value in values.items())
