"""What a training will take, told by its first updates."""

import os
import signal
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from attnmt.config.schema import Config
from attnmt.errors import DataError
from attnmt.text.tokenizer import PAD
from attnmt.training import rehearsal
from attnmt.training.rehearsal import LEAST, rehearse, table

pytestmark = pytest.mark.usefixtures("eagerly")
MakeConfig = Callable[..., Config]


@pytest.fixture
def updated(monkeypatch: pytest.MonkeyPatch) -> list[list]:
    """The batches of all updates so far."""
    seen, update = [], rehearsal._update
    monkeypatch.setattr(
        rehearsal,
        "_update",
        lambda loop, batches: (seen.append(batches), update(loop, batches))[1],
    )
    return seen


def test_it_begins_with_the_longest_sentences_and_stops_when_time_is_over(
    make_config: MakeConfig, updated: list[list], tmp_path: Path
) -> None:
    # Each pair is a batch.
    config = make_config(training={"batch_tokens": 1, "accumulate": 2})
    before = sorted(tmp_path.iterdir())
    found = rehearse(config, seconds=0.0)
    assert sorted(tmp_path.iterdir()) == before
    assert len(updated) == 1 + LEAST and {len(batches) for batches in updated} == {2}
    (longest, same), *others = updated
    assert longest is not same
    np.testing.assert_array_equal(longest.source, same.source)

    def size(batch) -> int:
        return batch.source.size * batch.target_out.size

    assert size(longest) >= max(size(batch) for two in others for batch in two)
    assert found.updates == 24 and found.parameters > 1000 and found.megabytes > 1


@pytest.mark.parametrize(
    ("training", "share"),
    [({"max_epochs": 4}, 0.25), ({"max_epochs": 4, "max_steps": 2}, 1.5)],
)
def test_the_whole_training_is_so_many_epochs_or_steps(
    make_config: MakeConfig, training: dict, share: float
) -> None:
    # 48 pairs of 17 and fewer in a batch: three updates an epoch.
    config = make_config(training={"batch_tokens": 250, **training})
    found = rehearse(config, seconds=0.0)
    assert found.updates == 3
    assert found.epoch_seconds == pytest.approx(share * found.seconds)
    end = "2 steps or 4 epochs" if "max_steps" in training else "4 epochs"
    assert f" to {end}, validations not counted" in table(found, config)


def test_what_is_timed_are_the_tokens_that_are_trained_on(
    make_config: MakeConfig, updated: list[list], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rehearsal.Stopwatch, "lap", lambda _: 2.0)
    # Three updates, which are the epoch.
    found = rehearse(make_config(training={"batch_tokens": 250}), seconds=0.0)
    tokens = sum(int((b.target_out != PAD).sum()) for (b,) in updated[1:])
    assert found.tokens_per_second == tokens / 6.0 and found.epoch_seconds == 6.0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_and_leaves_nothing(
    make_config: MakeConfig,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    number: int,
) -> None:
    config = make_config()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = sorted(tmp_path.iterdir())
    monkeypatch.setattr(rehearsal, "_update", lambda *_: os.kill(os.getpid(), number))
    with pytest.raises(SystemExit) as end:
        rehearse(config)
    assert end.value.code == 128 + number
    assert sorted(tmp_path.iterdir()) == before


def test_text_that_cannot_be_trained_on_is_refused_as_by_a_training(
    make_config: MakeConfig, tmp_path: Path
) -> None:
    config = make_config()
    (tmp_path / "train.de").write_text("ein\n", "utf-8")
    with pytest.raises(DataError):
        rehearse(config)
