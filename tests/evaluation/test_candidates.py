"""Lists of candidates: read strictly, ranked anew."""

import json
from pathlib import Path

import pytest

from attnmt.errors import DataError
from attnmt.evaluation.candidates import read_candidates, reranked


def line(number: int, rank: int, **more: object) -> str:
    fields = {
        "id": number,
        "rank": rank,
        "source": f"source {number}",
        "text": f"text {number} {rank}",
        "score": -1.5,
        "log_prob": -3.0,
        "log_probs": [-1.0, -2.0],
        "flags": [],
    }
    return json.dumps(fields | more)


def read(folder: Path, *lines: str) -> list:
    path = folder / "n_best"
    path.write_text("".join(f"{text}\n" for text in lines), "utf-8")
    return list(read_candidates(path))


def test_candidates_come_together_by_their_line(tmp_path: Path) -> None:
    found = read(tmp_path, line(0, 0), line(1, 0), line(1, 1), line(2, 0))
    texts = [[candidate.text for candidate in each] for each in found]
    assert texts == [["text 0 0"], ["text 1 0", "text 1 1"], ["text 2 0"]]


def test_the_best_come_first_and_equals_as_they_were(tmp_path: Path) -> None:
    (candidates,) = read(tmp_path, *(line(0, i, flags=[f"{i}"]) for i in range(4)))
    found = [each.model_dump() for each in reranked(candidates, [1.0, 7.0, 2.0, 7.0])]
    assert [each["flags"] for each in found] == [["1"], ["3"], ["2"], ["0"]]
    assert [each["rank"] for each in found] == [0, 1, 2, 3]
    assert [each["score"] for each in found] == [7.0, 7.0, 2.0, 1.0]
    assert {each["log_prob"] for each in found} == {-3.0}


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["Ein Hund."], r"n_best:1: expected what attnmt translate --n-best N"),
        (['{"id": 0}'], r"n_best:1: .* found rank: Field required"),
        ([line(0, 0, log_prob=float("nan"))], "n_best:1: .* found log_prob: Input"),
        ([line(1, 0)], "n_best:1: expected id 0, .* found 1"),
        ([line(0, 0), line(2, 0)], "n_best:2: expected id 1, .* found 2"),
        ([line(0, 0), line(1, 0), line(0, 1)], "n_best:3: expected id 2, .* found 0"),
    ],
)
def test_what_is_no_list_of_candidates_is_refused(
    lines: list[str], message: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=message):
        read(tmp_path, *lines)
