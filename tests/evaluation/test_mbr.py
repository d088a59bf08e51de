"""The chrF of all pairs at once is that of sacreBLEU, and the choice that of a hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sacrebleu.metrics.chrf import CHRF

from attnmt.evaluation.mbr import expected_chrf, sentence_chrf

TEXT = st.text(alphabet="ab cä\u3000漢", max_size=12)


@settings(max_examples=60)
@given(st.lists(TEXT, min_size=1, max_size=5))
def test_the_chrf_of_all_pairs_is_that_of_sacrebleu(texts: list[str]) -> None:
    metric = CHRF()
    expected = [[metric.sentence_score(a, [b]).score for b in texts] for a in texts]
    np.testing.assert_allclose(sentence_chrf(texts), expected, atol=1e-9)


def test_the_most_central_text_wins() -> None:
    texts = ["the cat sat", "the cat sits", "a dog ran off"]
    scores = expected_chrf(texts, np.ones(3))
    metric = CHRF()
    for text, score in zip(texts, scores, strict=True):
        each = [metric.sentence_score(text, [other]).score for other in texts]
        assert score == pytest.approx(np.mean(each))
    assert scores.argmin() == 2


def test_a_weight_is_as_good_as_a_copy() -> None:
    texts = ["ein Hund", "ein Hut", "kein Huhn"]
    copies = expected_chrf([texts[0], texts[1], texts[1], texts[2]], np.ones(4))
    weighted = expected_chrf(texts, np.array([1.0, 2.0, 1.0]))
    np.testing.assert_allclose(copies[[0, 1, 3]], weighted)
    assert copies[1] == copies[2]
