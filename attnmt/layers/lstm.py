"""An LSTM over a whole sequence, with a gradient of its own.

By itself TensorFlow would keep each intermediate value of each time, and would multiply
for the gradient of the kernel at each time. Here the way back multiplies by the kernel
alone, and the kernel's gradient is one product over all times.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf

Tensor = Any
State = tuple[Tensor, Tensor]  # hidden and carry, each [batch, units]


class _Kept(NamedTuple):
    """What the way back needs of a time, each [batch, units]; of all times, arrays."""

    i: Tensor
    f: Tensor
    g: Tensor
    o: Tensor
    bent: Tensor  # tanh of the new carry
    carry: Tensor  # of the time before
    read: Tensor  # hidden state of the time before, after dropout


def lstm(
    projected: Tensor,
    kernel: Tensor,
    state: State,
    mask: Tensor | None = None,
    drop: Tensor | None = None,
    reverse: bool = False,
) -> tuple[Tensor, State]:
    """Hidden states [time, batch, units] and the last state of an LSTM.

    `projected` [time, batch, 4 * units] is the inputs' share of the gates i, f, g, o,
    `kernel` [units, 4 * units]. A time that `mask` [time, batch, 1] hides changes
    nothing; `drop` [batch, units] multiplies the hidden state on its way into the
    gates; in reverse the last time comes first. Gers et al. (2000).
    """
    real = None if mask is None else tf.convert_to_tensor(mask)

    @tf.custom_gradient
    def run(projected: Tensor, kernel: Tensor, hidden: Tensor, carry: Tensor):
        read = _reader(projected)
        forth = _step(tf.transpose(kernel), drop)

        def step(time: Tensor, state: State) -> tuple[tuple[Tensor, _Kept], State]:
            return forth(read(time), None if real is None else real[time], state)

        times, units = tf.shape(projected)[0], kernel.shape[0]
        width = units, _Kept(*(units,) * len(_Kept._fields))
        (outputs, kept), state = _along(times, step, (hidden, carry), width, reverse)

        def gradient(upstream: Tensor, *last: Tensor) -> tuple[Tensor, ...]:
            read = _reader(upstream)
            back = _step_back(kernel, drop)

            def step(time: Tensor, state: State) -> tuple[Tensor, State]:
                now = tf.nest.map_structure(lambda x: x.read(time), kept)
                here = None if real is None else real[time]
                return back(now, here, (state[0] + read(time), state[1]))

            gates, state = _along(times, step, last, 4 * units, not reverse)
            d_projected = gates.stack()  # [time, batch, 4 * units]
            d_kernel = tf.matmul(
                tf.reshape(kept.read.stack(), [-1, units]),
                tf.reshape(d_projected, [-1, 4 * units]),
                transpose_a=True,
            )
            return d_projected, d_kernel, *state

        return (outputs.stack(), *state), gradient

    outputs, *last = run(projected, kernel, *state)
    return outputs, (last[0], last[1])


def _along(
    times: Tensor, step: Callable, state: State, width: Any, reverse: bool
) -> tuple[Any, State]:
    """Run `step(time, state) -> (values, state)`; returns arrays of the values.

    Nested `width` tells their last axis. Nothing of it has a gradient of TensorFlow's.
    """
    kind = state[0].dtype
    arrays = tf.nest.map_structure(
        lambda n: tf.TensorArray(
            kind, times, element_shape=[None, n], clear_after_read=False
        ),
        width,
    )

    def body(count: Tensor, state: State, arrays: Any) -> tuple[Any, ...]:
        time = times - 1 - count if reverse else count
        values, state = step(time, state)
        written = tf.nest.map_structure(lambda a, x: a.write(time, x), arrays, values)
        return count + 1, state, written

    _, state, arrays = tf.while_loop(
        lambda count, *_: count < times,
        body,
        (0, tuple(state), arrays),
        maximum_iterations=times,
    )
    return arrays, state


def _reader(x: Tensor) -> Callable[[Tensor], Tensor]:
    """Reads [time, ...] one time at a time."""
    array = tf.TensorArray(x.dtype, tf.shape(x)[0], clear_after_read=False)
    return array.unstack(x).read


def _step(turned: Tensor, drop: Tensor | None):
    """One time on the way forth; `turned` is the kernel [4 * units, units]."""

    def step(
        projected: Tensor, real: Tensor | None, state: State
    ) -> tuple[tuple[Tensor, _Kept], State]:
        hidden, carry = state
        read = hidden if drop is None else hidden * drop
        # [4 * units, batch] and back: half as long again takes [batch, 4 * units].
        recurrent = tf.transpose(tf.matmul(turned, read, transpose_b=True))
        i, f, g, o = tf.split(projected + recurrent, 4, axis=-1)
        i, f, g, o = tf.sigmoid(i), tf.sigmoid(f), tf.tanh(g), tf.sigmoid(o)
        new_carry = f * carry + i * g
        bent = tf.tanh(new_carry)
        new = o * bent, new_carry
        if real is not None:
            new = tf.where(real, new[0], hidden), tf.where(real, new[1], carry)
        return (new[0], _Kept(i, f, g, o, bent, carry, read)), new

    return step


def _step_back(kernel: Tensor, drop: Tensor | None):
    """One time on the way back: gradients of the gates and of the state before."""

    def step(kept: _Kept, real: Tensor | None, state: State) -> tuple[Tensor, State]:
        d_hidden, d_carry = passed = state
        if real is not None:  # a hidden time hands on what it gets
            share = tf.cast(real, d_hidden.dtype)
            d_hidden, d_carry = d_hidden * share, d_carry * share
            passed = passed[0] - d_hidden, passed[1] - d_carry
        i, f, g, o, bent, carry, _ = kept
        d_carry += d_hidden * o * (1.0 - bent * bent)
        gates = [
            d_carry * g * i * (1.0 - i),
            d_carry * carry * f * (1.0 - f),
            d_carry * i * (1.0 - g * g),
            d_hidden * bent * o * (1.0 - o),
        ]
        d_gates = tf.concat(gates, axis=-1)  # [batch, 4 * units]
        d_read = tf.matmul(d_gates, kernel, transpose_b=True)  # [batch, units]
        before = d_read if drop is None else d_read * drop, d_carry * f
        if real is not None:
            before = before[0] + passed[0], before[1] + passed[1]
        return d_gates, before

    return step
