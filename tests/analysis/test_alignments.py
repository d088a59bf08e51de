import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attnmt.analysis.alignments import argmax_links, parse_pharaoh, pharaoh
from attnmt.errors import DataError

LINKS = st.sets(st.tuples(st.integers(0, 99), st.integers(0, 99)))


def test_every_target_word_is_linked_to_its_strongest_source_word():
    weights = np.array([[0.1, 0.6, 0.3], [0.5, 0.2, 0.3], [0.7, 0.2, 0.1], [1, 0, 0]])
    assert argmax_links(weights) == [(1, 0), (0, 1), (0, 2)]


def test_end_of_sentence_is_never_linked():
    weights = np.array([[0.1, 0.2, 0.7], [0, 0, 1], [1, 0, 0]])
    assert argmax_links(weights) == [(1, 0)]  # none for the word that reads only </s>


def test_layers_and_heads_are_averaged():
    one, other = [[0.6, 0.4, 0], [0, 0, 1]], [[0.1, 0.9, 0], [0, 0, 1]]
    assert argmax_links(np.array([[one, other]])) == [(1, 0)]
    assert argmax_links(np.array([[one], [one]])) == [(0, 0)]


@pytest.mark.parametrize("shape", [(1, 1), (1, 4), (4, 1), (2, 3, 1, 1)])
def test_without_words_there_are_no_links(shape):
    assert argmax_links(np.ones(shape)) == []


@given(LINKS)
def test_pharaoh_reads_what_it_writes(links):
    assert parse_pharaoh(pharaoh(links), one_indexed=False) == (links, links)


def test_pharaoh_is_sorted():
    assert pharaoh([(2, 0), (0, 10), (0, 9)]) == "0-9 0-10 2-0"


def test_sure_links_are_possible_too():
    sure, possible = parse_pharaoh("1-1 2p3 3?4\n", one_indexed=True)
    assert sure == {(0, 0)}
    assert possible == {(0, 0), (1, 2), (2, 3)}


@pytest.mark.parametrize(
    "token", ["1", "1-", "-1", "1-2-3", "a-b", "1:2", "²-1", "1_0-1"]
)
def test_what_is_no_link_is_named(token):
    with pytest.raises(DataError, match="links like 0-1") as error:
        parse_pharaoh(f"0-0 {token}", one_indexed=False)
    assert repr(token) in str(error.value)


def test_zero_is_refused_where_words_count_from_one():
    with pytest.raises(DataError, match="counted from 1, found '0-3'"):
        parse_pharaoh("0-3", one_indexed=True)
