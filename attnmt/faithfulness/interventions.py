"""What it costs to read the source with other weights than the model's own."""

from collections.abc import Callable, Sequence

import numpy as np

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
    found, outputs = [], {}
    expected = [np.array(record.log_probs) for record in records]
    sentences = np.repeat(np.arange(len(records)), [len(row) for row in expected])
    for name, change in CHANGES.items():
        say(f"{name} attention: forced, then greedy")
        forced, outputs[name] = _read_with(translator, change, records)
        costs = np.concatenate(expected) - np.concatenate(forced)
        own, texts = outputs["own"], outputs[name]
        found.append(
            Intervention(
                name,
                mean_of(costs, sentences),
                float(np.mean([a != b for a, b in zip(texts, own, strict=True)])),
                score(texts, own, metrics=["chrf"])[0].value,
            )
        )
        if name == "own" and np.abs(costs).mean() > _SAME:
            raise ConfigError(
                "the attention of this model cannot be changed: expected a context "
                "that is weights times values (Attention.read), but read that way a "
                f"target piece's log-probability is {np.abs(costs).mean():.3f} off"
            )
    sources = [record.source for record in records[:EXAMPLES]]
    examples = [
        Example(source, {name: texts[i] for name, texts in outputs.items()})
        for i, source in enumerate(sources)
    ]
    return found, examples


def _read_with(
    translator: Translator, change: changed.Change, records: Sequence[Record]
) -> tuple[list[np.ndarray], list[str]]:
    """Log-probabilities of the forced targets, and greedy translations."""
    network = translator.network
    tokenizers = (translator.source_tokenizer, translator.target_tokenizer)
    greedy = translator.decoding.model_copy(
        update={"beam_size": 1, "length_penalty": 0.0, "coverage_penalty": 0.0}
    )
    sources, targets = [r.source for r in records], [r.hypothesis for r in records]
    with attending(network, change):
        other = Translator(network, tokenizers, greedy)
        forced = [np.array(r.log_probs) for r in other.force(sources, targets)]
        return forced, [r.text for r in other.translate(sources)]
