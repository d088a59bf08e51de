"""LSTM and GRU cells and their application to a whole sequence."""

import tensorflow as tf

from attnmt.config import schema
from attnmt.layers.attention import Tensor
from attnmt.layers.cell import Cell, CellState, Recurrence
from attnmt.layers.layer_norm import LayerNorm
from attnmt.layers.lstm import lstm
from attnmt.layers.transition import DeepTransition
from attnmt.layers.unroll import has_stacks


class LSTMCell(Cell):
    """Long short-term memory, Gers et al. (2000) with forget gate; gates i, f, g, o.

    With `layer_norm` it tells the normalised carry, Ba et al. (2016), eq. 22.
    """

    gates = 4
    groups = (4,)
    states = 2

    def __init__(self, input_depth: int, units: int, layer_norm: bool = False) -> None:
        super().__init__(input_depth, units, layer_norm)
        if layer_norm:
            self.carry_norm = LayerNorm(units)

    def initial_bias(self, shape: tuple[int, ...], dtype: str) -> Tensor:
        zeros = tf.zeros((self.units,), dtype)
        forget = tf.ones((self.units,), dtype)  # remember at first
        return tf.concat([zeros, forget, zeros, zeros], axis=0)

    def advance(
        self, gates: Tensor, state: CellState, mask: Tensor | None
    ) -> tuple[Tensor, CellState]:
        hidden, carry = state
        i, f, g, o = tf.split(gates + self._recur(hidden, mask), 4, axis=-1)
        carry = tf.sigmoid(f) * carry + tf.sigmoid(i) * tf.tanh(g)
        told = self.carry_norm(carry) if self.normed else carry
        hidden = tf.sigmoid(o) * tf.tanh(told)
        return hidden, (hidden, carry)

    def run(
        self,
        projected: Tensor,
        state: CellState,
        mask: Tensor | None = None,
        drop: Tensor | None = None,
        reverse: bool = False,
    ) -> tuple[Tensor, CellState]:
        if self.normed or not has_stacks():
            return super().run(projected, state, mask, drop, reverse)
        kernel = tf.cast(self.recurrent_kernel, projected.dtype)
        hidden, carry = state
        return lstm(projected, kernel, (hidden, carry), mask, drop, reverse)


class GRUCell(Cell):
    """Gated recurrent unit, Cho et al. (2014), eq. 5-8; gates z, r, h.

    The reset gate acts after the recurrent product (as in cuDNN), which is then one.
    """

    gates = 3
    groups = (2, 1)
    states = 1

    def __init__(self, input_depth: int, units: int, layer_norm: bool = False) -> None:
        super().__init__(input_depth, units, layer_norm)
        self.recurrent_bias = self.add_weight(
            shape=(units,), initializer="zeros", name="recurrent_bias"
        )

    def advance(
        self, gates: Tensor, state: CellState, mask: Tensor | None
    ) -> tuple[Tensor, CellState]:
        (hidden,) = state
        xz, xr, xh = tf.split(gates, 3, axis=-1)
        hz, hr, hh = tf.split(self._recur(hidden, mask), 3, axis=-1)
        update = tf.sigmoid(xz + hz)
        reset = tf.sigmoid(xr + hr)
        recurrent_bias = tf.cast(self.recurrent_bias, hidden.dtype)
        candidate = tf.tanh(xh + reset * (hh + recurrent_bias))
        hidden = update * hidden + (1.0 - update) * candidate
        return hidden, (hidden,)


def make_cell(config: schema.Encoder | schema.Decoder, input_depth: int) -> Recurrence:
    """The cell, or cells, of a layer that reads vectors of that depth."""
    kind = {"lstm": LSTMCell, "gru": GRUCell}[config.cell]
    depths = [input_depth] + [0] * (config.transition_depth - 1)
    first, *further = (kind(d, config.units, config.layer_norm) for d in depths)
    return DeepTransition(first, further) if further else first


def run_cell(
    cell: Recurrence,
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
