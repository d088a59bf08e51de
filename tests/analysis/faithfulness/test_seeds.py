"""The attention of two runs to the same targets."""

import numpy as np
import pytest

from attnmt.analysis.faithfulness.ranks import divergence
from attnmt.analysis.faithfulness.seeds import seed_agreement
from attnmt.analysis.record import Record

SOURCES = ["ein Kahn sinkt .", "zwei alte Boote sinken"]


def records(make_record, first: int, **more) -> list[Record]:
    return [make_record(first + i, text, **more) for i, text in enumerate(SOURCES)]


def compare(one: list[Record], other: list[Record]):
    return seed_agreement(one, other, "runs/b", np.random.default_rng(1))


def test_the_same_attention_diverges_by_nothing_and_permuted_it_does(make_record):
    own = records(make_record, 0, heads=2)
    found = compare(own, own)
    assert (found.run, found.level) == ("runs/b", "piece")
    assert found.divergence.value == pytest.approx(0.0, abs=1e-7)
    assert found.permuted.value > 0.1
    assert compare(own, own) == found


def test_pieces_are_compared_where_both_have_the_same(make_record):
    own, other = records(make_record, 0), records(make_record, 10)
    expected = [
        divergence(a.weights[0, 0], b.weights[0, 0])
        for a, b in zip(own, other, strict=True)
    ]
    mean = np.concatenate(expected).mean()
    assert compare(own, other).divergence.value == pytest.approx(mean)


def whole_words(record: Record) -> Record:
    """The same attention, between words in place of pieces."""
    source = [(b, e) for b, e in record.source_words]
    target = [(b, e) for b, e in record.target_words]
    ends = (len(record.source.encode()),) * 2, (len(record.hypothesis.encode()),) * 2
    return record.model_copy(
        update={
            "source_pieces": record.source.split() + ["</s>"],
            "target_pieces": record.hypothesis.split() + ["</s>"],
            "source_spans": [*source, ends[0]],
            "target_spans": [*target, ends[1]],
            "weights": record.word_weights(),
        }
    )


def test_words_are_compared_where_the_pieces_differ(make_record):
    own = records(make_record, 0)
    found = compare(own, [whole_words(record) for record in own])
    assert found.level == "word"
    assert found.divergence.value == pytest.approx(0.0, abs=1e-6)
    assert found.permuted.value > 0.1
