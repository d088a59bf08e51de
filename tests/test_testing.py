"""The contract suite passes every built-in mechanism and catches planted faults."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from attnmt.config import schema
from attnmt.layers.attention import (
    COVERAGES,
    MECHANISMS,
    NORMALISERS,
    AdditiveAttention,
    Attention,
    Coverage,
    CoverageAttention,
    DotAttention,
    Memory,
    Normaliser,
    State,
    Tensor,
    build_attention,
)
from attnmt.testing import check_attention
from attnmt.testing.case import precision
from attnmt.testing.translation import check_search

OPTIONS: dict[str, dict[str, Any]] = {  # small enough to matter for five positions
    "additive": {"units": 4},
    "linformer": {"slots": 3},
    "local_m": {"window": 1},
    "local_p": {"window": 2},
    "location": {"width": 3, "filters": 2},
    "mocha": {"chunk": 2},
    "performer": {"features": 16},
}
EQUAL_DEPTHS = ("dot", "scaled_dot", "cosine")


def combinations() -> Iterator[Any]:
    """Every class once by every normaliser, if it leaves the weights to one."""
    names = {kind: name for name, kind in reversed(MECHANISMS.items())}
    for kind, name in names.items():
        for normaliser in NORMALISERS if kind.normalises else ("softmax",):
            quick = normaliser == "softmax" or name in ("general", "location")
            marks = () if quick else pytest.mark.slow  # together, not one by one
            yield pytest.param(name, normaliser, id=f"{name}-{normaliser}", marks=marks)


def check(name: str, gradients: bool = True, **others: Any) -> None:
    config = schema.Attention.model_validate(
        {"type": name, **OPTIONS.get(name, {}), **others}
    )
    depths = {"query_depth": 6} if name in EQUAL_DEPTHS else {}
    check_attention(
        lambda units: build_attention(config, units), gradients=gradients, **depths
    )


@pytest.mark.filterwarnings("error::UserWarning")  # of Keras, about unbuilt layers
@pytest.mark.parametrize(("name", "normaliser"), combinations())
def test_a_built_in_mechanism_keeps_the_contract(name, normaliser):
    check(name, normaliser=normaliser)


@pytest.mark.parametrize("coverage", COVERAGES)
def test_a_mechanism_with_coverage_keeps_the_contract(coverage):
    check("additive", coverage=coverage)


@pytest.mark.parametrize("name", ["additive", "general", "location"])
def test_a_mechanism_with_heads_keeps_the_contract(name):
    check(name, heads=2, **({"units": 8} if name == "additive" else {}))


@pytest.mark.parametrize("name", ["monotonic", "mocha"])
def test_a_hard_mode_keeps_the_contract_but_for_gradients_of_its_own(name):
    check(name, mode="hard", gradients=False)


@pytest.mark.parametrize("name", ["monotonic", "mocha"])
def test_rows_that_lose_weight_keep_the_contract(name):
    check(name, end="leave")


def test_temperature_keeps_the_contract():
    check("general", temperature=0.5)


class Bilinear(AdditiveAttention):
    """A user's score."""

    def score(self, query: Tensor, memory: Memory, state: State) -> Tensor:
        return super().score(query, memory, state) ** 3


class Squares(Normaliser):
    """A user's normaliser."""

    def call(self, scores: Tensor, mask: Tensor) -> Tensor:
        squares = ops.where(mask, ops.cast(scores, "float32") ** 2 + 0.1, 0.0)
        return ops.divide_no_nan(squares, ops.sum(squares, axis=-1, keepdims=True))


class Decay(AdditiveAttention):
    """A user's mechanism with a nested state of two tensors."""

    def initial_state(self, memory: Memory) -> State:
        seen = ops.zeros_like(memory.mask, dtype="float32")
        return {"seen": seen, "step": (seen[:, 0],)}

    def score(self, query: Tensor, memory: Memory, state: State) -> Tensor:
        scores = ops.cast(super().score(query, memory, state), "float32")
        return scores - (state["seen"] / (1.0 + state["step"][0][:, None]))[:, None]

    def next_state(self, state: State, weights: Tensor) -> State:
        seen = 0.5 * state["seen"] + weights[:, 0]
        return {"seen": seen, "step": (state["step"][0] + 1.0,)}


class Fades(Coverage):
    """A user's modifier: what was read long ago counts less."""

    def next_state(
        self, state: State, weights: Tensor, memory: Memory, query: Tensor
    ) -> State:
        return (0.5 * state[0] + ops.swapaxes(weights, 1, 2),)


def with_coverage(units: int) -> Attention:
    return CoverageAttention(DotAttention(units), Fades())


def with_normaliser(normaliser: Callable[[], Normaliser]) -> Callable[[int], Attention]:
    def make(units: int) -> Attention:
        attention = AdditiveAttention(units)
        attention.normaliser = normaliser()
        return attention

    return make


