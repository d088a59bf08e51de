import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attnmt.analysis import alignments
from attnmt.analysis.alignments import (
    SYMMETRISATIONS,
    Linking,
    argmax_links,
    argmax_source_links,
    links_of,
    parse_pharaoh,
    pharaoh,
    strong_links,
    symmetrise,
    threshold_links,
)
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
    "token", ["1", "1-", "-1", "1-2-3", "a-b", "1:2", "²-1", "1_0-1", "0-" + 5000 * "9"]
)
def test_what_is_no_link_is_named(token):
    with pytest.raises(DataError, match="links like 0-1") as error:
        parse_pharaoh(f"0-0 {token}", one_indexed=False)
    assert repr(token) in str(error.value)


def test_a_link_is_looked_at_as_often_as_it_has_neighbours(monkeypatch):
    words, looks, look = 3000, [], alignments._Growing.without_link
    monkeypatch.setattr(
        alignments._Growing,
        "without_link",
        lambda self, link: looks.append(link) or look(self, link),
    )
    forward = [(i, i) for i in range(words)]
    reverse = [(i, min(i + 1, words - 1)) for i in range(0, words, 2)]
    found = symmetrise(forward, reverse, "grow-diag-final-and")
    assert len(looks) < 16 * words
    assert {source for source, _ in found} == set(range(words))


def test_a_link_that_has_grown_is_not_grown_from_again():
    class Counted(set[tuple[int, int]]):
        looks = 0

        def __contains__(self, link: object) -> bool:
            self.looks += 1
            return super().__contains__(link)

    stairs = Counted((i + down, i) for i in range(200) for down in (0, 1))
    growing = alignments._Growing({(0, 0)})
    alignments._grow(growing, stairs)
    assert growing.links == set(stairs)
    assert stairs.looks <= 8 * len(stairs)


def test_zero_is_refused_where_words_count_from_one():
    with pytest.raises(DataError, match="counted from 1, found '0-3'"):
        parse_pharaoh("0-3", one_indexed=True)


def test_a_target_word_may_be_made_of_several_source_words():
    weights = np.array([[0.5, 0.3, 0.2], [0.4, 0.1, 0.5], [0, 0, 1], [0.9, 0.1, 0]])
    assert strong_links(weights) == [(0, 0), (1, 0), (0, 1)]
    assert strong_links(weights, share=1.0) == argmax_links(weights)
    assert strong_links(weights[:1]) == strong_links(weights[:, :1]) == []


FORWARD = {(0, 0), (1, 1), (2, 1), (4, 3), (6, 5)}
REVERSE = {(0, 0), (1, 1), (1, 2), (4, 3), (5, 4), (6, 6), (8, 7)}


@pytest.mark.parametrize(
    ("method", "more"),
    [
        ("intersection", set()),
        # (2, 1), (1, 2), (5, 4) touch a link; (6, 5), (6, 6) touch (5, 4) then.
        ("grow-diag", {(2, 1), (1, 2), (5, 4), (6, 5), (6, 6)}),
        ("grow-diag-final", {(2, 1), (1, 2), (5, 4), (6, 5), (6, 6), (8, 7)}),
        ("grow-diag-final-and", {(2, 1), (1, 2), (5, 4), (6, 5), (6, 6), (8, 7)}),
        ("union", FORWARD | REVERSE),
        ("forward", FORWARD),
        ("reverse", REVERSE),
    ],
)
def test_two_directions_become_one_alignment(method, more):
    links = symmetrise(FORWARD, REVERSE, method)
    start = set() if method in ("forward", "reverse") else {(0, 0), (1, 1), (4, 3)}
    assert links == sorted(start | more)


def test_final_links_a_word_that_has_none_and_final_and_only_both():
    forward, reverse = {(0, 0), (0, 3), (5, 5)}, {(0, 0)}
    assert symmetrise(forward, reverse, "grow-diag") == [(0, 0)]
    assert symmetrise(forward, reverse, "grow-diag-final") == sorted(forward)
    assert symmetrise(forward, reverse, "grow-diag-final-and") == [(0, 0), (5, 5)]


def test_every_method_begins_with_the_intersection_and_stays_in_the_union():
    draw = np.random.default_rng(0)
    for _ in range(50):
        one, other = (set(map(tuple, draw.integers(7, size=(9, 2)))) for _ in "ab")
        for method in SYMMETRISATIONS[2:]:
            links = set(symmetrise(one, other, method))
            assert one & other <= links <= one | other


# Two target words over three source words, then </s>.
READ = np.array([[0.5, 0.4, 0.0, 0.1], [0.1, 0.45, 0.4, 0.05], [0, 0, 0.9, 0.1]])


def test_each_source_word_is_linked_to_the_target_word_that_reads_it_most():
    assert argmax_source_links(READ) == [(0, 0), (1, 1), (2, 1)]


def test_words_above_the_threshold_are_linked_and_end_of_sentence_is_not():
    assert threshold_links(READ, 0.4) == [(0, 0), (1, 0), (1, 1), (2, 1)]
    assert threshold_links(READ, 0.5) == [(0, 0)]
    assert (2, 0) not in threshold_links(READ, 0.0)  # no weight, no link


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("argmax", [(0, 0), (1, 1)]),
        ("argmax-source", [(0, 0), (1, 1), (2, 1)]),
        ("mutual", [(0, 0), (1, 1)]),
        ("strong", [(0, 0), (1, 1), (2, 1)]),
        ("threshold", [(0, 0), (1, 1)]),
    ],
)
def test_methods_by_name(method, expected):
    linking = Linking(method, 0.85 if method == "strong" else 0.45)
    assert links_of(READ, linking) == expected


@pytest.mark.parametrize(
    ("method", "links", "without"),
    [
        ("argmax", [(0, 0), (1, 1)], [(1, 1)]),
        ("strong", [(0, 0), (1, 1)], [(1, 1)]),
        ("threshold", [(0, 0), (1, 1)], [(1, 1)]),
        ("argmax-source", [(0, 0), (1, 1)], [(0, 0)]),
        ("mutual", [(0, 0), (1, 1)], []),
    ],
)
def test_a_word_that_belongs_to_the_end_is_linked_to_the_next_best_or_to_none(
    method, links, without
):
    # Target word 0 reads </s> most; source word 1 is read most for </s>.
    read = np.array([[0.4, 0.0, 0.6], [0.1, 0.7, 0.2], [0.1, 0.8, 0.1]])
    assert links_of(read, Linking(method, 0.3)) == links
    assert links_of(read, Linking(method, 0.3, "no-link")) == without
