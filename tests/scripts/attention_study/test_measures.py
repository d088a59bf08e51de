"""What is read off a finished cell, against figures worked out by hand."""

import numpy as np
import pytest
from attention_study.measures import edit_distance, entropy, on_gold, token_errors

from attnmt.analysis.record import Record


def record(weights: list[list[float]]) -> Record:
    array = np.array(weights, np.float32)[None, None]
    target, source = array.shape[2:]
    return Record(
        id=0,
        source="",
        hypothesis="",
        score=0.0,
        norm_score=0.0,
        source_pieces=["x"] * source,
        target_pieces=["y"] * target,
        source_ids=[5] * source,
        target_ids=[6] * target,
        source_spans=[(0, 0)] * source,
        target_spans=[(0, 0)] * target,
        log_probs=[0.0] * target,
        weights=array,
    )


@pytest.mark.parametrize(
    ("left", "right", "edits"),
    [("kitten", "sitting", 3), ("", "abc", 3), ("abc", "", 3), ("abc", "abc", 0),
     ("flaw", "lawn", 2)],
)  # fmt: skip
def test_edit_distance(left, right, edits):
    assert edit_distance(left, right) == edits


def test_token_errors_count_whole_lines_and_edits_per_reference_token():
    exact, rate = token_errors(["a b c", "a", ""], ["a b c", "a b", "d e f"])
    assert exact == pytest.approx(1 / 3)
    assert rate == pytest.approx(4 / 8)


def test_on_gold_is_the_share_of_the_gold_links_that_were_found():
    found = [[(0, 0), (2, 1), (5, 9)], []]
    gold = [[(0, 0), (1, 1)], [(0, 0), (1, 1)]]
    assert on_gold(found, gold) == pytest.approx(1 / 4)


def test_entropy_is_in_bits_and_relative_to_a_uniform_row():
    found = entropy([record([[0.25] * 4, [1.0, 0, 0, 0]]), record([[0.5, 0.5]])])
    assert found.bits == pytest.approx((2 + 0 + 1) / 3)
    assert found.share == pytest.approx((1 + 0 + 1) / 3)


def test_a_row_that_does_not_sum_to_one_is_divided_by_its_sum():
    found = entropy([record([[0.1, 0.1, 0, 0], [0, 0, 0, 0]])])
    assert found.bits == pytest.approx(1.0)
