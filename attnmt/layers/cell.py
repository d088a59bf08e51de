"""What recurrent cells have in common."""

from typing import NamedTuple

import keras
import tensorflow as tf

from attnmt.layers.attention import Tensor
from attnmt.layers.layer_norm import LayerNorm
from attnmt.layers.unroll import unroll

CellState = tuple[Tensor, ...]  # hidden first; each [batch, units]


class Times(NamedTuple):
    """What one time of a sequence brings; the mask is () when there is none."""

    projected: Tensor  # [batch, gates * units]
    mask: Tensor  # [batch, 1], True where there is a token


class Recurrence(keras.layers.Layer):
    """One time after the other, cut in two: `project` needs no state and takes all."""

    units: int
    gates: int
    states: int

    def project(self, inputs: Tensor) -> Tensor:
        """The inputs' share of the gates: [..., depth] -> [..., gates * units].

        More may be added to it before `step` or `run` takes it.
        """
        raise NotImplementedError

    def normalise(self, projected: Tensor) -> Tensor:
        """What `advance` takes, of what `project` made and any more that was added."""
        raise NotImplementedError

    def advance(
        self, gates: Tensor, state: CellState, mask: Tensor | None
    ) -> tuple[Tensor, CellState]:
        """`step` for inputs that are normalised already, if they are to be."""
        raise NotImplementedError

    def zero_state(self, batch: Tensor, dtype: str) -> CellState:
        return tuple(tf.zeros((batch, self.units), dtype) for _ in range(self.states))

    def step(
        self, projected: Tensor, state: CellState, mask: Tensor | None = None
    ) -> tuple[Tensor, CellState]:
        """One time: gates [batch, gates * units] -> output [batch, units], new state.

        `mask` [batch, units] multiplies the hidden state on its way into the gates
        (recurrent dropout).
        """
        return self.advance(self.normalise(projected), state, mask)

    def run(
        self,
        projected: Tensor,
        state: CellState,
        mask: Tensor | None = None,
        drop: Tensor | None = None,
        reverse: bool = False,
    ) -> tuple[Tensor, CellState]:
        """All times of gates [time, batch, gates * units] -> outputs, last state.

        A time that `mask` [time, batch, 1] hides changes nothing; `drop` is the mask
        of `step`; in reverse the last time comes first.
        """

        def step(now: Times, state: CellState) -> tuple[Tensor, CellState]:
            _, new = self.advance(now.projected, state, drop)
            if mask is not None:
                pairs = zip(new, state, strict=True)
                new = tuple(tf.where(now.mask, n, s) for n, s in pairs)
            return new[0], new

        gates = self.normalise(projected)  # of all times at once
        times = Times(gates, () if mask is None else mask)
        return unroll(step, times, state, reverse)


class Cell(Recurrence):
    """A recurrent cell with Keras' layout of weights: `gates` blocks side by side.

    With `layer_norm` what the gates get from the inputs and what they get from the
    state are normalised, each by itself, in `groups` of gates, Ba et al. (2016),
    supplementary material. An `input_depth` of 0 is a cell that has no inputs.
    """

    groups: tuple[int, ...]

    def __init__(self, input_depth: int, units: int, layer_norm: bool = False) -> None:
        super().__init__()
        self.units, self.normed = units, layer_norm
        width = self.gates * units
        if input_depth:
            self.kernel = self.add_weight(shape=(input_depth, width), name="kernel")
        self.recurrent_kernel = self.add_weight(
            shape=(units, width), initializer="orthogonal", name="recurrent_kernel"
        )
        self.bias = self.add_weight(
            shape=(width,), initializer=self.initial_bias, name="bias"
        )
        if layer_norm:
            widths = [units * gates for gates in self.groups]
            if input_depth:
                self.input_norm = LayerNorm(*widths, bias=False)
            self.recurrent_norm = LayerNorm(*widths, bias=False)
        self.built = True

    def initial_bias(self, shape: tuple[int, ...], dtype: str) -> Tensor:
        return tf.zeros(shape, dtype)

    def project(self, inputs: Tensor) -> Tensor:
        product = tf.tensordot(inputs, tf.cast(self.kernel, inputs.dtype), 1)
        return product if self.normed else product + self.without_inputs(inputs)

    def normalise(self, projected: Tensor) -> Tensor:
        if not self.normed:
            return projected
        return self.input_norm(projected) + self.without_inputs(projected)

    def without_inputs(self, like: Tensor) -> Tensor:
        """What `advance` takes where there are no inputs, [gates * units]."""
        return tf.cast(self.bias, like.dtype)

    def _recur(self, hidden: Tensor, mask: Tensor | None) -> Tensor:
        hidden = hidden if mask is None else hidden * mask
        kernel = tf.cast(self.recurrent_kernel, hidden.dtype)
        product = tf.matmul(hidden, kernel)  # [batch, gates * units]
        return self.recurrent_norm(product) if self.normed else product
