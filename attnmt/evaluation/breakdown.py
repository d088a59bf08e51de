"""Where translations are good and where not: by length, and by frequency of words."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from sacrebleu.metrics.base import Metric

GROUPS = 5  # of sentences by length, of about equal size
FREQUENCIES = (0, 1, 2, 10, 100, 1000)  # where the groups of words begin
Cut = Callable[[str], Sequence[str]]  # a sentence into its words


class LengthGroup(NamedTuple):
    """The sentences of some lengths."""

    shortest: int  # in words
    longest: int
    sentences: int
    scores: dict[str, float]  # by name of the metric
    baseline: dict[str, float] | None  # likewise


class FrequencyGroup(NamedTuple):
    """The words that are seen so many times in other text."""

    least: int
    most: int | None  # None: any number
    words: int  # of the references
    precision: float | None  # share of the words translated that the reference has
    recall: float | None  # share of the words of the reference that are translated
    f1: float | None  # None: no such words
    baseline_f1: float | None


def by_length(
    metrics: Sequence["Metric"],
    lengths: Sequence[int],
    references: Sequence[str],
    hypotheses: Sequence[str],
    baseline: Sequence[str] | None = None,
) -> list[LengthGroup]:
    """The metrics of groups of sentences of like length, the shortest first."""

    def scores(texts: Sequence[str], places: list[int]) -> dict[str, float]:
        found, right = ([side[i] for i in places] for side in (texts, references))
        results = (metric.corpus_score(found, [right]) for metric in metrics)
        return {result.name: float(result.score) for result in results}

    return [
        LengthGroup(
            shortest=lengths[places[0]],
            longest=lengths[places[-1]],
            sentences=len(places),
            scores=scores(hypotheses, places),
            baseline=None if baseline is None else scores(baseline, places),
        )
        for places in _alike(lengths)
    ]


def by_frequency(
    cut: Cut,
    seen: Counter[str],
    references: Sequence[str],
    hypotheses: Sequence[str],
    baseline: Sequence[str] | None = None,
) -> list[FrequencyGroup]:
    """How well words are translated that are seen so many times, the rarest first.

    A word is right as often as it is in the reference of its sentence.
    """
    right = _tally(cut, seen, references, references)
    own = _tally(cut, seen, references, hypotheses)
    other = None if baseline is None else _tally(cut, seen, references, baseline)
    bounds = zip(FREQUENCIES, (*FREQUENCIES[1:], None), strict=True)
    return [
        FrequencyGroup(
            least=low,
            most=None if high is None else high - 1,
            words=right.all[low],
            precision=_share(own.hits[low], own.all[low]),
            recall=_share(own.hits[low], right.all[low]),
            f1=_f1(own, right, low),
            baseline_f1=None if other is None else _f1(other, right, low),
        )
        for low, high in bounds
        if right.all[low] + own.all[low]
    ]


def count_words(cut: Cut, lines: Iterable[str]) -> Counter[str]:
    """How many times each word is in a text."""
    return Counter(word for line in lines for word in cut(line))


class _Tally(NamedTuple):
    all: Counter[int]  # words of each group
    hits: Counter[int]  # those that the references have


def _tally(
    cut: Cut, seen: Counter[str], references: Sequence[str], texts: Sequence[str]
) -> _Tally:
    tally = _Tally(Counter(), Counter())
    for reference, text in zip(references, texts, strict=True):
        words = Counter(cut(text))
        for counts, total in (
            (words, tally.all),
            (words & Counter(cut(reference)), tally.hits),
        ):
            for word, times in counts.items():
                total[max(low for low in FREQUENCIES if low <= seen[word])] += times
    return tally


def _f1(found: _Tally, right: _Tally, group: int) -> float | None:
    return _share(2 * found.hits[group], found.all[group] + right.all[group])


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _alike(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Places in order of length; those of one length stay together."""
    order = sorted(range(len(lengths)), key=lambda place: lengths[place])
    group: list[int] = []
    for end, place in enumerate(order, 1):
        group.append(place)
        fifth, begun = (n * GROUPS // len(order) for n in (end, end - len(group)))
        last = end == len(order)
        if last or fifth > begun and lengths[order[end]] > lengths[place]:
            yield group
            group = []
