"""Metrics of sacreBLEU, each with the signature that makes it comparable."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from attnmt.errors import ConfigError, DataError
from attnmt.evaluation.significance import Interval, Versus, certainty

if TYPE_CHECKING:
    from sacrebleu.metrics.base import Metric

METRICS = ("bleu", "chrf", "ter")  # when none are asked for
KNOWN = (*METRICS, "exact")


class Score(NamedTuple):
    """A figure for a whole corpus."""

    name: str  # as sacreBLEU writes it: BLEU, chrF2, TER; Exact
    value: float  # in percent; TER may exceed 100
    signature: str
    text: str  # sacreBLEU's own line, with the n-gram precisions of BLEU
    note: str = ""
    interval: Interval | None = None
    versus: Versus | None = None


def score(
    hypotheses: Sequence[str],
    references: Sequence[str],
    *,
    metrics: Sequence[str] = METRICS,
    tokenize: str | None = None,
    lowercase: bool = False,
    resamples: int = 0,
    baseline: Sequence[str] | None = None,
) -> list[Score]:
    """Score hypotheses against one reference each, a Score per name in `metrics`.

    With `resamples` a Score has an interval, and with a `baseline` its significance.

    `tokenize` is a sacreBLEU tokenizer for BLEU (13a when None). `lowercase` concerns
    all but TER, which, as sacreBLEU defines it, never looks at case.
    Raises ConfigError for an unknown name and DataError when the counts differ.
    """
    built = build_metrics(metrics, tokenize, lowercase)
    check_counts({"hypotheses": len(hypotheses), "references": len(references)})
    scores = [_apply(metric, hypotheses, references) for metric in built]
    if not resamples:
        return scores
    return [
        _with_certainty(*pair, hypotheses, references, resamples, baseline)
        for pair in zip(scores, built, strict=True)
    ]


def build_metrics(
    metrics: Sequence[str], tokenize: str | None = None, lowercase: bool = False
) -> list["Metric"]:
    """Make the sacreBLEU objects, so that a wrong name is found before any work."""
    for name in metrics:
        if name not in KNOWN:
            raise ConfigError(
                f"unknown metric {name!r}: expected some of {', '.join(KNOWN)}"
            )
        if metrics.count(name) > 1:
            raise ConfigError(f"metric {name} is named twice: expected it once")
    return [_build(name, tokenize, lowercase) for name in metrics]


UNSPACED = ("ja", "th", "lo", "km", "my")  # and Chinese, which has its own


def tokenizer_for(lang: str) -> str | None:
    """The sacreBLEU tokenizer of BLEU for a language code; None is sacreBLEU's own.

    Where no spaces part words each character counts as one, in Chinese as Chinese.
    """
    base = lang.replace("_", "-").partition("-")[0].lower()
    return "zh" if base == "zh" else "char" if base in UNSPACED else None


def sentence_metric(name: str, tokenize: str | None = None) -> "Metric":
    """Make the sacreBLEU object for single sentences: bleu or chrf.

    The BLEU of a short one is made of the n-grams that it has.
    """
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF

    if name == "chrf":
        return CHRF()
    return BLEU(effective_order=True, tokenize=tokenize or BLEU.TOKENIZER_DEFAULT)


def check_counts(counts: Mapping[str, int]) -> None:
    """Raise DataError unless all counts of lines, by name, are equal and not zero."""
    (first, expected), *others = counts.items()
    for name, found in others:
        if found != expected:
            raise DataError(
                f"{first}: {expected} lines, but {name}: {found} lines; "
                "line N of one must belong to line N of the other"
            )
    if not expected:
        raise DataError(f"{first}: no lines, nothing to score")


def _build(name: str, tokenize: str | None, lowercase: bool) -> "Metric":
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF
    from sacrebleu.metrics.ter import TER

    from attnmt.evaluation.exact import Exact

    if name == "exact":
        return Exact(lowercase)
    if name == "chrf":
        return CHRF(lowercase=lowercase)
    if name == "ter":
        return TER()
    tokenize = tokenize or BLEU.TOKENIZER_DEFAULT
    if tokenize not in BLEU.TOKENIZERS:
        known = ", ".join(BLEU.TOKENIZERS)
        raise ConfigError(f"unknown tokenizer {tokenize!r}: sacreBLEU has {known}")
    try:
        # force keeps sacreBLEU from warning that text looks tokenised when it is meant
        # to be.
        return BLEU(lowercase=lowercase, tokenize=tokenize, force=tokenize == "none")
    except (ImportError, OSError, RuntimeError) as error:  # a package or a download
        raise ConfigError(f"tokenizer {tokenize!r} cannot be used: {error}") from error


def _apply(
    metric: "Metric", hypotheses: Sequence[str], references: Sequence[str]
) -> Score:
    result = metric.corpus_score(hypotheses, [references])
    signature = str(metric.get_signature())
    return Score(
        result.name, result.score, signature, result.format(signature=signature)
    )


def _with_certainty(
    score: Score,
    metric: "Metric",
    hypotheses: Sequence[str],
    references: Sequence[str],
    resamples: int,
    baseline: Sequence[str] | None,
) -> Score:
    found = certainty(
        metric, hypotheses, references, resamples=resamples, baseline=baseline
    )
    return score._replace(
        signature=found.signature, interval=found.interval, versus=found.versus
    )
