"""A step function along time."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

Step = Callable[[Any, Any], tuple[Any, Any]]


def unroll(step: Step, inputs: Any, state: Any) -> tuple[Any, Any]:
    """Apply `step(input, state) -> (output, state)` at every time of the inputs.

    Inputs, outputs and state are nested tensors; inputs and outputs are time first,
    [time, batch, ...], with at least one time. Returns all outputs and the last state.
    """
    length = tf.shape(tf.nest.flatten(inputs)[0])[0]
    reads = tf.nest.map_structure(
        lambda x: tf.TensorArray(x.dtype, length, clear_after_read=False).unstack(x),
        inputs,
    )
    # The first step runs before the loop: it shows what the outputs look like.
    output, state = step(tf.nest.map_structure(lambda read: read.read(0), reads), state)
    writes = tf.nest.map_structure(
        lambda x: tf.TensorArray(x.dtype, length, element_shape=x.shape).write(0, x),
        output,
    )

    def body(time: Any, state: Any, writes: Any) -> tuple[Any, Any, Any]:
        now = tf.nest.map_structure(lambda read: read.read(time), reads)
        output, state = step(now, state)
        writes = tf.nest.map_structure(lambda w, x: w.write(time, x), writes, output)
        return time + 1, state, writes

    _, state, writes = tf.while_loop(
        lambda time, *_: time < length,
        body,
        (1, state, writes),
        maximum_iterations=length,
    )
    return tf.nest.map_structure(lambda write: write.stack(), writes), state
