"""A model as the two LiteRT models of `attnmt.export.graphs`."""

import re
from pathlib import Path
from typing import Any, Literal

import tensorflow as tf

from attnmt.devices import quiet
from attnmt.errors import AttnmtError
from attnmt.export.graphs import Function, build_graphs
from attnmt.exported import START, STEP
from attnmt.model import Seq2Seq
from attnmt.translator import RULES

Precision = Literal["float32", "float16", "int8"]
Shapes = dict[str, dict[str, Any]]


def write_litert(network: Seq2Seq, precision: Precision, folder: Path) -> Shapes:
    """Write both models into a folder; returns the tensors that each takes and gives.

    int8 are the weights only; they are multiplied with activations that are rounded as
    they come (dynamic range). Raises AttnmtError for operations that LiteRT lacks.
    """
    graphs = build_graphs(network, RULES)
    shapes: Shapes = {}
    for name, function in zip((START, STEP), graphs, strict=True):
        (folder / name).write_bytes(_convert(network, function, precision))
        shapes[name] = {
            "inputs": _described(function.structured_input_signature[1]),
            "outputs": _described(function.structured_outputs),
        }
    return shapes


def _convert(network: Seq2Seq, function: Function, precision: Precision) -> bytes:
    # A module that holds the variables and nothing else: they become constants, which
    # those of a Keras model would not.
    holder = tf.Module()
    held = [variable.value for variable in network.variables]
    setattr(holder, "held", held)  # noqa: B010, a name that a module does not declare
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function], holder)
    if precision != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if precision == "float16":
        converter.target_spec.supported_types = [tf.float16]
    try:
        with quiet():
            return converter.convert()
    except Exception as error:
        raise AttnmtError(_explained(network, str(error))) from error


def _explained(network: Seq2Seq, message: str) -> str:
    name = type(network.decoder.attention).__name__
    if lacking := re.search(r"(?:TF Select|Custom) ops: (.+)", message):
        reason = f"LiteRT lacks {lacking[1]}"
    elif illegal := re.search(r"legalize operation '(?:tf\.)?(\w+)'", message):
        reason = f"LiteRT lacks {illegal[1]}"
    else:
        reason = message.strip().split("\n")[0]
    return (
        f"the model cannot be exported to LiteRT: {reason}; its attention is {name}. "
        "It translates with --engine tensorflow"
    )


def _described(tensors: dict[str, Any]) -> dict[str, Any]:
    """Data type and shape by name; sizes that may be any are null."""
    return {
        name: {"dtype": x.dtype.name, "shape": list(x.shape)}
        for name, x in sorted(tensors.items())
    }