@pytest.mark.parametrize("make", [Bilinear, with_normaliser(Squares), Decay])
def test_a_users_own_part_keeps_the_contract(make):
    check_attention(make)


def test_a_users_own_stateful_modifier_keeps_the_contract():
    check_attention(with_coverage, query_depth=6)


class Tells(Decay):
    """A user's mechanism that tells what it carries and what it was asked."""

    def extras(self, query: Tensor, memory: Memory, state: State) -> dict[str, Tensor]:
        seen = ops.cast(ops.sum(state["seen"], axis=1), "float32")[:, None]
        return {"seen": seen, "query": ops.cast(query, "float32")}


def test_a_mechanism_that_tells_more_keeps_the_contract():
    check_attention(Tells)


def test_depths_may_be_told():
    check_attention(DotAttention, query_depth=5, value_depth=5)


class Planted(AdditiveAttention):
    """A mechanism for one fault to be planted in."""


class ReadsPadding(Planted):
    def normalise(self, scores: Tensor, mask: Tensor) -> Tensor:
        weights = ops.softmax(ops.cast(scores, "float32"), axis=-1)
        return ops.where(ops.any(mask, axis=-1, keepdims=True), weights, 0.0)


class Doubles(Planted):
    def normalise(self, scores: Tensor, mask: Tensor) -> Tensor:
        return 2.0 * super().normalise(scores, mask)


class Overflows(Doubles):
    sums_to_one = False


class Subtracts(Planted):
    def normalise(self, scores: Tensor, mask: Tensor) -> Tensor:
        weights = super().normalise(scores, mask)
        return ops.subtract(2.0 * weights, weights**0.5)


class DividesByNothing(Planted):
    def normalise(self, scores: Tensor, mask: Tensor) -> Tensor:
        scores = ops.where(mask, ops.cast(scores, "float32"), -np.inf)
        return ops.softmax(scores, axis=-1)


class IsUniformWithoutTokens(Planted):
    def normalise(self, scores: Tensor, mask: Tensor) -> Tensor:
        return super().normalise(scores, mask | ~ops.any(mask, axis=-1, keepdims=True))


class Rounds(Planted):
    def normalise(self, scores: Tensor, mask: Tensor) -> Tensor:
        return ops.cast(super().normalise(scores, mask), scores.dtype)


class IsLong(Planted):
    def call(self, query: Tensor, memory: Memory, state: State = ()):
        context, weights, state = super().call(query, memory, state)
        return ops.concatenate([context, query], axis=-1), weights, state


class CountsPadding(Planted):
    def score(self, query: Tensor, memory: Memory, state: State) -> Tensor:
        scores = super().score(query, memory, state)
        return scores * ops.mean(memory.values, axis=(1, 2))[:, None, None]


class CountsPositions(Planted):
    def score(self, query: Tensor, memory: Memory, state: State) -> Tensor:
        return super().score(query, memory, state) * memory.values.shape[1] / 5


class MixesSentences(Planted):
    def score(self, query: Tensor, memory: Memory, state: State) -> Tensor:
        return super().score(query - ops.mean(query, axis=0), memory, state)


class KnowsThePosition(Planted):
    def score(self, query: Tensor, memory: Memory, state: State) -> Tensor:
        positions = ops.cumsum(ops.ones_like(query[:, :, :1]), axis=1)
        return super().score(query, memory, state) * positions


class WantsKnownSizes(Planted):
    def score(self, query: Tensor, memory: Memory, state: State) -> Tensor:
        known = query.shape[0] is not None
        return super().score(query, memory, state) * (2.0 if known else 1.0)


class SourceFirst(Planted):
    def initial_state(self, memory: Memory) -> State:
        return ops.zeros_like(ops.transpose(memory.mask), dtype="float32")


class Grows(Planted):
    def initial_state(self, memory: Memory) -> State:
        return ops.zeros_like(memory.mask[:, :0], dtype="float32")

    def next_state(self, state: State, weights: Tensor) -> State:
        return ops.concatenate([state, weights[:, 0]], axis=1)


class KnowsItsPlace(Decay):
    """Moves the state to where it stands in the batch, as if nobody ever gathered."""

    def score(self, query: Tensor, memory: Memory, state: State) -> Tensor:
        scores = super().score(query, memory, state)
        place = ops.cumsum(ops.ones_like(state["step"][0])) - 1.0
        return scores * (1.0 + place * state["step"][0])[:, None, None]


class Remembers(Planted):
    calls = 0

    def score(self, query: Tensor, memory: Memory, state: State) -> Tensor:
        self.calls += 1
        return super().score(query, memory, state) * (self.calls % 7)


