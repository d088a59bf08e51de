"""What it costs to read the source with other weights than the model's own."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from attnmt.analysis.faithfulness.figures import Example, Intervention, mean_of
from attnmt.analysis.record import Record
from attnmt.errors import ConfigError
from attnmt.evaluation.metrics import score
from attnmt.faithfulness.attending import attending
from attnmt.layers.attention import changed
from attnmt.translator import Translator

CHANGES: dict[str, changed.Change] = {
    "own": changed.own,
    "uniform": changed.uniform,
    "permuted": changed.permuted,
    "frozen": changed.frozen,
    "nothing": changed.nothing,
}
EXAMPLES = 3
_SAME = 0.01  # nats per piece that the machinery itself may cost, by rounding


def intervene(
    translator: Translator, records: Sequence[Record], say: Callable[[str], None]
) -> tuple[list[Intervention], list[Example]]:
    """Force the targets of the records, and translate greedily, with each change.

    `records` are the forced targets with the model's own weights, none blank. Raises
    ConfigError for a mechanism that does not read its values by its weights.
    """
    results = _results(translator, records, say)
    own = results["own"].outputs
    sentences = np.repeat(np.arange(len(records)), [len(r.target_ids) for r in records])
    found = [
        Intervention(
            name,
            mean_of(result.costs, sentences),
            float(np.mean([a != b for a, b in zip(result.outputs, own, strict=True)])),
            score(result.outputs, own, metrics=["chrf"])[0].value,
        )
        for name, result in results.items()
    ]
    examples = [
        Example(record.source, {name: r.outputs[i] for name, r in results.items()})
        for i, record in enumerate(records[:EXAMPLES])
    ]
    return found, examples


class _Result(NamedTuple):
    """What a change led to."""

    costs: np.ndarray  # [piece], of all forced targets one after the other
    outputs: list[str]  # greedy translations


def _results(
    translator: Translator, records: Sequence[Record], say: Callable[[str], None]
) -> dict[str, _Result]:
    greedy = translator.decoding.model_copy(
        update={
            "beam_size": 1,
            "length_penalty": 0.0,
            "coverage_penalty": 0.0,
            "sampling": None,
        }
    )
    tokenizers = (translator.source_tokenizer, translator.target_tokenizer)
    choice = tf.Variable(tf.constant(0), trainable=False)
    results = {}
    with attending(translator.network, [*CHANGES.values()], choice):
        other = Translator(translator.network, tokenizers, greedy)
        for i, name in enumerate(CHANGES):
            say(f"{name} attention: forced, then greedy")
            choice.assign(i)  # one compilation serves all changes
            results[name] = _read(other, records)
            if name == "own":
                _check(results[name].costs)
    return results


def _read(translator: Translator, records: Sequence[Record]) -> _Result:
    sources, targets = [r.source for r in records], [r.hypothesis for r in records]
    forced = translator.force(sources, targets)
    costs = [
        np.subtract(own.log_probs, other.log_probs)
        for own, other in zip(records, forced, strict=True)
    ]
    return _Result(
        np.concatenate(costs), [found.text for found in translator.translate(sources)]
    )


def _check(costs: np.ndarray) -> None:
    if (off := np.abs(costs).mean()) > _SAME:
        raise ConfigError(
            "the attention of this model cannot be changed: expected a context that is "
            "weights times values (Attention.read), found that read in this way the "
            f"log-probability of a target piece is {off:.3f} off"
        )
