from collections import Counter

import pytest

from attnmt.evaluation.breakdown import by_frequency, by_length, count_words
from attnmt.evaluation.metrics import build_metrics

REFERENCES = ["a b c d e", "a b x y z", "q r"]
HYPOTHESES = ["a b c d e", "a b x x", "q"]
SEEN = Counter({"a": 2000, "b": 12, "x": 1, "q": 2})


def test_a_word_is_right_as_often_as_the_reference_has_it() -> None:
    groups = by_frequency(str.split, SEEN, REFERENCES, HYPOTHESES)
    found = {group.least: group for group in groups}
    assert [*found] == [0, 1, 2, 10, 1000]  # nothing is seen 100 to 999 times
    assert (found[1].words, found[1].most) == (1, 1)
    assert found[1].precision == 0.5  # x twice, of which one is right
    assert found[1].recall == 1.0
    assert found[1].f1 == pytest.approx(2 / 3)
    assert found[0].recall == pytest.approx(3 / 6)  # c d e of c d e y z r
    assert (found[1000].most, found[1000].f1) == (None, 1.0)


def test_a_word_in_another_sentence_is_not_right() -> None:
    (group,) = by_frequency(str.split, Counter(), ["a", "b"], ["b", "a"])
    assert (group.words, group.precision, group.recall, group.f1) == (2, 0.0, 0.0, 0.0)


def test_a_baseline_is_measured_beside() -> None:
    groups = by_frequency(str.split, SEEN, REFERENCES, HYPOTHESES, REFERENCES)
    assert {group.baseline_f1 for group in groups} == {1.0}


def test_lengths_part_the_sentences_and_one_length_stays_together() -> None:
    lengths = [3, 9, 3, 4, 7, 7, 7, 5, 3, 11, 12, 3]
    lines = [f"the line {n} of them" for n in range(len(lengths))]
    groups = by_length(build_metrics(["chrf"]), lengths, lines, lines)
    bounds = [(group.shortest, group.longest) for group in groups]
    assert bounds == [(3, 3), (4, 4), (5, 7), (9, 9), (11, 12)]
    assert [group.sentences for group in groups] == [4, 1, 4, 1, 2]
    assert all(group.scores == {"chrF2": pytest.approx(100)} for group in groups)


def test_the_scores_of_a_group_are_of_its_sentences_alone() -> None:
    references = ["a small dog", "a very big cat sleeps here"]
    short, long = by_length(
        *(build_metrics(["ter"]), [3, 6], references),
        ["a small dog", "nothing"],
        ["another", references[1]],
    )
    assert short.scores == {"TER": 0.0} and long.scores["TER"] > 50
    assert short.baseline is not None and short.baseline["TER"] > 50
    assert long.baseline == {"TER": 0.0}


def test_words_are_counted_as_they_are_cut() -> None:
    assert count_words(str.split, ["a b a", "b"]) == {"a": 2, "b": 2}
