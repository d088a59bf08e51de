import os
from pathlib import Path

import pytest

from attnmt.errors import DataError
from attnmt.evaluation.alignment_error import (
    Gold,
    alignment_error,
    read_gold,
    read_links,
)

ROOT = Path(__file__).parents[2]
CORPORA = Path(os.environ.get("ATTNMT_CORPORA", ROOT / "../shared/corpora"))
HANSARDS = CORPORA / "align_enfr"
needs_hansards = pytest.mark.skipif(
    not HANSARDS.is_dir(), reason=f"no {HANSARDS}: set ATTNMT_CORPORA"
)


@needs_hansards
@pytest.mark.parametrize(
    ("file", "percent"),
    [
        ("fastalign.talp", 16.4),
        ("fastalign.reverse.talp", 15.9),
        ("fastalign.grow-diagonal.talp", 10.5),
        ("fastalign.grow-diagonal-final.talp", 12.1),
        ("giza.talp", 8.0),
        ("giza.reverse.talp", 9.8),
        ("giza.grow-diagonal.talp", 5.9),
        ("giza.grow-diagonal-final.talp", 6.2),
        ("awesome.out", 4.1),
    ],
)
def test_known_error_rates_are_reproduced(file: str, percent: float) -> None:
    gold = read_gold(HANSARDS / "test.gold.1idx", one_indexed=True)
    links = read_links(HANSARDS / "hyp" / file)
    if ".reverse." in file:
        links = [{(english, french) for french, english in row} for row in links]
    assert round(100 * alignment_error(links, gold).aer, 1) == percent


@needs_hansards
def test_a_wrong_offset_is_far_off() -> None:
    gold = read_gold(HANSARDS / "test.gold.1idx")
    links = read_links(HANSARDS / "hyp" / "giza.talp")
    assert alignment_error(links, gold).aer > 0.4


def test_rates_follow_their_definitions_over_the_corpus() -> None:
    gold = [
        Gold(sure={(0, 0), (1, 2)}, possible={(2, 2), (2, 3), (2, 4)}),
        Gold(sure={(0, 1)}, possible=set()),
    ]
    links = [{(0, 0), (2, 2), (5, 5)}, {(0, 1), (1, 1)}]
    found = alignment_error(links, gold)
    # Of 5 links 3 are possible and 2 of those sure; there are 3 sure links.
    assert found.precision == pytest.approx(3 / 5)
    assert found.recall == pytest.approx(2 / 3)
    assert found.aer == pytest.approx(1 - (2 + 3) / (5 + 3))
    assert (found.links, found.sure, found.possible) == (5, 3, 6)


def test_no_link_at_all_found_is_an_error_rate_of_one() -> None:
    found = alignment_error([set()], [Gold({(0, 0)}, set())])
    assert (found.aer, found.precision, found.recall) == (1.0, 0.0, 0.0)


def test_unequal_counts_are_refused_with_both() -> None:
    with pytest.raises(DataError, match="1 .* 2 "):
        alignment_error([{(0, 0)}], [Gold({(0, 0)}, set())] * 2)


def test_gold_without_links_is_refused() -> None:
    with pytest.raises(DataError, match="link"):
        alignment_error([set()], [Gold(set(), set())])


def test_gold_files_know_sure_and_possible_links(tmp_path: Path) -> None:
    file = tmp_path / "gold"
    file.write_text("1-1 2p3\n\n3?1\n")
    first, second, third = read_gold(file, one_indexed=True)
    assert first == ({(0, 0)}, {(0, 0), (1, 2)})
    assert second == (set(), set())
    assert third == (set(), {(2, 0)})


def test_a_bad_link_is_located(tmp_path: Path) -> None:
    file = tmp_path / "gold"
    file.write_text("0-0\n0-0 1:2\n")
    with pytest.raises(DataError, match=r"gold:2: .*'1:2'"):
        read_links(file)
    with pytest.raises(DataError, match=r"gold:1: .*from 1.*'0-0'"):
        read_gold(file, one_indexed=True)
