"""Planted faults raise their flag and no other; clean translations raise none."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attnmt.analysis.corpus_statistics import CorpusStatistics
from attnmt.analysis.record import Record
from attnmt.analysis.statistics import (
    Statistics,
    entropies,
    repeated_words,
    statistics,
)
from attnmt.analysis.word_level import word_record
from attnmt.analysis.words import word_spans

SOURCE = "der alte Mann las gestern ein Buch ."
TARGET = "the old man read a book yesterday ."
READ = [0, 1, 2, 3, 5, 6, 4, 7]  # the source word that each target word reads


def planted(
    target: str = TARGET,
    read: list[int] = READ,
    *,
    source: str = SOURCE,
    log_prob: float = -0.2,
    sharp: float = 0.9,
    heads: int = 1,
) -> Record:
    """A piece for a word, most of the attention (`sharp`) where `read` says."""
    sides = {}
    for side, text in (("source", source), ("target", target)):
        end = len(text.encode())
        spans = [*word_spans(text), (end, end)]
        sides[f"{side}_spans"] = spans
        sides[f"{side}_pieces"] = ["x"] * len(spans)
        sides[f"{side}_ids"] = [0] * len(spans)
    columns = len(sides["source_spans"])
    rows = np.full((len(read) + 1, columns), (1 - sharp) / columns)
    rows[np.arange(len(read) + 1), [*read, columns - 1]] += sharp
    return Record(
        id=0,
        source=source,
        hypothesis=target,
        score=-1.0,
        norm_score=-1.0,
        log_probs=[log_prob] * len(rows),
        weights=np.repeat(rows[None, None], heads, axis=1).astype(np.float32),
        **sides,
    )


def figures(record: Record) -> Statistics:
    found = statistics(record)
    assert found is not None
    return found


FAULTS = {
    "clean": planted(),
    "untranslated": planted("the old man read .", [0, 1, 2, 3, 7]),
    "repetition": planted(
        "the old man read a book a book .", [0, 1, 2, 3, 5, 6, 4, 6, 7]
    ),
    "copied": planted(SOURCE, list(range(8))),
    "suspicious": planted(log_prob=-3.0, sharp=0.1),
    "sink": planted(read=[8, 1, 7, 7, 5, 8, 7, 7], sharp=0.7),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_raises_its_flag_and_no_other(fault):
    found = figures(FAULTS[fault])
    assert found.flags == ([] if fault == "clean" else [fault])


def test_untranslated_and_repeated_words_are_named():
    untranslated, repeated = (
        figures(FAULTS[name]) for name in ("untranslated", "repetition")
    )
    assert untranslated.unread == [4, 5, 6]
    assert repeated.repeated == [6, 7]


@pytest.mark.parametrize(
    ("log_prob", "sharp"), [(-3.0, 0.9), (-0.2, 0.1)], ids=["unsure", "diffuse"]
)
def test_one_sign_alone_is_not_suspicious(log_prob, sharp):
    found = figures(planted(log_prob=log_prob, sharp=sharp))
    assert found.flags == []


def test_one_word_alone_that_is_not_read_is_no_span():
    read = [0, 1, 2, 3, 5, 6, 6, 7]  # not word 4
    found = figures(planted(read=read))
    assert found.coverage[4] < 0.2 and found.flags == []


def repeated(source: str, target: str, rows: np.ndarray | None = None) -> list[int]:
    words = target.split()
    rows = np.ones((len(words), 2)) / 2 if rows is None else rows
    return repeated_words(source.split(), words, rows)


def test_what_the_source_repeats_is_no_repetition():
    assert repeated("sehr sehr gut", "very very good") == []
    assert repeated("gut", "very very good") == [1]
    assert repeated("a b", "! ! !") == []


def test_a_word_said_twice_for_two_source_words_is_no_repetition():
    apart = np.eye(4)
    assert repeated("women who the man saw", "Frauen die die Uhr", apart) == []
    apart[2] = [0, 0.1, 0.9, 0]
    assert repeated("women who the man saw", "Frauen die die Uhr", apart) == [2]
    assert repeated("a b", "x y x y", np.eye(4)) == [2, 3]  # two words are, always


def test_figures_of_attention_that_is_known():
    found = figures(planted(read=[7, 6, 5, 4, 3, 2, 1, 0], sharp=1.0))
    assert found.entropy == pytest.approx(0, abs=1e-6)
    assert (found.support, found.peak) == pytest.approx((1, 1))
    assert found.coverage == pytest.approx([1.0] * 8)
    assert found.monotonicity == pytest.approx(-1)
    assert (found.jump, found.end_mass) == pytest.approx((1, 0))
    assert found.punctuation_mass == pytest.approx(1 / 8)
    flat = figures(planted(sharp=0.0))
    assert flat.entropy == pytest.approx(np.log(9), abs=1e-5)
    assert flat.support == pytest.approx(9, abs=1e-4)


@given(st.lists(st.floats(0, 1), min_size=2, max_size=9))
def test_entropy_lies_between_zero_and_that_of_even_attention(row):
    (found,) = entropies(np.array([row]))
    assert -1e-9 <= found <= np.log(len(row)) + 1e-9


@given(seed=st.integers(0, 99), words=st.integers(3, 7))
def test_coverage_is_the_attention_off_the_end(make_record, seed, words):
    record = make_record(seed, " ".join(["wort"] * words))
    found = figures(record)
    expected = record.word_weights()[0, 0, :-1, :-1].sum()
    assert sum(found.coverage) == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize(("source", "target"), [("", ""), ("ein Wort", "")])
def test_without_words_there_are_no_figures(make_record, source, target):
    assert statistics(make_record(0, source, target)) is None


def test_slots_have_entropy_but_no_coverage(make_record):
    weights = np.full((1, 1, 3, 4), 0.25)
    record = make_record(0, "ein Kahn", "boat", align_kind="slot", weights=weights)
    found = figures(record)
    assert found.entropy == pytest.approx(np.log(4))
    assert (found.coverage, found.monotonicity, found.flags) == ([], None, [])


def test_collapsed_and_diffuse_heads_are_told_apart_from_good_ones():
    record = planted(heads=3)
    weights = np.array(record.weights)
    weights[0, 1] = 0
    weights[0, 1, :, 2] = 1
    weights[0, 2] = 1 / weights.shape[-1]
    total = CorpusStatistics()
    for _ in range(3):
        total.add(record.model_copy(update={"weights": weights}))
    flags = [row["flags"] for row in total.summary()["heads"]]
    assert flags == [[], ["collapsed"], ["diffuse"]]


def test_the_corpus_has_means_and_counts(make_record):
    total = CorpusStatistics()
    for record in (*FAULTS.values(), make_record(9, "", "")):
        total.add(record)
    summary = total.summary()
    names = ["copied", "repetition", "sink", "suspicious", "untranslated"]
    assert summary["flags"] == dict.fromkeys(names, 1)
    assert (summary["hypotheses"], summary["without_words"]) == (7, 1)
    peaks = [figures(record).peak for record in FAULTS.values()]
    assert summary["means"]["peak"] == pytest.approx(np.mean(peaks))


def test_words_of_a_dump_of_words_are_not_judged_as_pieces():
    found = figures(word_record(planted(log_prob=-3.0, sharp=0.1)))
    assert found.flags == []


def test_an_imported_log_probability_is_unknown(make_record):
    assert figures(make_record(flags=["imported"])).log_prob is None
