"""Functions that TensorFlow runs as a graph."""

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

Graph = tf.types.experimental.PolymorphicFunction


def compiled(
    function: Callable[..., Any], input_signature: Sequence[Any] | None = None
) -> Graph:
    """Make a graph of a function that is written in Keras or TensorFlow operations.

    Without AutoGraph: rewriting Python loops and branches, of which there are none
    over tensors, takes longer than all the tracing.
    """
    return tf.function(function, input_signature=input_signature, autograph=False)
