"""A training of a few updates, to learn what the whole one will take."""

import resource
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from attnmt.checkpoint import State
from attnmt.config.schema import Config
from attnmt.text.encoded import EncodedCorpus
from attnmt.training.faults import AnyBatch
from attnmt.training.loop import Loop
from attnmt.training.memory import update_in_parts
from attnmt.training.progress import Stopwatch, clock
from attnmt.training.schedule import learning_rate
from attnmt.training.session import prepared
from attnmt.training.signals import Interruption

SECONDS = 20.0  # of updates that are timed
LEAST = 3  # updates that are, however long they take


class Estimate(NamedTuple):
    """What a training will take, from its first updates."""

    parameters: int
    updates: int  # of an epoch
    tokens_per_second: float  # target tokens, padding not counted
    epoch_seconds: float
    seconds: float  # of all epochs or steps, without validations
    megabytes: float  # at most so far, of the device that computes


def rehearse(
    config: Config, init_from: Path | None = None, seconds: float = SECONDS
) -> Estimate:
    """Do what a training does, up to some updates, in a folder of its own.

    Nothing of it is kept; the run folder is not looked at. The first update has the
    batch of the longest sentences, which needs most memory; it is not timed, as it
    compiles. Raises what `train` does, and Interrupted after clearing up.
    """
    interruption = Interruption()
    with (
        interruption.watched(),
        interruption.at_once(),
        tempfile.TemporaryDirectory(prefix="attnmt-") as folder,
    ):
        own = config.model_copy(update={"run_dir": Path(folder) / "run"})
        with prepared(own, "never", (), init_from) as loop:
            return _estimate(loop, seconds)


def table(estimate: Estimate, config: Config) -> str:
    """The estimate as lines for people."""
    options = config.training
    end = f"{options.max_epochs} epochs"
    if options.max_steps:
        end = f"{options.max_steps} steps or {end}"
    rows = {
        "parameters": f"{estimate.parameters:,}",
        "speed": f"{estimate.tokens_per_second:,.0f} target tokens a second",
        "an epoch": f"{clock(estimate.epoch_seconds)}, {estimate.updates:,} updates",
        "training": f"{clock(estimate.seconds)} to {end}, validations not counted",
        "memory": f"{estimate.megabytes:,.0f} MB",
    }
    return "\n".join(f"{name:<12}{value}" for name, value in rows.items())


def _estimate(loop: Loop, seconds: float) -> Estimate:
    corpora = loop.corpora(loop.state.epoch)
    plan, accumulate = loop.plan(corpora), loop.config.training.accumulate
    sources, targets = _lengths(corpora)
    longest = max(plan, key=lambda rows: _cells(sources[rows], targets[rows]))
    _update(loop, next(loop.updates(corpora, [longest] * accumulate)))
    spent, tokens = _timed(loop, loop.updates(corpora, plan), seconds)
    all_tokens = sum(int(targets[rows].sum()) for rows in plan)
    epoch_seconds = spent * all_tokens / tokens
    updates = -(-len(plan) // accumulate)
    share = loop.calendar.share(State(epoch=1, step=updates), len(plan))
    return Estimate(
        parameters=loop.trainer.model.count_params(),
        updates=updates,
        tokens_per_second=tokens / spent,
        epoch_seconds=epoch_seconds,
        seconds=epoch_seconds / share,
        megabytes=_megabytes(),
    )


def _lengths(corpora: list[EncodedCorpus]) -> tuple[np.ndarray, np.ndarray]:
    """Pieces and end of every pair, [pairs] each, in the order of a plan."""
    sources = [corpus.source_lengths + 1 for corpus in corpora]
    targets = [corpus.target_lengths + 1 for corpus in corpora]
    return np.concatenate(sources), np.concatenate(targets)


def _cells(sources: np.ndarray, targets: np.ndarray) -> int:
    """Attention weights of a batch, with padding."""
    return len(sources) * int(sources.max()) * int(targets.max())


def _timed(
    loop: Loop, updates: Iterator[list[AnyBatch]], seconds: float
) -> tuple[float, int]:
    """Seconds and target tokens of updates, until the seconds are over."""
    watch, spent, tokens = Stopwatch(), 0.0, 0
    for done, batches in enumerate(updates, start=1):
        tokens += _update(loop, batches)
        spent += watch.lap()
        if spent >= seconds and done >= LEAST:
            break
    return spent, tokens


def _update(loop: Loop, batches: list[AnyBatch]) -> int:
    """Apply an update; returns its target tokens."""
    state, config = loop.state, loop.config
    rate = learning_rate(config.training, state.step + 1, 0.0, 1.0)
    totals, _ = update_in_parts(
        loop.trainer, batches, config.seed, state, rate, loop.progress.tell
    )
    state.step += 1
    return int(totals.tokens)  # waits for the device


def _megabytes() -> float:
    if tf.config.get_visible_devices("GPU"):
        return tf.config.experimental.get_memory_info("GPU:0")["peak"] / 1e6
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak / 1e3
