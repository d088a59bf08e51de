"""An LSTM over a whole sequence, with a gradient of its own.

By itself TensorFlow would keep each intermediate value of each time, and would multiply
for the gradient of the kernel at each time. Here the way back multiplies by the kernel
alone, and the kernel's gradient is one product over all times.
"""

from typing import Any, NamedTuple

import tensorflow as tf

from attnmt.layers.unroll import unroll

Tensor = Any
State = tuple[Tensor, Tensor]  # hidden and carry, each [batch, units]


class _Forth(NamedTuple):
    """What one time brings on the way forth; the mask is () when there is none."""

    projected: Tensor  # [batch, 4 * units]
    mask: Tensor  # [batch, 1], True where there is a token


class _Kept(NamedTuple):
    """What the way back needs of one time; each [batch, units]."""

    i: Tensor
    f: Tensor
    g: Tensor
    o: Tensor
    bent: Tensor  # tanh of the new carry
    carry: Tensor  # of the time before
    read: Tensor  # hidden state of the time before, after dropout


class _Back(NamedTuple):
    """What one time brings on the way back."""

    upstream: Tensor  # [batch, units]
    kept: _Kept
    mask: Tensor


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
    masks = () if mask is None else mask

    @tf.custom_gradient
    def run(projected: Tensor, kernel: Tensor, hidden: Tensor, carry: Tensor):
        step = _step(tf.transpose(kernel), drop)
        times = _Forth(projected, masks)
        (outputs, kept), state = unroll(step, times, (hidden, carry), reverse)

        def gradient(upstream: Tensor, *last: Tensor) -> tuple[Tensor, ...]:
            back = _step_back(kernel, drop)
            times = _Back(upstream, kept, masks)
            gates, state = unroll(back, times, last, not reverse)
            flat = tf.reshape(gates, [-1, gates.shape[-1]])
            read = tf.reshape(kept.read, [-1, kernel.shape[0]])
            return gates, tf.matmul(read, flat, transpose_a=True), *state

        return (outputs, *state), gradient

    outputs, *last = run(projected, kernel, *state)
    return outputs, (last[0], last[1])


def _step(turned: Tensor, drop: Tensor | None):
    """One time on the way forth; `turned` is the kernel [4 * units, units]."""

    def step(now: _Forth, state: State) -> tuple[tuple[Tensor, _Kept], State]:
        hidden, carry = state
        read = hidden if drop is None else hidden * drop
        # [4 * units, batch] and back: half as long again takes [batch, 4 * units].
        recurrent = tf.transpose(tf.matmul(turned, read, transpose_b=True))
        i, f, g, o = tf.split(now.projected + recurrent, 4, axis=-1)
        i, f, g, o = tf.sigmoid(i), tf.sigmoid(f), tf.tanh(g), tf.sigmoid(o)
        new_carry = f * carry + i * g
        bent = tf.tanh(new_carry)
        new = o * bent, new_carry
        if not isinstance(now.mask, tuple):
            pairs = zip(new, state, strict=True)
            new = tuple(tf.where(now.mask, n, s) for n, s in pairs)
        return (new[0], _Kept(i, f, g, o, bent, carry, read)), new

    return step


def _step_back(kernel: Tensor, drop: Tensor | None):
    """One time on the way back: gradients of the gates and of the state before."""

    def step(now: _Back, state: State) -> tuple[Tensor, State]:
        d_hidden, d_carry = state
        d_hidden += now.upstream
        i, f, g, o, bent, carry, _ = now.kept
        passed = ()  # what a hidden time hands on
        if not isinstance(now.mask, tuple):
            real = tf.cast(now.mask, d_hidden.dtype)
            passed = d_hidden * (1.0 - real), d_carry * (1.0 - real)
            d_hidden, d_carry = d_hidden * real, d_carry * real
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
        if passed:
            before = before[0] + passed[0], before[1] + passed[1]
        return d_gates, before

    return step
