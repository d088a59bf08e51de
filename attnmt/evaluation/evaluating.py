"""From what is given and what is wanted to a report."""

from collections.abc import Sequence
from typing import NamedTuple

from attnmt.evaluation import metrics
from attnmt.evaluation.alignment_error import AlignmentScore, alignment_error
from attnmt.evaluation.details import details
from attnmt.evaluation.inputs import Inputs, Rows
from attnmt.evaluation.literature import literature_bleu
from attnmt.evaluation.metrics import Score
from attnmt.evaluation.report import Report


class Wanted(NamedTuple):
    """What is to be computed."""

    metrics: Sequence[str] = metrics.METRICS
    tokenize: str | None = None  # of BLEU; None is that of sacreBLEU
    lowercase: bool = False
    resamples: int = 0  # of the bootstrap; 0: no interval, no significance
    literature: str | None = None  # the language for the BLEU of the papers
    details: bool = False


def evaluate(
    given: Inputs,
    wanted: Wanted,
    origin: dict[str, object],
    training: Rows[str] | None = None,
) -> Report:
    """Compute what is wanted as far as the inputs allow it."""
    scores: list[Score] = []
    found = None
    if given.hypothesis is not None and given.reference is not None:
        scores = _scores(given, wanted)
        if wanted.details:
            choice = (wanted.metrics, wanted.tokenize, wanted.lowercase)
            found = details(given, *choice, training)
    alignment = _alignment_score(given)
    return Report(given.sentences, scores, alignment, origin | given.names(), found)


def _scores(given: Inputs, wanted: Wanted) -> list[Score]:
    assert given.hypothesis is not None and given.reference is not None
    baseline = None if given.baseline is None else given.baseline.rows
    scores = metrics.score(
        given.hypothesis.rows,
        given.reference.rows,
        metrics=wanted.metrics,
        tokenize=wanted.tokenize,
        lowercase=wanted.lowercase,
        resamples=wanted.resamples,
        baseline=baseline,
    )
    if wanted.literature is not None:
        published = given.literature_reference
        reference = published or given.reference
        bleu = literature_bleu(
            given.hypothesis.rows,
            reference.rows,
            wanted.literature,
            published=published is not None,
            reference_name=reference.name,
            resamples=wanted.resamples,
            baseline=baseline,
        )
        scores.append(bleu)
    return scores


def _alignment_score(given: Inputs) -> AlignmentScore | None:
    if given.alignment is None or given.gold_alignment is None:
        return None
    return alignment_error(given.alignment.rows, given.gold_alignment.rows)
