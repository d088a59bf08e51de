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


class Cell(keras.layers.Layer):
    """A recurrent cell, cut in two: `project` needs no state, so it takes all times.

    Weights have Keras' layout: `gates` blocks side by side. With `layer_norm` what the
    gates get from the inputs and what they get from the state are normalised, each by
    itself, in `groups` of gates, Ba et al. (2016), supplementary material.
    """

    gates: int
    groups: tuple[int, ...]
    states: int

    def __init__(self, input_depth: int, units: int, layer_norm: bool = False) -> None:
        super().__init__()
        self.units, self.normed = units, layer_norm
        width = self.gates * units
        self.kernel = self.add_weight(shape=(input_depth, width), name="kernel")
        self.recurrent_kernel = self.add_weight(
            shape=(units, width), initializer="orthogonal", name="recurrent_kernel"
        )
        self.bias = self.add_weight(
            shape=(width,), initializer=self.initial_bias, name="bias"
        )
        if layer_norm:
            widths = [units * gates for gates in self.groups]
            self.input_norm = LayerNorm(*widths, bias=False)
            self.recurrent_norm = LayerNorm(*widths, bias=False)
        self.built = True

    def initial_bias(self, shape: tuple[int, ...], dtype: str) -> Tensor:
        return tf.zeros(shape, dtype)

    def project(self, inputs: Tensor) -> Tensor:
        """The inputs' share of the gates: [..., depth] -> [..., gates * units].

        More may be added to it before `step` or `run` takes it.
        """
        product = tf.tensordot(inputs, tf.cast(self.kernel, inputs.dtype), 1)
        return product if self.normed else product + self._bias(inputs)

    def zero_state(self, batch: Tensor, dtype: str) -> CellState:
        return tuple(tf.zeros((batch, self.units), dtype) for _ in range(self.states))

    def step(
        self, projected: Tensor, state: CellState, mask: Tensor | None = None
    ) -> tuple[Tensor, CellState]:
        """One time: gates [batch, gates * units] -> output [batch, units], new state.

        `mask` [batch, units] multiplies the hidden state on its way into the gates
        (recurrent dropout).
        """
        return self.advance(self._normalise(projected), state, mask)

    def advance(
        self, gates: Tensor, state: CellState, mask: Tensor | None
    ) -> tuple[Tensor, CellState]:
        """`step` for inputs that are normalised already, if they are to be."""
        raise NotImplementedError

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

        gates = self._normalise(projected)  # of all times at once
        times = Times(gates, () if mask is None else mask)
        return unroll(step, times, state, reverse)

    def _recur(self, hidden: Tensor, mask: Tensor | None) -> Tensor:
        hidden = hidden if mask is None else hidden * mask
        kernel = tf.cast(self.recurrent_kernel, hidden.dtype)
        product = tf.matmul(hidden, kernel)  # [batch, gates * units]
        return self.recurrent_norm(product) if self.normed else product

    def _normalise(self, projected: Tensor) -> Tensor:
        if not self.normed:
            return projected
        return self.input_norm(projected) + self._bias(projected)

    def _bias(self, like: Tensor) -> Tensor:
        return tf.cast(self.bias, like.dtype)
