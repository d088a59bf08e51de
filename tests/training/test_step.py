"""Updates: gradients, accumulation, clipping, precision, seeds."""

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from attnmt import checkpoint
from attnmt.config import schema
from attnmt.layers.attention.build import MECHANISMS
from attnmt.layers.attention.multiplicative import GeneralAttention
from attnmt.model import Seq2Seq, build_model
from attnmt.text.batches import Batch
from attnmt.training.draws import RiskBatch
from attnmt.training.memory import split
from attnmt.training.minimum_risk import Risks, risk_totals
from attnmt.training.objective import totals
from attnmt.training.step import Trainer
from attnmt.weights import named_weights

BOS, EOS, PAD = 2, 3, 0
DROPS = {"embedding": 0.3, "recurrent": 0.3, "output": 0.3, "word": 0.3}


def batch(sources: list[list[int]], targets: list[list[int]]) -> Batch:
    return Batch(
        rows([s + [EOS] for s in sources]),
        rows([[BOS] + t for t in targets]),
        rows([t + [EOS] for t in targets]),
    )


def rows(lists: list[list[int]]) -> np.ndarray:
    width = max(map(len, lists), default=0)
    return np.array([x + [PAD] * (width - len(x)) for x in lists], np.int32)


ONE = batch([[4, 5, 6], [7]], [[5, 4], [6, 7, 8, 4]])
TWO = batch([[8, 9]], [[8, 5, 4]])
BOTH = batch([[4, 5, 6], [7], [8, 9]], [[5, 4], [6, 7, 8, 4], [8, 5, 4]])


def make_trainer(
    precision: str = "float32",
    drops: dict[str, float] | None = None,
    draws: Any = None,
    **options,
) -> Trainer:
    """A trainer of a small model that always begins with the same weights."""
    rates = dict.fromkeys(DROPS, 0.0) | (drops or {})
    sizes = {
        "embeddings": {"size": 4},
        "encoder": {"units": 3},
        "decoder": {"units": 5, "input_feeding": False},
        "attention": {"type": "general"},
        "dropout": rates,
    }
    keras.utils.set_random_seed(3)
    model = build_model(schema.Model.model_validate(sizes), 10, 9)
    config = schema.Training.model_validate(options)
    return Trainer(model, config, precision, draws)


