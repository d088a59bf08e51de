"""A model as the LiteRT models of `attnmt.export.graphs`."""

import re
from pathlib import Path
from typing import Any, Literal

import tensorflow as tf

from attnmt.devices import quiet
from attnmt.errors import AttnmtError
from attnmt.export.graphs import Function, build_graphs
from attnmt.exported import EXTEND, OUTPUT, START, STEP
from attnmt.litert_search import open_model
from attnmt.model import Seq2Seq
from attnmt.translator import RULES

Precision = Literal["float32", "float16", "int8"]
Shapes = dict[str, dict[str, Any]]


def write_litert(network: Seq2Seq, precision: Precision, folder: Path) -> Shapes:
    """Write the models into a folder; returns the tensors that each takes and gives.

    int8 are the weights only; they are multiplied with activations that are rounded as
    they come (dynamic range). Raises AttnmtError for operations that LiteRT lacks.
    """
    graphs = build_graphs(network, RULES)
    shapes: Shapes = {}
    for name, function in zip((START, STEP, OUTPUT, EXTEND), graphs, strict=True):
        if function is None:
            continue
        (folder / name).write_bytes(_convert(network, function, precision))
        shapes[name] = {
            "inputs": _described(function.structured_input_signature[1]),
            "outputs": _described(function.structured_outputs),
        }
    return shapes


def has_fixed_sizes(file: Path) -> bool:
    """Whether the sizes of a model's inputs tell those of all that it computes."""
    interpreter = open_model(file)
    inputs, outputs = _signature(interpreter)
    for tensor in inputs.values():
        sizes = [3 if size < 0 else size for size in tensor["shape_signature"]]
        interpreter.resize_tensor_input(tensor["index"], sizes)
    # Up to the first operation of which they do not; that and what follows it has no
    # memory before it runs.
    interpreter.allocate_tensors()
    try:
        for tensor in outputs.values():
            interpreter.get_tensor(tensor["index"])
    except ValueError:
        return False
    return True


def _signature(interpreter: Any) -> tuple[Shapes, Shapes]:
    """What is known of its inputs and outputs; no runner is left, it locks sizes."""
    runner = interpreter.get_signature_runner()
    return runner.get_input_details(), runner.get_output_details()


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
