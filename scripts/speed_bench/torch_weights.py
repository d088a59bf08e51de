"""The weights of a checkpoint of attnmt in PyTorch's layout."""

from collections.abc import Mapping

import numpy as np
import torch  # pyright: ignore[reportMissingImports]

from speed_bench.torch_model import Seq2Seq

Arrays = Mapping[str, np.ndarray]


def assign(model: Seq2Seq, arrays: Arrays) -> None:
    """Give a model the weights of a checkpoint of attnmt."""
    # Where matrices are tied, there is one array.
    target = arrays["target_embedding.table"]
    source = arrays.get("source_embedding.table", target)
    output = arrays.get("projection.kernel", target)
    fed = [arrays["decoder.feed.kernel"]] if model.recurs else []
    read = np.concatenate([arrays["decoder.cells.0.kernel"], *fed])
    named = {"source_embedding.weight": source, "target_embedding.weight": target}
    named |= {"projection.weight": output, "projection.bias": arrays["projection.bias"]}
    for layer, name in (("bridge", "decoder.bridge"), ("combine", "decoder.combine")):
        named |= _dense(layer, arrays, name)
    for layer in ("keys", "query", "energy")[: 3 if model.additive else 1]:
        name = {"keys": "key_layer", "query": "query_layer", "energy": "energy_layer"}
        named |= _dense(layer, arrays, f"decoder.attention.{name[layer]}")
    for layer in ("forwards", "backwards"):
        name = f"encoder.{layer.removesuffix('s')}_cells.0"
        kernel = arrays[f"{name}.kernel"]
        named |= _lstm(f"{layer}.{{}}_l0", kernel, arrays, name)
    suffix = "" if model.recurs else "_l0"
    named |= _lstm(f"decoder.{{}}{suffix}", read, arrays, "decoder.cells.0")
    copied = {name: torch.tensor(np.array(x)) for name, x in named.items()}
    model.load_state_dict(copied)


def _dense(layer: str, arrays: Arrays, name: str) -> dict[str, np.ndarray]:
    found = {f"{layer}.weight": arrays[f"{name}.kernel"].T}
    if f"{name}.bias" in arrays:
        found[f"{layer}.bias"] = arrays[f"{name}.bias"]
    return found


def _lstm(
    form: str, kernel: np.ndarray, arrays: Arrays, name: str
) -> dict[str, np.ndarray]:
    bias = arrays[f"{name}.bias"]
    return {
        form.format("weight_ih"): kernel.T,
        form.format("weight_hh"): arrays[f"{name}.recurrent_kernel"].T,
        form.format("bias_ih"): bias,
        form.format("bias_hh"): np.zeros_like(bias),
    }