@pytest.fixture
def eagerly() -> Iterator[None]:
    """For a few updates: compiling would take longer than they do."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


def values(model: Seq2Seq) -> dict[str, np.ndarray]:
    return {name: np.array(v) for name, v in named_weights(model).items()}


def assert_same(one: Seq2Seq, other: Seq2Seq, tolerance: float = 0.0) -> None:
    others = values(other)
    for name, value in values(one).items():
        np.testing.assert_allclose(value, others[name], atol=tolerance, err_msg=name)


def test_an_update_goes_down_the_gradient_of_the_loss_per_token(eagerly):
    trainer = make_trainer(optimizer="sgd", clip_norm=0, label_smoothing=0.2)
    model, before = trainer.model, values(trainer.model)
    with tf.GradientTape() as tape:
        sums = totals(model, *BOTH, smoothing=0.2)
        loss = sums.loss / 12.0  # 9 pieces and 3 ends
    weights = {name: v.value for name, v in named_weights(model).items()}
    gradients = tape.gradient(loss, weights)
    found, norm = trainer.update([BOTH], seed=1, step=0, rate=0.5)
    np.testing.assert_allclose(found, sums, rtol=1e-5)
    expected = tf.linalg.global_norm(list(gradients.values()))
    assert float(norm) == pytest.approx(float(expected), rel=1e-5)
    for name, value in values(model).items():
        expected = before[name] - 0.5 * np.asarray(gradients[name])
        np.testing.assert_allclose(value, expected, atol=1e-6, err_msg=name)


def test_accumulated_batches_are_one_batch_of_all(eagerly):
    parts = make_trainer(optimizer="sgd", accumulate=2)
    whole = make_trainer(optimizer="sgd")
    for step in range(2):
        found, norm = parts.update([ONE, TWO], seed=1, step=step, rate=0.5)
        expected, wanted_norm = whole.update([BOTH], seed=1, step=step, rate=0.5)
        np.testing.assert_allclose(found, expected, rtol=1e-5)
        np.testing.assert_allclose(norm, wanted_norm, rtol=1e-5)
    assert_same(parts.model, whole.model, 1e-6)


class Placed(GeneralAttention):
    """One that scores places too, by an embedding, whose gradient is sparse."""

    def __init__(self, units: int, name: str = "attention") -> None:
        super().__init__(units, name)
        self.places = keras.layers.Embedding(3, 1)
        self.places.build()

    def score(self, query, memory, state):
        place = ops.minimum(ops.arange(ops.shape(memory.mask)[1]), 2)
        return super().score(query, memory, state) + self.places(place)[:, 0]


def test_a_sparse_gradient_of_a_users_layer_is_added_and_measured(monkeypatch, eagerly):
    monkeypatch.setitem(MECHANISMS, "general", Placed)
    options = {"optimizer": "sgd", "clip_norm": 0.01}
    parts, whole = make_trainer(accumulate=2, **options), make_trainer(**options)
    _, norm = parts.update([ONE, TWO], seed=1, step=0, rate=0.5)
    _, expected = whole.update([BOTH], seed=1, step=0, rate=0.5)
    np.testing.assert_allclose(norm, expected, rtol=1e-5)
    assert_same(parts.model, whole.model, 1e-6)
    assert any("places" in name for name in values(parts.model))


def turned_round(source, target_out, seed: int, place: int) -> RiskBatch:
    """The references and, as if drawn, the same pieces in the other order."""
    targets = [row[row > EOS].tolist() for row in target_out]
    both = batch([], targets + [target[::-1] for target in targets])
    of = np.tile(np.arange(len(source), dtype=np.int32), 2)
    risks = np.repeat([0.0, 0.6], len(source)).astype(np.float32)
    return RiskBatch(source, both.target_in, both.target_out, of, risks)


@pytest.mark.parametrize("alpha", [0.005, 0.5])
def test_a_refining_goes_down_the_expected_risk_whatever_alpha(alpha, eagerly):
    options = {"optimizer": "sgd", "clip_norm": 0, "minimum_risk": {"alpha": alpha}}
    trainer = make_trainer(draws=turned_round, **options)
    model, before = trainer.model, values(trainer.model)
    *ids, of, risks = turned_round(BOTH.source, BOTH.target_out, 1, 0)
    with tf.GradientTape() as tape:
        sums = risk_totals(model, *ids, Risks(of, risks), alpha)
        loss = sums.loss / alpha / 12.0
    weights = {name: v.value for name, v in named_weights(model).items()}
    gradients = tape.gradient(loss, weights)
    found, norm = trainer.update([BOTH], seed=1, step=0, rate=0.5)
    np.testing.assert_allclose(found, sums, rtol=1e-5)
    assert 0.2 < found.loss / found.tokens < 0.4
    expected = tf.linalg.global_norm(list(gradients.values()))
    assert 0.01 < float(norm) == pytest.approx(float(expected), rel=1e-4)
    for name, value in values(model).items():
        expected = before[name] - 0.5 * np.asarray(gradients[name])
        np.testing.assert_allclose(value, expected, atol=1e-6, err_msg=name)


def test_a_refining_accumulates_as_a_training_does(eagerly):
    parts = make_trainer(draws=turned_round, optimizer="sgd", accumulate=2)
    whole = make_trainer(draws=turned_round, optimizer="sgd")
    for step in range(2):
        found, norm = parts.update([ONE, TWO], seed=1, step=step, rate=0.5)
        expected, wanted_norm = whole.update([BOTH], seed=1, step=step, rate=0.5)
        np.testing.assert_allclose(found, expected, rtol=1e-5)
        np.testing.assert_allclose(norm, wanted_norm, rtol=1e-4)
    assert_same(parts.model, whole.model, 1e-6)


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
@pytest.mark.parametrize("batches", [[BOTH], [ONE, TWO]])
def test_an_update_that_is_no_number_changes_nothing(batches, wrong, monkeypatch):
    trainer = make_trainer(accumulate=len(batches), **AVERAGED)
    compute = trainer._compute

    def spoilt(*arguments):
        total, (first, *rest) = compute(*arguments)
        return total, [first * wrong, *rest]

    takes = trainer._gradients.input_signature
    monkeypatch.setattr(trainer, "_compute", spoilt)
    trainer._gradients = tf.function(spoilt, input_signature=takes)
    before = values(trainer.model)
    slots = {n: np.array(v) for n, v in trainer.named_state().items()}
    total, norm = trainer.update(batches, seed=1, step=0, rate=0.5)
    assert not np.isfinite(norm) and np.isfinite(total.loss)
    for name, value in values(trainer.model).items():
        np.testing.assert_array_equal(value, before[name], err_msg=name)
    for name, value in trainer.named_state().items():
        if name != "learning_rate":
            np.testing.assert_array_equal(value, slots[name], err_msg=name)
    for name, value in trainer.named_weights().items():
        np.testing.assert_array_equal(value, before[name], err_msg=name)


AVERAGED = {"average": 0.9, "weight_decay": 0.1}


def test_averages_follow_the_weights_and_take_their_place(eagerly):
    plain, trainer = make_trainer(), make_trainer(average=0.4)
    expected = values(plain.model)
    for step in range(4):
        for each in (plain, trainer):
            each.update([BOTH], seed=1, step=step, rate=0.01)
        decay = min(0.4, (step + 1) / (step + 10))
        for name, value in values(plain.model).items():
            expected[name] = decay * expected[name] + (1 - decay) * value
    assert_same(trainer.model, plain.model)
    for name, mean in trainer.named_weights().items():
        np.testing.assert_allclose(mean, expected[name], atol=1e-6, err_msg=name)
    with trainer.averaged():
        for name, value in values(trainer.model).items():
            np.testing.assert_allclose(value, expected[name], atol=1e-6, err_msg=name)
    assert_same(trainer.model, plain.model)
    state = trainer.named_state()
    for name, value in values(trainer.model).items():
        np.testing.assert_array_equal(state[f"trained.{name}"], value)


def test_a_batch_in_parts_is_the_same_update(eagerly):
    whole, parts = make_trainer(), make_trainer()
    found, norm = whole.update([BOTH], seed=1, step=0, rate=0.5)
    halves, other = parts.update(split(BOTH, 2), seed=1, step=0, rate=0.5)
    np.testing.assert_allclose(halves, found, rtol=1e-5)
    np.testing.assert_allclose(other, norm, rtol=1e-5)
    assert_same(parts.model, whole.model, 1e-5)


def test_a_long_gradient_is_cut_to_the_norm_and_a_short_one_is_not(eagerly):
    free = make_trainer(optimizer="sgd", clip_norm=0)
    cut = make_trainer(optimizer="sgd", clip_norm=0.01)
    loose = make_trainer(optimizer="sgd", clip_norm=100)
    start, steps = values(free.model), []
    for trainer in (free, cut, loose):
        _, norm = trainer.update([BOTH], seed=1, step=0, rate=1.0)
        moves = [v - start[n] for n, v in values(trainer.model).items()]
        steps.append(np.concatenate([move.ravel() for move in moves]))
        assert float(norm) == pytest.approx(np.linalg.norm(steps[0]), rel=1e-5)
    assert np.linalg.norm(steps[0]) > 0.02
    assert np.linalg.norm(steps[1]) == pytest.approx(0.01, rel=1e-3)
    expected = steps[0] * 0.01 / np.linalg.norm(steps[0])
    np.testing.assert_allclose(steps[1], expected, atol=1e-6)
    np.testing.assert_allclose(steps[2], steps[0], atol=1e-6)


@pytest.fixture(scope="module")
def dropping() -> Trainer:
    return make_trainer(drops=DROPS, accumulate=2)


def test_dropout_is_a_function_of_seed_step_and_place(dropping, eagerly):
    def losses(seed: int, step: int) -> list[float]:
        """Of the same batch in both places, without moving the weights."""
        state = [(v, np.array(v)) for v in dropping.optimizer.variables]
        weights = values(dropping.model)
        both = dropping.update([ONE, ONE], seed, step, rate=0.0)[0].loss
        first = dropping.update([ONE], seed, step, rate=0.0)[0].loss
        for name, variable in named_weights(dropping.model).items():
            np.testing.assert_array_equal(variable, weights[name])
        for variable, value in state:
            variable.assign(value)
        return [float(first), float(both - first)]

    once = losses(seed=1, step=4)
    np.testing.assert_allclose(losses(seed=1, step=4), once, rtol=1e-5)
    others = losses(seed=1, step=5) + losses(seed=2, step=4)
    found = [round(loss, 4) for loss in once + others]
    assert len(set(found)) == 6


@pytest.mark.parametrize("options", [{}, AVERAGED])
def test_a_resumed_training_is_the_uninterrupted_one(options, tmp_path, eagerly):
    whole = make_trainer(drops=DROPS, **options)
    for step in range(4):
        whole.update([BOTH], seed=1, step=step, rate=0.01)
        if step == 1:
            named = whole.named_weights(), whole.named_state()
            arrays = [{n: np.asarray(v) for n, v in part.items()} for part in named]
            saved = checkpoint.save(tmp_path, *arrays, checkpoint.State(step=2))
    resumed = make_trainer(drops=DROPS, **options)
    checkpoint.restore(saved, resumed.named_weights(), resumed.named_state())
    for step in (2, 3):
        resumed.update([BOTH], seed=1, step=step, rate=0.01)
    assert_same(resumed.model, whole.model)
    for name, value in whole.named_weights().items():
        np.testing.assert_array_equal(resumed.named_weights()[name], value)


@pytest.mark.parametrize(
    ("precision", "optimizer", "slots", "others"),
    [
        (
            "float32",
            "adam",
            ["momentums", "velocities"],
            ["iteration", "learning_rate"],
        ),
        ("float32", "sgd", [], ["iteration", "learning_rate"]),
        (
            "mixed_float16",
            "adam",
            ["momentums", "velocities"],
            ["dynamic_scale", "iteration", "learning_rate", "step_counter"],
        ),
    ],
)
def test_names_of_the_optimizers_state_stay_what_they_are(
    precision, optimizer, slots, others
):
    trainer = make_trainer(precision, optimizer=optimizer)
    weights = named_weights(trainer.model)
    state = trainer.named_state()
    expected = [f"{slot}.{name}" for slot in slots for name in weights]
    assert sorted(state) == sorted(expected + others)
    for slot in slots:
        for name, weight in weights.items():
            assert state[f"{slot}.{name}"].shape == weight.shape
    inner = getattr(trainer.optimizer, "inner_optimizer", trainer.optimizer)
    assert state["iteration"] is inner.iterations


@pytest.fixture
def policy() -> Iterator:
    """A function that sets the precision of new layers, for one test."""
    before = keras.config.dtype_policy()
    yield keras.config.set_dtype_policy
    keras.config.set_dtype_policy(before)


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_half_precision_learns(policy, precision):
    policy(precision)
    trainer = make_trainer(precision, drops={"embedding": 0.1}, accumulate=2)
    losses = []
    for step in range(30):
        total, norm = trainer.update([ONE, TWO], seed=1, step=step, rate=0.02)
        losses.append(float(total.loss / total.tokens))
        assert np.isfinite(norm), step
    assert losses[-1] < 0.7 * losses[0]
    assert all(v.dtype == "float32" for v in trainer.model.trainable_variables)


def test_an_update_that_the_loss_scale_leaves_out_is_no_divergence(policy, eagerly):
    policy("mixed_float16")
    trainer = make_trainer("mixed_float16")
    trainer.optimizer.dynamic_scale.assign(2.0**40)
    before = values(trainer.model)
    total, norm = trainer.update([BOTH], seed=1, step=0, rate=0.1)
    for name, value in values(trainer.model).items():
        np.testing.assert_array_equal(value, before[name])
    assert float(trainer.optimizer.dynamic_scale) == 2.0**39
    assert np.isfinite(float(total.loss))
    assert float(norm) == 0.0


def test_a_real_divergence_shows_in_the_norm(eagerly):
    trainer = make_trainer()
    trainer.model.projection.bias.assign(np.full(9, np.inf))
    total, norm = trainer.update([BOTH], seed=1, step=0, rate=0.1)
    assert not np.isfinite(float(total.loss) + float(norm))
