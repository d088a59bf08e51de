"""Recurrent cells and their application to a whole sequence."""

from typing import NamedTuple

import keras
import tensorflow as tf

from attnmt.layers.attention import Tensor
from attnmt.layers.lstm import lstm
from attnmt.layers.unroll import has_stacks, unroll

CellState = tuple[Tensor, ...]  # hidden first; each [batch, units]


class Times(NamedTuple):
    """What one time of a sequence brings; the mask is () when there is none."""

    projected: Tensor  # [batch, gates * units]
    mask: Tensor  # [batch, 1], True where there is a token


class Cell(keras.layers.Layer):
    """A recurrent cell, cut in two: `project` needs no state, so it takes all times.

    Weights have Keras' layout: `gates` blocks side by side.
    """

    gates: int
    states: int

    def __init__(self, input_depth: int, units: int) -> None:
        super().__init__()
        self.units = units
        width = self.gates * units
        self.kernel = self.add_weight(shape=(input_depth, width), name="kernel")
        self.recurrent_kernel = self.add_weight(
            shape=(units, width), initializer="orthogonal", name="recurrent_kernel"
        )
        self.bias = self.add_weight(
            shape=(width,), initializer=self.initial_bias, name="bias"
        )
        self.built = True

    def initial_bias(self, shape: tuple[int, ...], dtype: str) -> Tensor:
        return tf.zeros(shape, dtype)

    def project(self, inputs: Tensor) -> Tensor:
        """The inputs' share of the gates: [..., depth] -> [..., gates * units]."""
        kernel = tf.cast(self.kernel, inputs.dtype)
        return tf.tensordot(inputs, kernel, 1) + tf.cast(self.bias, inputs.dtype)

    def zero_state(self, batch: Tensor, dtype: str) -> CellState:
        return tuple(tf.zeros((batch, self.units), dtype) for _ in range(self.states))

    def step(
        self, projected: Tensor, state: CellState, mask: Tensor | None = None
    ) -> tuple[Tensor, CellState]:
        """One time: gates [batch, gates * units] -> output [batch, units], new state.

        `mask` [batch, units] multiplies the hidden state on its way into the gates
        (recurrent dropout).
        """
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
            _, new = self.step(now.projected, state, drop)
            if mask is not None:
                pairs = zip(new, state, strict=True)
                new = tuple(tf.where(now.mask, n, s) for n, s in pairs)
            return new[0], new

        times = Times(projected, () if mask is None else mask)
        return unroll(step, times, state, reverse)

    def _recur(self, hidden: Tensor, mask: Tensor | None) -> Tensor:
        hidden = hidden if mask is None else hidden * mask
        kernel = tf.cast(self.recurrent_kernel, hidden.dtype)
        return tf.matmul(hidden, kernel)  # [batch, gates * units]


class LSTMCell(Cell):
    """Long short-term memory, Gers et al. (2000) with forget gate; gates i, f, g, o."""

    gates = 4
    states = 2

    def initial_bias(self, shape: tuple[int, ...], dtype: str) -> Tensor:
        zeros = tf.zeros((self.units,), dtype)
        forget = tf.ones((self.units,), dtype)  # remember at first
        return tf.concat([zeros, forget, zeros, zeros], axis=0)

    def step(
        self, projected: Tensor, state: CellState, mask: Tensor | None = None
    ) -> tuple[Tensor, CellState]:
        hidden, carry = state
        i, f, g, o = tf.split(projected + self._recur(hidden, mask), 4, axis=-1)
        carry = tf.sigmoid(f) * carry + tf.sigmoid(i) * tf.tanh(g)
        hidden = tf.sigmoid(o) * tf.tanh(carry)
        return hidden, (hidden, carry)

    def run(
        self,
        projected: Tensor,
        state: CellState,
        mask: Tensor | None = None,
        drop: Tensor | None = None,
        reverse: bool = False,
    ) -> tuple[Tensor, CellState]:
        if not has_stacks():
            return super().run(projected, state, mask, drop, reverse)
        kernel = tf.cast(self.recurrent_kernel, projected.dtype)
        hidden, carry = state
        return lstm(projected, kernel, (hidden, carry), mask, drop, reverse)


class GRUCell(Cell):
    """Gated recurrent unit, Cho et al. (2014), eq. 5-8; gates z, r, h.

    The reset gate acts after the recurrent product (as in cuDNN), which is then one.
    """

    gates = 3
    states = 1

    def __init__(self, input_depth: int, units: int) -> None:
        super().__init__(input_depth, units)
        self.recurrent_bias = self.add_weight(
            shape=(units,), initializer="zeros", name="recurrent_bias"
        )

    def step(
        self, projected: Tensor, state: CellState, mask: Tensor | None = None
    ) -> tuple[Tensor, CellState]:
        (hidden,) = state
        xz, xr, xh = tf.split(projected, 3, axis=-1)
        hz, hr, hh = tf.split(self._recur(hidden, mask), 3, axis=-1)
        update = tf.sigmoid(xz + hz)
        reset = tf.sigmoid(xr + hr)
        recurrent_bias = tf.cast(self.recurrent_bias, hidden.dtype)
        candidate = tf.tanh(xh + reset * (hh + recurrent_bias))
        hidden = update * hidden + (1.0 - update) * candidate
        return hidden, (hidden,)


def make_cell(kind: str, input_depth: int, units: int) -> Cell:
    """An 'lstm' or 'gru' cell."""
    return {"lstm": LSTMCell, "gru": GRUCell}[kind](input_depth, units)


def run_cell(
    cell: Cell,
    inputs: Tensor,
    mask: Tensor,
    recurrent_mask: Tensor | None = None,
    reverse: bool = False,
) -> tuple[Tensor, CellState]:
    """Run a cell over [time, batch, depth], passing over what mask [time, batch] hides.

    Returns outputs [time, batch, units] in the order of the inputs, and the state
    after the last (or, in reverse, the first) token.
    """
    start = cell.zero_state(tf.shape(inputs)[1], inputs.dtype)
    projected = cell.project(inputs)
    return cell.run(projected, start, mask[:, :, None], recurrent_mask, reverse)