class Counts(Planted):
    def __init__(self, units: int) -> None:
        super().__init__(units)
        self.calls = self.add_weight(shape=(), trainable=False, initializer="zeros")

    def score(self, query: Tensor, memory: Memory, state: State) -> Tensor:
        self.calls.assign_add(1.0)
        return super().score(query, memory, state)


class Hides(Planted):
    def __init__(self, units: int) -> None:
        super().__init__(units)
        self._gate = keras.layers.Dense(1)

    def score(self, query: Tensor, memory: Memory, state: State) -> Tensor:
        return super().score(query, memory, state) * self._gate(query)


class DrawsAtWill(Planted):
    """Random numbers that are no weights and so are in no checkpoint."""

    def __init__(self, units: int) -> None:
        super().__init__(units)
        self.factor = 1.0 + float(np.random.default_rng().random())

    def score(self, query: Tensor, memory: Memory, state: State) -> Tensor:
        return super().score(query, memory, state) * self.factor


class DoesNotTrain(Planted):
    def project_keys(self, values: Tensor) -> Tensor:
        return ops.stop_gradient(super().project_keys(values))


class TellsNothingMuch(Tells):
    def extras(self, query: Tensor, memory: Memory, state: State) -> dict[str, Tensor]:
        sums = ops.sum(memory.mask, axis=1)[:, None]
        return {"mean": ops.divide(1.0, ops.cast(sums, "float32"))}


class TellsInHalf(Tells):
    def extras(self, query: Tensor, memory: Memory, state: State) -> dict[str, Tensor]:
        return {"query": query}


class TellsOfNoPosition(Tells):
    def extras(self, query: Tensor, memory: Memory, state: State) -> dict[str, Tensor]:
        return {"query": ops.cast(query[:, 0], "float32")}


class TellsOfItsPlace(Tells):
    def extras(self, query: Tensor, memory: Memory, state: State) -> dict[str, Tensor]:
        return {"place": ops.cumsum(ops.ones_like(state["seen"][:, :1]), axis=0)}


PLANTED = [
    (ReadsPadding, "exactly 0 on padding; found: 0."),
    (Doubles, "rows that sum to one; found: a sum of 2"),
    (Overflows, "rows that sum to at most one; found: a sum of 2"),
    (Subtracts, "weights that are not negative; found: -0."),
    (DividesByNothing, "finite numbers, also without any source token; found: NaN"),
    (IsUniformWithoutTokens, "exactly 0 on padding; found: 0."),
    (Rounds, "float32 weights .* found: .* in float16 (in mixed_float16)"),
    (IsLong, "a context of shape .* = (3, 4, 6) .* found: (3, 4, 14)"),
    (CountsPadding, "what stands on padding changes nothing; found: .* against"),
    (CountsPositions, "more padding changes nothing; found: .* against"),
    (MixesSentences, "a sentence gives the same in any batch"),
    (KnowsThePosition, "all target positions at once give what"),
    (WantsKnownSizes, "compiled with TensorFlow it gives the same"),
    (SourceFirst, "the batch, here 3, as their first axis; found: [(5, 3)]"),
    (Grows, "a next state of the same structure, shapes and types"),
    (KnowsItsPlace, "a sentence gives the same in any batch"),
    (Remembers, "nothing is kept on the layer between calls"),
    (Counts, "reading does not change the weights; found: .* against"),
    (Hides, "no checkpoint finds them"),
    (DrawsAtWill, "weights, by name, are all there is to save and load"),
    (DoesNotTrain, "the gradient of the values is that of finite differences"),
    (TellsNothingMuch, "extras mean, float32 .* all finite; found: NaN or infinity"),
    (TellsInHalf, "extras query, float32 .* found: (3, 1, 8) in float16"),
    (TellsOfNoPosition, "sizes (3, 1); found: (3, 8) in float32"),
    (TellsOfItsPlace, "the extras of a hypothesis from beam search are those of"),
]


@pytest.mark.parametrize(
    ("kind", "message"), PLANTED, ids=[kind.__name__ for kind, _ in PLANTED]
)
def test_a_planted_fault_is_caught_and_named(kind, message):
    pattern = ".*".join(re.escape(part) for part in message.split(" .* "))
    with pytest.raises(AssertionError, match=f"promised: .*{pattern}"):
        check_attention(kind)


def test_gradients_of_its_own_are_let_pass_when_told():
    check_attention(DoesNotTrain, gradients=False)


@pytest.mark.parametrize("kind", [KnowsThePosition, Remembers])
def test_a_search_that_sees_other_weights_than_forced_decoding_is_caught(kind):
    with precision("float32"), pytest.raises(AssertionError, match="the weights of a"):
        check_search(kind, 8, 6)


def test_precision_is_left_as_it_was():
    before = keras.config.dtype_policy()
    with pytest.raises(AssertionError):
        check_attention(Rounds)
    assert keras.config.dtype_policy() == before
