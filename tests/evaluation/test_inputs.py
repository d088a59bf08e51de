import json
from pathlib import Path

import pytest

from attnmt.errors import DataError
from attnmt.evaluation.alignment_error import Gold
from attnmt.evaluation.inputs import (
    Inputs,
    Rows,
    check_same_text,
    counted_from_one,
    default_name,
    fingerprint,
    seems_one_indexed,
)


@pytest.mark.parametrize(
    ("source", "name"),
    [
        (None, "test"),
        (Path("data/flickr.2017.en"), "flickr.2017"),
        (Path("dev.en.gz"), "dev"),
        (Path("-"), "stdin"),
    ],
)
def test_an_evaluation_is_called_after_its_text(source: Path | None, name: str) -> None:
    assert default_name(source) == name


def test_every_part_must_have_as_many_rows() -> None:
    given = Inputs(
        source=Rows("s", ["a", "b"]),
        reference=Rows("r", ["a", "b"]),
        gold_alignment=Rows("g", [Gold(set(), set())]),
    )
    with pytest.raises(DataError, match="s: 2 lines, but g: 1 lines"):
        given.check()


@pytest.mark.parametrize("link", [(2, 0), (0, 3)])
def test_a_gold_link_must_name_words_of_both_sides(link: tuple[int, int]) -> None:
    source, reference = Rows("s", ["a b"]), Rows("r", ["a b c"])
    Inputs(
        source=source,
        reference=reference,
        gold_alignment=Rows("g", [Gold({(1, 2)}, {(0, 0)})]),
    ).check()
    with pytest.raises(DataError, match="g:1: .* 2 and 3 words"):
        Inputs(
            source=source,
            reference=reference,
            gold_alignment=Rows("g", [Gold(set(), {link})]),
        ).check()


def test_gold_without_a_word_zero_seems_to_count_from_one() -> None:
    from_one = Rows("g", [Gold({(1, 1)}, {(1, 2)})])
    from_zero = Rows("g", [Gold({(1, 1)}, {(1, 0)})])
    assert seems_one_indexed(from_one)
    assert counted_from_one(from_one).rows == [Gold({(0, 0)}, {(0, 1)})]
    assert not seems_one_indexed(from_zero)


def test_an_evaluation_of_other_text_is_told(tmp_path: Path) -> None:
    check_same_text(tmp_path, ["a"], "again")
    kept = {"reference": "dev.de", "text": fingerprint(["a", "b"])}
    (tmp_path / "scores.json").write_text(json.dumps(kept), "utf-8")
    check_same_text(tmp_path, ["a", "b"], "again")
    with pytest.raises(DataError, match=r"other text .its reference: dev.de.: again"):
        check_same_text(tmp_path, ["a", "c"], "again")
