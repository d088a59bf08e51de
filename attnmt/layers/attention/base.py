"""The attention interface: prepare a memory once, then score, normalise, read."""

from typing import Any, Literal, NamedTuple

import keras
from keras import ops

from attnmt.layers.attention.normalisers import Normaliser, Softmax, Tensor

State = Any  # nested tensors, batch first; () for a mechanism that carries nothing


class Memory(NamedTuple):
    """An encoded source batch, prepared once and read at every decoding step."""

    keys: Tensor  # [batch, source, units]
    values: Tensor  # [batch, source, depth]
    mask: Tensor  # [batch, source], True where there is a token


class Attention(keras.layers.Layer):
    """Reads a context from a memory; a subclass defines `score`, rarely more.

    Nothing is remembered between calls: memory and state are arguments and results.
    `units` is the depth of the query unless the configuration says otherwise.
    """

    # What a column of the weights is: a source token or a slot of a memory.
    align_kind: Literal["token", "slot"] = "token"
    sums_to_one = True  # whether a row of the weights does
    normalises = True  # whether the normaliser and the temperature make the weights
    scores_by_keys = True  # whether `score` reads memory.keys, which coverage adjusts

    def __init__(self, units: int, name: str = "attention") -> None:
        # The state (a coverage, a position) must not be rounded by mixed precision.
        super().__init__(name=name, autocast=False)
        self.units = units
        self.normaliser: Normaliser = Softmax()  # build_attention puts another in
        self.temperature = 1.0  # above one flatter, below one sharper

    def prepare(self, values: Tensor, mask: Tensor) -> Memory:
        """Project the keys of [batch, source, depth] values, once per source batch."""
        return Memory(self.project_keys(values), values, mask)

    def project_keys(self, values: Tensor) -> Tensor:
        """[batch, source, depth] -> [batch, source, units]; the values themselves."""
        return values

    def with_values(self, memory: Memory, values: Tensor) -> Memory:
        """The memory with others in the place of `memory.values`: same shape, keys."""
        return memory._replace(values=values)

    def initial_state(self, memory: Memory) -> State:
        """What the mechanism carries before the first target position."""
        return ()

    def score(self, query: Tensor, memory: Memory, state: State) -> Tensor:
        """[batch, target, query depth] -> [batch, target, source], any real numbers."""
        raise NotImplementedError

    def normalise(self, scores: Tensor, mask: Tensor) -> Tensor:
        """Scores to weights: rows sum to one, padding gets exactly zero."""
        scores = ops.divide(ops.cast(scores, "float32"), self.temperature)
        return self.normaliser(scores, mask)

    def read(self, memory: Memory, weights: Tensor) -> Tensor:
        """The context that weights [batch, target, source] read from a memory."""
        return ops.matmul(ops.cast(weights, memory.values.dtype), memory.values)

    def next_state(self, state: State, weights: Tensor) -> State:
        """The state after reading with weights [batch, target, source]."""
        return state

    def extras(self, query: Tensor, memory: Memory, state: State) -> dict[str, Tensor]:
        """What else a dump should tell of a reading: float32 [batch, target, ...].

        By name, for what `call` takes. Search and forced decoding ask for it, training
        does not.
        """
        return {}

    def call(
        self, query: Tensor, memory: Memory, state: State = ()
    ) -> tuple[Tensor, Tensor, State]:
        """Return context [batch, target, depth], weights and the next state.

        A mechanism with a state takes one target position at a time; one without
        takes any number at once.
        """
        scores = self.score(query, memory, state)  # [batch, target, source]
        expected, found = memory.mask.shape[-1], scores.shape[-1]
        if None not in (expected, found) and expected != found:
            raise ValueError(  # else one score would be spread over all positions
                f"{type(self).__name__}.score: expected [batch, target, source] with "
                f"{expected} source positions, found {tuple(scores.shape)}"
            )
        weights = self.normalise(scores, memory.mask[:, None, :])
        context = self.read(memory, weights)
        return context, weights, self.next_state(state, weights)
