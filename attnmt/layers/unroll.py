"""A step function along time."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import tensorflow as tf

Step = Callable[[Any, Any], tuple[Any, Any]]
_stacks: ContextVar[bool] = ContextVar("stacks", default=True)


@contextmanager
def without_stacks() -> Iterator[None]:
    """What is traced within needs no stacks: LiteRT has none, but no gradients too."""
    token = _stacks.set(False)
    try:
        yield
    finally:
        _stacks.reset(token)


def has_stacks() -> bool:
    """Whether what is traced now may use lists of tensors."""
    return _stacks.get()


def unroll(
    step: Step, inputs: Any, state: Any, reverse: bool = False
) -> tuple[Any, Any]:
    """Apply `step(input, state) -> (output, state)` at every time of the inputs.

    Inputs, outputs and state are nested tensors; inputs and outputs are time first,
    [time, batch, ...], with at least one time. Returns all outputs and the last state.
    In reverse the last time comes first; outputs stand in the order of the inputs.
    """
    if not has_stacks():
        return _unroll_growing(step, inputs, state, reverse)
    # Each time is popped off a stack and what comes of it is pushed on one, so that
    # gradients push and pop as well. Those of reads and writes at a place, as of a
    # TensorArray, would go through all times at each time.
    read = tf.nest.flatten(inputs)
    length = tf.shape(read[0])[0]
    unread = [_stack(x if reverse else tf.reverse(x, [0])) for x in read]

    def run(unread: Any, state: Any) -> tuple[Any, Any, Any]:
        unread, now = _pop(unread, read)
        output, state = step(tf.nest.pack_sequence_as(inputs, now), state)
        return unread, output, state

    # The first step runs before the loop: it shows what the outputs look like.
    unread, first, state = run(unread, state)
    outputs = tf.nest.flatten(first)
    written = [_stack(x[None]) for x in outputs]

    def body(time: Any, unread: Any, state: Any, written: Any) -> tuple[Any, ...]:
        unread, output, state = run(unread, state)
        pairs = zip(written, tf.nest.flatten(output), strict=True)
        return time + 1, unread, state, [_push(stack, x) for stack, x in pairs]

    _, _, state, written = tf.while_loop(
        lambda time, *_: time < length,
        body,
        (1, unread, state, written),
        maximum_iterations=length,
    )
    stacks = zip(written, outputs, strict=True)
    every = [_unstack(stack, x) for stack, x in stacks]
    every = [tf.reverse(x, [0]) for x in every] if reverse else every
    return tf.nest.pack_sequence_as(first, every), state


def _unroll_growing(
    step: Step, inputs: Any, state: Any, reverse: bool
) -> tuple[Any, Any]:
    """The same with outputs that grow by a time at each time."""
    if reverse:
        inputs = tf.nest.map_structure(lambda x: tf.reverse(x, [0]), inputs)
    length = tf.shape(tf.nest.flatten(inputs)[0])[0]

    def run(time: Any, state: Any) -> tuple[Any, Any]:
        now = tf.nest.map_structure(lambda x: tf.gather(x, time), inputs)
        output, state = step(now, state)
        return tf.nest.map_structure(lambda x: x[None], output), state

    def body(time: Any, state: Any, written: Any) -> tuple[Any, ...]:
        output, state = run(time, state)
        joined = tf.nest.map_structure(lambda *x: tf.concat(x, 0), written, output)
        return time + 1, state, joined

    first, state = run(0, state)
    shapes = tf.nest.map_structure(lambda x: x.shape, (tf.constant(1), state))
    grown = tf.nest.map_structure(lambda x: tf.TensorShape([None, *x.shape[1:]]), first)
    _, state, written = tf.while_loop(
        lambda time, *_: time < length,
        body,
        (1, state, first),
        shape_invariants=(*shapes, grown),
    )
    if reverse:
        written = tf.nest.map_structure(lambda x: tf.reverse(x, [0]), written)
    return written, state


def _stack(x: Any) -> Any:
    """A stack of what [time, ...] holds, its last time on top."""
    shape = _shape(x[0])
    return tf.raw_ops.TensorListFromTensor(tensor=x, element_shape=shape)


def _push(stack: Any, x: Any) -> Any:
    return tf.raw_ops.TensorListPushBack(input_handle=stack, tensor=x)


def _pop(stacks: Sequence[Any], like: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """The stacks without their tops, and the tops; like: [time, ...] of each."""
    popped = [
        tf.raw_ops.TensorListPopBack(
            input_handle=stack, element_shape=_shape(x[0]), element_dtype=x.dtype
        )
        for stack, x in zip(stacks, like, strict=True)
    ]
    return [rest for rest, _ in popped], [top for _, top in popped]


def _unstack(stack: Any, like: Any) -> Any:
    """All that is on a stack, [time, ...], its top last."""
    return tf.raw_ops.TensorListStack(
        input_handle=stack, element_shape=_shape(like), element_dtype=like.dtype
    )


def _shape(x: Any) -> Any:
    """The static shape, with -1 for sizes that are not known yet."""
    return tf.constant([-1 if size is None else size for size in x.shape], tf.int32)
