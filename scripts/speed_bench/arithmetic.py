"""How much arithmetic a training update of real tokens is."""

from typing import Any

from speed_bench.batch_files import Counts


def training_flops(model: dict[str, Any], vocabulary: int, counts: Counts) -> float:
    """Multiplications and additions in the matrix products of real tokens.

    Forwards, and twice that backwards (of inputs and of weights). `model` is the
    section of a configuration, as `settings.model_settings` makes it.
    """
    size, units = model["embeddings"]["size"], model["decoder"]["units"]
    each, style = model["encoder"]["units"], model["decoder"]["style"]
    depth = 2 * each  # of the encoder's two directions
    source = 2 * (size + each) * 4 * each + depth * units
    recurrent, combined, query, energy = size + units, depth + units, 0, units
    if style == "bahdanau":
        recurrent, combined = recurrent + depth, combined + size
    elif model["decoder"]["input_feeding"]:
        recurrent += units
    if model["attention"]["type"] == "additive":
        query = units * units
    target = recurrent * 4 * units + combined * units + query + units * vocabulary
    products = (
        source * counts.source
        + target * counts.target
        + (energy + depth) * counts.pairs
    )
    return 3 * 2.0 * products
