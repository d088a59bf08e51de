"""Alignment from text alone, against the formulas of Dyer et al. (2013), in loops."""

import math
from collections import defaultdict

import numpy as np

from attnmt.evaluation.ibm1 import align, lexicon

P0, ALPHA = 0.08, 0.01


def test_the_textbook_corpus_is_understood():
    sources = [["das", "haus"], ["das", "buch"], ["ein", "buch"]]
    targets = [["the", "house"], ["the", "book"], ["a", "book"]]
    assert align(sources, targets) == [[(0, 0), (1, 1)]] * 3


def test_meaning_wins_over_the_diagonal():
    draw = np.random.default_rng(4)
    lengths = draw.integers(2, 6, size=300)
    sources = [[f"s{w}" for w in draw.permutation(30)[:n]] for n in lengths]
    targets = [[f"t{word[1:]}" for word in reversed(source)] for source in sources]
    found = align(sources, targets)
    right = [[(n - 1 - i, i) for i in range(n)] for n in lengths]
    assert sum(map(list.__eq__, found, right)) >= 0.95 * len(right)


def test_an_empty_side_has_no_links():
    sources, targets = [["a"], [], [], ["a"]], [["x"], ["y"], [], []]
    assert align(sources, targets) == [[(0, 0)], [], [], []]
    assert align([], []) == []


def made_up():
    draw = np.random.default_rng(4)
    meanings = draw.permutation(12)
    sources, targets = [], []
    for _ in range(40):
        source = draw.integers(12, size=draw.integers(1, 7))
        target = meanings[draw.permutation(source)][: draw.integers(1, 7)]
        sources.append([f"s{word}" for word in source])
        targets.append([f"t{word}" for word in target])
    return sources, targets


def test_links_are_those_of_the_formulas():
    sources, targets = made_up()
    assert align(sources, targets, iterations=3) == oracle(sources, targets, 3)


def test_the_lexicon_is_that_of_the_formulas():
    sources, targets = made_up()
    expected, _ = learnt(sources, targets, 3)
    found = lexicon(sources, targets, iterations=3)
    probabilities = dict(zip(zip(*found[:2], strict=True), found[2], strict=True))
    assert probabilities.keys() == {pair for pair in expected if pair[0]}
    for pair, probability in probabilities.items():
        np.testing.assert_allclose(probability, expected[pair], atol=1e-6)


def test_words_may_be_numbers():
    found = lexicon([[7, 8], [7, 9]], [[1, 2], [1, 3]])
    best = found.probabilities.argsort()[::-1][:3]
    pairs = set(zip(found.sources[best], found.targets[best], strict=True))
    assert pairs == {(7, 1), (8, 2), (9, 3)}


def prior(i: int, m: int, n: int, tension: float) -> list[float]:
    """p(j | i, m, n) for nothing and then source words 1 to n; eq. 1 and 2."""
    powers = [math.exp(-tension * abs(i / m - j / n)) for j in range(1, n + 1)]
    return [P0] + [(1 - P0) * power / sum(powers) for power in powers]


def digamma(x: float) -> float:
    return (math.lgamma(x + 1e-5) - math.lgamma(x - 1e-5)) / 2e-5


def learnt(sources, targets, iterations):
    size = len({word for target in targets for word in target})
    together = defaultdict(set)
    for source, target in zip(sources, targets, strict=True):
        for word in ["", *source]:
            together[word] |= set(target)
    t = defaultdict(lambda: 1.0 / size)
    tension = 4.0
    for _ in range(iterations):
        counts, feature, words = defaultdict(float), 0.0, 0
        for source, target in zip(sources, targets, strict=True):
            n, m = len(source), len(target)
            for i, of in enumerate(target, 1):
                row = posterior(["", *source], of, prior(i, m, n, tension), t)
                words += 1
                for j, (word, chance) in enumerate(zip(["", *source], row)):  # noqa: B905
                    counts[word, of] += chance
                    feature -= chance * abs(i / m - j / n) if j else 0.0
        for word, meanings in together.items():
            total = sum(counts[word, of] for of in meanings) + ALPHA * len(meanings)
            for of in meanings:
                log = digamma(counts[word, of] + ALPHA) - digamma(total)
                t[word, of] = math.exp(log)
        for _ in range(8):
            expected = 0.0
            for source, target in zip(sources, targets, strict=True):
                n, m = len(source), len(target)
                for i in range(1, m + 1):
                    chances = prior(i, m, n, tension)
                    away = sum(chances[j] * abs(i / m - j / n) for j in range(1, n + 1))
                    expected -= away / (1 - P0)
            tension += 20.0 * (feature - expected) / words
            tension = min(14.0, max(0.1, tension))
    return t, tension


def oracle(sources, targets, iterations):
    t, tension = learnt(sources, targets, iterations)
    found = []
    for source, target in zip(sources, targets, strict=True):
        links, n, m = [], len(source), len(target)
        for i, of in enumerate(target, 1):
            row = posterior(["", *source], of, prior(i, m, n, tension), t)
            best = max(range(n + 1), key=lambda j: row[j])
            links += [(best - 1, i - 1)] if best else []
        found.append(links)
    return found


def posterior(words, of, chances, t):
    joint = [t[word, of] * chance for word, chance in zip(words, chances, strict=True)]
    return [part / sum(joint) for part in joint]
