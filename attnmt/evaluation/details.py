"""Behind the figures: which sentences and words are translated well, and which not."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from attnmt.evaluation.breakdown import (
    Cut,
    FrequencyGroup,
    LengthGroup,
    by_frequency,
    by_length,
    count_words,
)
from attnmt.evaluation.examples import Examples, pick
from attnmt.evaluation.inputs import Inputs, Rows
from attnmt.evaluation.metrics import build_metrics

if TYPE_CHECKING:
    from sacrebleu.metrics.bleu import BLEU


class Details(NamedTuple):
    """Quality by length and by frequency of words, and sentences to look at."""

    length_of: str  # whose words are counted: the file of the sources or references
    by_length: list[LengthGroup]
    frequency_in: str  # the text in which words are frequent or rare
    by_frequency: list[FrequencyGroup]
    examples: Examples

    def json(self) -> dict[str, Any]:
        """All of it as plain objects and lists."""
        return {
            "length_of": self.length_of,
            "by_length": [group._asdict() for group in self.by_length],
            "frequency_in": self.frequency_in,
            "by_frequency": [group._asdict() for group in self.by_frequency],
            "examples": {
                kind: [example._asdict() for example in examples]
                for kind, examples in self.examples._asdict().items()
            },
        }


def details(
    given: Inputs,
    metrics: Sequence[str],
    tokenize: str | None = None,
    lowercase: bool = False,
    training: Rows[str] | None = None,
) -> Details:
    """What can be said of the translations; without `training` text words are as
    frequent as in the references.
    """
    from attnmt.analysis.words import word_spans

    assert given.hypothesis is not None and given.reference is not None
    texts = (given.reference.rows, given.hypothesis.rows)
    baseline = None if given.baseline is None else given.baseline.rows
    measured, known = given.source or given.reference, training or given.reference
    built = build_metrics(metrics, tokenize, lowercase)
    lengths = [len(word_spans(line)) for line in measured.rows]
    cut = _cut(tokenize, lowercase)
    seen = count_words(cut, known.rows)
    sources = None if given.source is None else given.source.rows
    return Details(
        measured.name,
        by_length(built, lengths, *texts, baseline),
        known.name,
        by_frequency(cut, seen, *texts, baseline),
        pick(sources, *texts, baseline, lowercase),
    )


def _cut(tokenize: str | None, lowercase: bool) -> Cut:
    """Cuts a sentence into the words that BLEU compares."""
    bleu: BLEU = build_metrics(["bleu"], tokenize, lowercase)[0]  # type: ignore[assignment]

    def cut(text: str) -> list[str]:
        return bleu.tokenizer(text.lower() if lowercase else text).split()

    return cut
