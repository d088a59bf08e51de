"""Attention as Marian and Sockeye write it."""

from pathlib import Path

import numpy as np
import pytest

from attnmt.analysis.imports import marian_sentences, sockeye_sentences, to_record
from attnmt.analysis.record import Record
from attnmt.errors import DataError

SOCKEYE = """\
1 ||| le chat </s> ||| 0.532100 ||| the cat ||| 2 ||| 3
0.800000 0.100000 0.000000
0.100000 0.900000 0.250000

2 |||  ||| 0.000000 |||  ||| 0 ||| 0

"""


@pytest.fixture
def write(tmp_path: Path):
    def to(name: str, text: str) -> Path:
        (tmp_path / name).write_text(text, "utf-8")
        return tmp_path / name

    return to


def only(sentences, *options) -> Record:
    (record,) = (
        to_record(i, sentence, *options) for i, sentence in enumerate(sentences)
    )
    return record


def test_sockeye_leaves_the_column_of_the_end_out(write):
    sentences = sockeye_sentences(write("s", SOCKEYE))
    record, blank = (to_record(i, s) for i, s in enumerate(sentences))
    assert (record.source, record.hypothesis) == ("the cat", "le chat")
    assert record.source_pieces == ["the", "cat", "</s>"]
    expected = [[0.8, 0.1, 0.1], [0.1, 0.9, 0], [0, 0.25, 0.75]]
    np.testing.assert_allclose(record.weights[0, 0], expected, atol=1e-7)
    assert record.norm_score == -0.5321 and record.finished  # Sockeye tells its cost
    assert blank.weights.shape == (1, 1, 0, 0) and "empty_src" in blank.flags


def test_marian_needs_the_tokens_that_it_read(write):
    file = write("m", "le chat ||| 0.8,0.1,0.1 0.1,0.9,0 0,0,1\n")
    source = write("source", "the cat\n")
    record = only(marian_sentences(file, source))
    assert record.alignment == [(0, 0), (1, 1)] and record.finished
    joined = write("j", "lechat ||| 0.8,0.1,0.1 0.1,0.9,0\n")
    target = write("target", "le@@ chat\n")
    record = only(marian_sentences(joined, source, target), "bpe")
    assert (record.hypothesis, record.target_spans) == ("lechat", [(0, 2), (2, 6)])
    assert record.flags == ["imported", "unfinished"]


def test_sentencepiece_becomes_text_with_spans(write):
    file = write(
        "m", "▁l ' <0xC3> <0xA9> t é ▁va ||| 1,0 1,0 1,0 1,0 1,0 1,0 1,0 0,1\n"
    )
    record = only(marian_sentences(file, write("s", "▁東京は\n")), "sentencepiece")
    assert (record.source, record.hypothesis) == ("東京は", "l'été va")
    assert record.target_spans[2:5] == [(2, 3), (3, 4), (4, 5)]
    assert len(record.source_words) == 3 and len(record.target_words) == 2


def test_words_stay_what_the_other_tool_split(write):
    record = only(
        marian_sentences(write("m", "w ||| 1,0 0,1\n"), write("s", "東京は\n"))
    )
    assert record.source_words == [(0, 9)]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("a b", "m:1: expected translation ||| weights, found 1 fields"),
        ("0 ||| a ||| 1,0 ||| F0= -1 ||| -1", "found 5 fields; lists of n best"),
        ("a ||| 1,0,0 0,1,0 0,0,1", "m:1: expected 1 rows .* or one more .* found 3"),
        ("a ||| 0.5,0.5,0,0", "m:1: expected 2 weights in a row, .* found 4"),
        ("a ||| 1,0,0 0,1", "m:1: expected rows of numbers"),
        ("a ||| 0-0", "m:1: expected rows of numbers"),
    ],
)
def test_what_marian_did_not_write_is_told_with_its_line(write, line, problem):
    sentences = marian_sentences(write("m", f"{line}\n"), write("s", "x y\n"))
    with pytest.raises(DataError, match=problem.replace("|", r"\|")):
        only(sentences)


def test_texts_of_other_lengths_are_refused(write):
    file = write("m", "a ||| 1,0\n")
    with pytest.raises(DataError, match="one of them ends before line 1"):
        list(marian_sentences(file, write("s", "")))
    with pytest.raises(DataError, match="one of them ends before line 2"):
        list(marian_sentences(file, write("s", "x\n"), write("t", "a\nb\n")))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (SOCKEYE.replace("2 |||  |||", "3 |||  |||"), "s:5: expected id 2"),
        (SOCKEYE.replace("\n0.1", "\n\n0.1"), "s:1: expected 2 rows, found 1"),
        (SOCKEYE.replace(" 0.25", ""), "s:1: expected rows of equally many numbers"),
        (SOCKEYE.replace("0.1", "O.1"), "s:1: expected rows of numbers"),
        (SOCKEYE.replace("cat", "cat ||| 9"), "s:1: expected id"),
    ],
)
def test_what_sockeye_did_not_write_is_told_with_its_line(write, text, problem):
    with pytest.raises(DataError, match=problem):
        for number, sentence in enumerate(sockeye_sentences(write("s", text))):
            to_record(number, sentence)


def test_bytes_that_are_no_text_are_refused(write):
    sentences = marian_sentences(
        write("m", "▁x <0xFF> ||| 1,0 0,1\n"), write("s", "▁y\n")
    )
    with pytest.raises(DataError, match="m:1: the pieces spell bytes"):
        only(sentences, "sentencepiece")


def test_an_empty_translation_of_a_line_has_no_attention(write):
    file = write("m", " ||| \n")
    record = only(marian_sentences(file, write("source", "the cat\n")))
    assert record.weights.shape == (1, 1, 0, 0)
    assert record.flags == ["imported", "empty_src"]


def test_tokens_are_parted_by_spaces_alone(write):
    file = write("m", "x\u00a0y z ||| 1,0,0 0,1,0 0,0,1\n")
    record = only(marian_sentences(file, write("s", "a\u3000b  c\n")))
    assert record.source_pieces == ["a\u3000b", "c", "</s>"]
    assert record.target_pieces == ["x\u00a0y", "z", "</s>"]
