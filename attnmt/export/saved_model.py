"""The whole of a translation, from ids to ids, as a TensorFlow SavedModel."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from attnmt.compiled import compiled
from attnmt.devices import quiet
from attnmt.errors import ConfigError
from attnmt.export.parity import Parity, Result, measure
from attnmt.layers.attention import Tensor
from attnmt.model import IDS
from attnmt.search.best import best_hypotheses
from attnmt.sentences import padded
from attnmt.text.tokenizer import EOS, PAD
from attnmt.translating import Translation
from attnmt.translator import Translator

BATCH = 32


def write_saved_model(model: Translator, folder: Path) -> None:
    """Write the signature "serving_default" with the decoding of the model.

    source [batch, source] -> tokens [batch, target], lengths [batch], scores [batch],
    weights [batch, (head,) target, source]; ids end with </s>, padding is 0.
    """
    options = model.decoding
    if options.coverage_penalty:
        raise ConfigError(
            "decoding.coverage_penalty: expected 0 for a SavedModel, which ranks by "
            f"probability and length, found {options.coverage_penalty}"
        )
    if options.sampling is not None:
        raise ConfigError(
            "decoding.sampling: expected none for a SavedModel, which searches"
        )

    def translate(source: Tensor) -> dict[str, Tensor]:
        lengths = tf.reduce_sum(tf.cast(source != PAD, tf.int32), axis=1)
        ratio = tf.cast(lengths, tf.float64) * options.max_length_ratio
        limits = tf.cast(ratio, tf.int32) + 10
        trace = model.search_function(options.beam_size, 1)(source, limits)
        best = best_hypotheses(trace, limits, EOS, options.length_penalty)
        return best._asdict()

    inputs = [tf.TensorSpec(IDS.shape, IDS.dtype, "source")]
    holder = tf.Module()
    held = [variable.value for variable in model.network.variables]
    setattr(holder, "held", held)  # noqa: B010, a name that a module does not declare
    function = compiled(translate, inputs)
    # Gradients would be saved too, which nobody asks a server for.
    saving = tf.saved_model.SaveOptions(experimental_custom_gradients=False)
    with quiet():
        graph = function.get_concrete_function()
        tf.saved_model.save(holder, str(folder), graph, saving)


def compare_saved_model(
    model: Translator, folder: Path, lines: Sequence[str]
) -> Parity:
    """Translate lines with the model and with what was written into a folder."""
    ours = [found for found in model.translate(lines) if found.source_ids]
    with quiet():  # it warns that there are no gradients
        serve = tf.saved_model.load(str(folder)).signatures["serving_default"]
    theirs: list[Result] = []
    for begin in range(0, len(ours), BATCH):
        theirs += _served(serve, model, ours[begin : begin + BATCH])
    return measure([_of_the_model(found) for found in ours], theirs)


def _served(
    serve: Any, model: Translator, batch: Sequence[Translation]
) -> Iterator[Result]:
    source = padded([found.source_ids for found in batch])
    best = {name: np.asarray(x) for name, x in serve(tf.constant(source)).items()}
    for i, found in enumerate(batch):
        ids = best["tokens"][i, : best["lengths"][i]].tolist()
        columns = model.columns(len(found.source_ids))
        weights = best["weights"][i, ..., : len(ids), :columns]
        text = model.target_tokenizer.decode(ids)
        yield Result(text, ids, float(best["scores"][i]), [weights])


def _of_the_model(found: Translation) -> Result:
    weights = found.weights[0]  # [head, target, source]
    weights = weights[0] if len(weights) == 1 else weights
    return Result(found.text, found.target_ids, found.norm_score, [weights])
