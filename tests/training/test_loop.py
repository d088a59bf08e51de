"""The loop of a training: when it measures, saves, slows down, stops.

The loop is the real one; updates and validations are played, so that what they give
is known.
"""

import itertools
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from attnmt import checkpoint
from attnmt.config.schema import Config
from attnmt.errors import DataError, DivergedError
from attnmt.run import Run
from attnmt.text.batches import Batch
from attnmt.text.encoded import EncodedCorpus, encode_corpus
from attnmt.text.tokenizer import prepare_tokenizers
from attnmt.training.judging import judge
from attnmt.training.loop import Loop
from attnmt.training.memory import MemoryExhausted
from attnmt.training.objective import Totals
from attnmt.training.signals import Interrupted
from attnmt.weights import named_weights

PAIRS = [(f"{'the dog ' * n}sees", f"{'der Hund ' * n}sieht") for n in range(1, 10)]


class OneWeight(keras.layers.Layer):
    """A model that is as small as they come."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = self.add_weight(name="weight", shape=(), initializer="zeros")


class PlayedTrainer:
    """Counts updates in the only weight; `losses` says what each one costs."""

    def __init__(self, model: OneWeight, losses: Sequence[float]) -> None:
        self.model, self.losses = model, losses
        self.updates: list[tuple[list[int], float]] = []  # sentences, learning rate
        self.steps: list[int] = []

    def update(
        self, batches: list[Batch], seed: int, step: int, rate: float
    ) -> tuple[Totals, float]:
        self.updates.append(([len(batch.source) for batch in batches], rate))
        self.steps.append(step)
        self.model.weight.assign_add(1.0)
        loss = self.losses[min(step, len(self.losses) - 1)]
        return Totals(2.0 * loss, 2.0 * loss, 1.0, 2.0), 0.5  # type: ignore[arg-type]

    def averaged(self) -> nullcontext:
        return nullcontext()

    def named_weights(self) -> dict[str, keras.Variable]:
        return named_weights(self.model)

    def named_state(self) -> dict[str, keras.Variable]:
        return {}


class PlayedValidator:
    """Gives the losses that it is told, one after the other."""

    def __init__(self, losses: Sequence[float]) -> None:
        self.losses, self.of = iter(losses), ("text", "search")
        self.folders: list[str] = []

    def measure(self, folder: Path, disk: object) -> tuple[dict[str, float], list]:
        self.folders.append(folder.name)
        return {"loss": next(self.losses)}, []


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict, EncodedCorpus]:
    """A configuration in plain values and the encoded corpus that it names."""
    folder = tmp_path_factory.mktemp("corpus")
    for side, lang in enumerate(("en", "de")):
        text = "".join(f"{pair[side]}\n" for pair in PAIRS)
        (folder / lang).write_text(text, "utf-8")
    corpus = {"source": str(folder / "en"), "target": str(folder / "de")}
    values = {
        "run_dir": "unused",
        "data": {"source_lang": "en", "target_lang": "de", "train": [corpus]},
        "tokenizer": {"vocab_size": 300},
    }
    values["data"]["valid"] = corpus
    tokenizers = prepare_tokenizers(Config.model_validate(values), folder)
    return values, encode_corpus(PAIRS, *tokenizers, folder / "encoded")


@pytest.fixture
def make_loop(base: tuple[dict, EncodedCorpus], tmp_path: Path) -> Callable[..., Loop]:
    """A function that makes a loop over nine batches an epoch, of one sentence each."""
    values, corpus = base

    def make(
        training: dict,
        *,
        validation: dict | None = None,
        losses: Sequence[float] = (1.0,),
        measured: Sequence[float] = (),
        state: checkpoint.State | None = None,
    ) -> Loop:
        training = {
            "batch_tokens": 1,
            "report_every": 1,
            "save_every": 10**6,
        } | training
        validation = {"metrics": ["loss"]} | (validation or {})
        config = Config.model_validate(
            values | {"training": training, "validation": validation}
        )
        model = OneWeight()
        trainer = PlayedTrainer(model, losses)
        validator = PlayedValidator(measured) if measured else None
        start = state or checkpoint.State()
        run = Run(tmp_path / "run")
        run.path.mkdir(exist_ok=True)
        return Loop(config, run, trainer, lambda _: [corpus], validator, start)  # type: ignore[arg-type]

    return make


def entries(loop: Loop, kind: str) -> list[dict]:
    lines = loop.run.metrics_file.read_text("utf-8").split("\n")[:-1]
    return [entry for entry in map(json.loads, lines) if entry["kind"] == kind]


def saved(loop: Loop) -> list[int]:
    return sorted(int(p.name) for p in loop.run.checkpoints_dir.iterdir())


def pointer(loop: Loop, name: str) -> int:
    return int((loop.run.path / name).read_text("utf-8"))


def test_an_epoch_reads_every_sentence_once_and_ends_saved(make_loop) -> None:
    loop = make_loop({"max_epochs": 2})
    loop.run_to_end()
    assert [sum(sizes) for sizes, _ in loop.trainer.updates] == [1] * 18
    assert (loop.state.epoch, loop.state.batch, loop.state.step) == (2, 0, 18)
    assert saved(loop) == [9, 18] and pointer(loop, "last") == 18
    state = checkpoint.load_state(loop.run.checkpoints_dir / "000000018")
    assert state.finished and state.tokens == 36
    assert not (loop.run.path / "best").exists()


def test_accumulated_batches_are_one_update_and_the_rest_of_an_epoch_too(
    make_loop,
) -> None:
    loop = make_loop({"max_epochs": 1, "accumulate": 4})
    loop.run_to_end()
    assert [sizes for sizes, _ in loop.trainer.updates] == [[1] * 4, [1] * 4, [1]]


@pytest.mark.parametrize(
    ("every", "expected"),
    [("4 steps", [4, 8, 12, 16, 18]), ("1 epoch", [9, 18]), ("2 epochs", [18])],
)
def test_validations_come_as_often_as_asked_and_are_saved(
    make_loop, every: str, expected: list[int]
) -> None:
    validation = {"every": every}
    falling = [1.0 / n for n in range(1, 9)]
    training = {"max_epochs": 2, "keep": 9}
    loop = make_loop(training, validation=validation, measured=falling)
    loop.run_to_end()
    assert loop.validator.folders == [f"{step:09d}" for step in expected]
    assert [entry["step"] for entry in entries(loop, "validation")] == expected
    assert set(expected) <= set(saved(loop))
    assert pointer(loop, "best") == expected[-1]


def test_the_last_epoch_is_validated_whatever_the_rhythm(make_loop) -> None:
    loop = make_loop(
        {"max_epochs": 3}, validation={"every": "2 epochs"}, measured=(3.0, 2.0)
    )
    loop.run_to_end()
    assert loop.validator.folders == ["000000018", "000000027"]
    assert loop.state.best_step == 27


def test_the_first_report_tells_no_remaining_time(make_loop, capsys) -> None:
    make_loop({"max_epochs": 1}).run_to_end()
    first, second, *_ = capsys.readouterr().err.split("\n")
    assert " step 1:" in first and "left" not in first
    assert " step 2:" in second and "left" in second


def test_the_last_step_is_validated_and_saved_in_the_middle_of_an_epoch(
    make_loop,
) -> None:
    training = {"max_epochs": 9, "max_steps": 13}
    loop = make_loop(training, validation={"every": "2 epochs"}, measured=[0.7, 0.6])
    loop.run_to_end()
    assert loop.validator.folders == ["000000013"]
    assert (loop.state.epoch, loop.state.batch) == (1, 4)
    assert pointer(loop, "last") == pointer(loop, "best") == 13
    assert loop.calendar.ended_by(loop.state) == "training.max_steps"


def test_the_last_step_is_saved_without_anything_to_validate(make_loop) -> None:
    loop = make_loop({"max_epochs": 9, "max_steps": 4})
    loop.run_to_end()
    assert saved(loop) == [4] and pointer(loop, "last") == 4
    state = checkpoint.load_state(loop.run.checkpoints_dir / "000000004")
    assert state.finished


def test_checkpoints_come_as_often_as_asked_and_only_the_newest_and_best_stay(
    make_loop,
) -> None:
    training = {"max_epochs": 2, "save_every": 5, "keep": 2}
    loop = make_loop(
        training, validation={"every": "4 steps"}, measured=[1, 2, 3, 4, 5]
    )
    loop.run_to_end()
    assert saved(loop) == [4, 16, 18]
    assert (pointer(loop, "best"), pointer(loop, "last")) == (4, 18)


def test_early_stopping_waits_for_its_patience_and_no_longer(make_loop) -> None:
    validation = {"every": "1 step", "early_stopping": {"patience": 3}}
    measured = [0.9, 0.8, 0.85, 0.85, 0.7, 0.7, 0.71, 0.72, 0.1]
    loop = make_loop({"max_epochs": 9}, validation=validation, measured=measured)
    loop.run_to_end()
    assert (loop.state.step, loop.state.best_step) == (8, 5)
    assert loop.calendar.ended_by(loop.state) == "validation.early_stopping.patience"
    assert pointer(loop, "best") == 5


def test_the_best_is_the_highest_of_a_score_and_never_a_number_that_is_none(
    make_loop,
) -> None:
    validation = {"metrics": ["bleu"], "early_stopping": {"metric": "bleu"}}
    loop = make_loop({}, validation=validation, measured=[0])
    bests = [
        judge(loop.config, loop.state, {"bleu": x}, "text", "search")
        for x in (np.nan, 3.0, 5.0, np.nan, 5.0, 6.0)
    ]
    assert bests == [False, True, True, False, False, True]


def test_another_metric_text_or_search_is_not_compared_with_what_was_best(
    make_loop,
) -> None:
    metrics = {"metrics": ["bleu", "chrf"], "early_stopping": {"metric": "chrf"}}
    loop = make_loop({}, validation=metrics, measured=[0])
    state, measured = loop.state, {"bleu": 30.0, "chrf": 55.0}
    assert judge(loop.config, state, measured, "text", "beam 1")
    assert not judge(loop.config, state, {"chrf": 54.0}, "text", "beam 1")
    bleu = {"metrics": ["bleu"], "early_stopping": {"metric": "bleu"}}
    bleu = make_loop({}, validation=bleu, measured=[0])
    assert judge(bleu.config, state, measured, "text", "beam 1")
    assert (state.best_value, state.bad_validations) == (30.0, 0)
    assert judge(bleu.config, state, {"bleu": 20.0}, "harder text", "beam 1")
    assert not judge(bleu.config, state, {"bleu": 19.0}, "harder text", "beam 1")
    assert judge(bleu.config, state, {"bleu": 19.0}, "harder text", "beam 2")


def test_a_loss_is_the_same_whatever_the_search(make_loop) -> None:
    loop = make_loop({}, measured=[0])
    assert judge(loop.config, loop.state, {"loss": 3.0}, "text", "beam 1")
    assert not judge(loop.config, loop.state, {"loss": 4.0}, "text", "beam 2")


def test_what_an_earlier_version_noted_as_best_is_still_the_best(make_loop) -> None:
    validation = {"metrics": ["bleu"], "early_stopping": {"metric": "bleu"}}
    state = checkpoint.State(best_of="bleu text", best_value=30.0)
    loop = make_loop({}, validation=validation, measured=[0], state=state)
    assert not judge(loop.config, state, {"bleu": 29.0}, "text", "beam 1")


def test_plateau_cuts_the_rate_when_its_patience_is_over(make_loop) -> None:
    schedule = {"type": "plateau", "patience": 2, "factor": 0.1}
    training = {"schedule": schedule, "learning_rate": 1.0, "max_epochs": 1}
    measured = [0.9, 0.9, 0.9, 0.9, 0.8, 0.8, 0.8, 0.8, 0.8]
    validation = {"every": "1 step"}
    loop = make_loop(training, validation=validation, measured=measured)
    loop.run_to_end()
    rates = [rate for _, rate in loop.trainer.updates]
    assert rates == pytest.approx([1, 1, 1, 1, 0.1, 0.1, 0.1, 0.1, 0.01])
    state = checkpoint.load_state(loop.run.checkpoints_dir / "000000009")
    assert state.rate_scale == pytest.approx(0.01)


def test_reports_average_over_the_updates_since_the_last_one(make_loop, capsys) -> None:
    losses = [8.0, 3.0, 2.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]
    loop = make_loop({"max_epochs": 1, "report_every": 4}, losses=losses)
    loop.run_to_end()
    found = entries(loop, "train")
    assert [entry["step"] for entry in found] == [1, 4, 8, 9]
    assert [entry["loss"] for entry in found] == pytest.approx([8, 2, 1, 1])
    assert found[1]["perplexity"] == pytest.approx(np.exp(2))
    assert found[1]["accuracy"] == pytest.approx(0.5)
    assert found[1]["gradient_norm"] == pytest.approx(0.5)
    assert found[-1]["epoch"] == 1
    printed = capsys.readouterr()
    assert printed.out == "" and printed.err.count("\nepoch 0.44 step 4: ") == 1


def test_a_loss_that_is_no_number_is_skipped_counted_and_told(
    make_loop, capsys
) -> None:
    losses = [1.0] * 3 + [np.nan, np.inf] + [2.0] * 9
    loop = make_loop({"max_epochs": 1, "report_every": 4}, losses=losses)
    loop.run_to_end()
    assert [e["step"] for e in entries(loop, "skipped")] == [4, 5]
    assert loop.state.skipped == 2 and loop.state.step == 9
    found = [(e["step"], e["loss"]) for e in entries(loop, "train")]
    assert found == [(1, 1.0), (4, 1.0), (8, 2.0), (9, 2.0)]  # of the others alone
    printed = capsys.readouterr().err
    assert printed.count("\nstep 4 is skipped: the loss is nan, the norm of its ") == 1
    assert printed.count(" is skipped: ") == 2


def test_many_in_a_row_go_back_to_the_last_checkpoint_more_slowly(make_loop) -> None:
    loop = make_loop({"max_epochs": 2, "save_every": 3})
    update, calls = loop.trainer.update, itertools.count(1)

    def update_badly(*arguments):
        totals, norm = update(*arguments)
        return totals, np.nan if 8 <= next(calls) < 13 else norm

    loop.trainer.update = update_badly
    loop.run_to_end()
    steps = [step for step, _ in itertools.groupby(loop.trainer.steps)]
    assert steps == [*range(12), *range(9, 18)]  # 12 has not been reached, 9 saved
    rates = [rate for _, rate in loop.trainer.updates]
    assert rates == [1e-3] * 12 + [0.5e-3] * 9
    assert saved(loop)[-1] == loop.state.step == 18 and loop.state.skipped == 5
    (setback,) = entries(loop, "setback")
    assert (setback["step"], setback["rate_scale"]) == (9, 0.5)
    assert float(loop.trainer.model.weight) == 18.0  # that of 9 was taken up again


def test_a_training_that_cannot_be_helped_ends_with_what_it_read(
    make_loop, base
) -> None:
    loop = make_loop({"max_epochs": 9, "save_every": 3}, losses=[1] * 7 + [np.nan])
    prepare_tokenizers(loop.config, loop.run.tokenizer_dir)
    with pytest.raises(
        DivergedError, match=r"(?s)learning_rate.*diverged\.tsv"
    ) as ended:
        loop.run_to_end()
    assert ended.value.exit_code == 4
    assert len(entries(loop, "setback")) == 3
    (line,) = (loop.run.path / "diverged.tsv").read_text("utf-8").split("\n")[:-1]
    assert tuple(line.split("\t")) in PAIRS


def test_without_a_checkpoint_there_is_nothing_to_go_back_to(make_loop) -> None:
    loop = make_loop({"max_epochs": 2}, losses=[np.inf])
    prepare_tokenizers(loop.config, loop.run.tokenizer_dir)
    with pytest.raises(DivergedError, match="^step 5: the loss is inf") as told:
        loop.run_to_end()
    assert "are from before" not in str(told.value)
    assert not loop.run.checkpoints_dir.exists()


def test_weights_that_are_not_finite_are_never_saved(make_loop) -> None:
    loop = make_loop({"max_epochs": 2, "save_every": 4})
    update = loop.trainer.update

    def update_too_far(batches, seed, step, rate):
        if step == 6 and rate == 1e-3:
            loop.trainer.model.weight.assign(np.inf)
        return update(batches, seed, step, rate)

    loop.trainer.update = update_too_far
    loop.run_to_end()
    assert [entry["step"] for entry in entries(loop, "setback")] == [4]
    last = loop.run.checkpoints_dir / "000000018"
    arrays = checkpoint.load_arrays(last / checkpoint.WEIGHTS)
    assert list(arrays.values()) == [18.0]


def test_a_batch_that_memory_cannot_hold_is_computed_in_parts(make_loop) -> None:
    loop = make_loop({"max_epochs": 1, "batch_tokens": 200, "accumulate": 2})
    update, sizes = loop.trainer.update, []

    def update_if_small(batches, *arguments):
        sizes.append([len(batch.source) for batch in batches])
        if max(sizes[-1]) > 3:
            raise tf.errors.ResourceExhaustedError(None, None, "out of memory")
        return update(batches, *arguments)

    loop.trainer.update = update_if_small
    loop.run_to_end()
    assert max(sizes[0]) > 3 >= max(sizes[-1]) and sum(sizes[-1]) == sum(sizes[0])
    state = checkpoint.load_state(loop.run.checkpoints_dir / "000000001")
    assert state.parts == loop.state.parts > 1


def test_one_sentence_that_memory_cannot_hold_ends_the_training(make_loop) -> None:
    loop = make_loop({"max_epochs": 1})

    def update(*_):
        raise tf.errors.ResourceExhaustedError(None, None, "out of memory")

    loop.trainer.update = update
    with pytest.raises(MemoryExhausted, match="lower data.max_length"):
        loop.run_to_end()


def test_a_full_disk_is_told_once_and_the_training_goes_on(
    make_loop, monkeypatch, capsys
) -> None:
    loop = make_loop({"max_epochs": 2, "save_every": 3, "report_every": 99})
    usage = checkpoint.shutil.disk_usage

    def full(folder):
        room = 0 if 9 <= loop.state.step < 15 else 10**9
        return usage(folder)._replace(free=room)

    monkeypatch.setattr(checkpoint.shutil, "disk_usage", full)
    loop.run_to_end()
    assert saved(loop) == [15, 18] and loop.state.step == 18
    assert capsys.readouterr().err.count("cannot be written: No space left") == 1


def test_a_best_that_a_full_disk_has_lost_is_none(make_loop, monkeypatch) -> None:
    measured = [0.9, 0.1, 0.5, 0.5, 0.5, 0.5]
    training = {"max_epochs": 2, "keep": 1}
    loop = make_loop(training, validation={"every": "3 steps"}, measured=measured)
    usage = checkpoint.shutil.disk_usage

    def full(folder):
        return usage(folder)._replace(free=0 if loop.state.step == 6 else 10**9)

    monkeypatch.setattr(checkpoint.shutil, "disk_usage", full)
    loop.run_to_end()
    assert pointer(loop, "best") == loop.state.best_step == 9  # 6 is lost
    assert saved(loop) == [9, 18]


def test_a_training_whose_end_could_not_be_saved_says_so(
    make_loop, monkeypatch
) -> None:
    loop = make_loop({"max_epochs": 1, "save_every": 3})
    usage = checkpoint.shutil.disk_usage

    def full(folder):
        return usage(folder)._replace(free=0 if loop.state.step > 3 else 10**9)

    monkeypatch.setattr(checkpoint.shutil, "disk_usage", full)
    with pytest.raises(DataError, match="step 9 could not be saved: No space left"):
        loop.run_to_end()
    assert saved(loop) == [3] and pointer(loop, "last") == 3
    checkpoint.load_state(loop.run.checkpoints_dir / "000000003")


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
)
def test_a_signal_ends_the_training_after_the_update_with_its_state_saved(
    make_loop, monkeypatch, capsys, number: int, code: int
) -> None:
    loop = make_loop({"max_epochs": 2})
    update, counter = loop.trainer.update, itertools.count(1)

    def update_and_be_interrupted(*arguments):
        if next(counter) == 5:
            os.kill(os.getpid(), number)
        return update(*arguments)

    monkeypatch.setattr(loop.trainer, "update", update_and_be_interrupted)
    handlers = [signal.getsignal(number) for number in (2, 15)]
    with pytest.raises(Interrupted) as interrupted:
        loop.run_to_end()
    assert interrupted.value.code == code
    assert [signal.getsignal(number) for number in (2, 15)] == handlers
    assert pointer(loop, "last") == loop.state.step == loop.state.batch == 5
    assert capsys.readouterr().err.endswith(
        "interrupted: step 5 is saved; the same command goes on from there\n"
    )


@pytest.mark.parametrize("moment", ["before", "during"])
def test_a_signal_ends_a_validation_which_is_done_when_the_training_goes_on(
    make_loop, moment: str
) -> None:
    options = {"validation": {"every": "4 steps"}, "measured": [4.0, 3.0, 2.0, 1.0]}
    whole = make_loop({"max_epochs": 1}, **options)
    whole.run_to_end()
    loop = make_loop({"max_epochs": 1}, **options)
    place, name = {
        "before": (loop.trainer, "update"),
        "during": (loop.validator, "measure"),
    }[moment]
    real, calls = getattr(place, name), itertools.count(1)

    def interrupted(*arguments):
        result = real(*arguments)
        if next(calls) == {"before": 4, "during": 1}[moment]:
            os.kill(os.getpid(), signal.SIGTERM)
        return result

    setattr(place, name, interrupted)
    with pytest.raises(Interrupted):
        loop.run_to_end()
    state = checkpoint.load_state(loop.run.checkpoints_dir / "000000004")
    assert state.validated == 0 and state.best_value is None
    again = make_loop({"max_epochs": 1}, state=state, **options)
    again.run_to_end()
    assert again.validator.folders == whole.validator.folders
    assert again.state.best_value == whole.state.best_value


def test_a_second_signal_ends_the_process_at_once() -> None:
    program = """
import os, signal
from attnmt.training.signals import Interruption
with Interruption().watched():
    os.kill(os.getpid(), signal.SIGINT)
    os.kill(os.getpid(), signal.SIGTERM)
    print("still here")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True)
    assert (done.returncode, done.stdout) == (-signal.SIGTERM, b"")


@pytest.fixture
def uninterrupted(make_loop) -> Iterator[list]:
    loop = make_loop({"max_epochs": 2, "accumulate": 2})
    loop.run_to_end()
    yield loop.trainer.updates


def test_a_loop_goes_on_in_the_middle_of_an_epoch(make_loop, uninterrupted) -> None:
    state = checkpoint.State(step=7, epoch=1, batch=4)
    loop = make_loop({"max_epochs": 2, "accumulate": 2}, state=state)
    loop.run_to_end()
    assert loop.trainer.updates == uninterrupted[7:]
    assert loop.state.step == len(uninterrupted) == 10
    assert [entry["step"] for entry in entries(loop, "train")] == list(range(1, 11))
