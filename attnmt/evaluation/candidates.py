"""Translations of each line, as `attnmt translate --format jsonl` writes them."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from attnmt.errors import DataError
from attnmt.text.lines import read_lines


class Candidate(BaseModel):
    """One of them; what else is told of it is kept."""

    model_config = ConfigDict(frozen=True, extra="allow", allow_inf_nan=False)

    id: int  # the input line, from 0
    rank: int
    source: str
    text: str
    score: float  # that they are ranked by
    log_prob: float  # of the whole
    log_probs: list[float]  # of each piece


def read_candidates(path: Path) -> Iterator[list[Candidate]]:
    """The candidates of each input line. Raises DataError for anything else."""
    for _, candidates in groupby(_read(path), lambda candidate: candidate.id):
        yield list(candidates)


def reranked(
    candidates: Sequence[Candidate], scores: Sequence[float]
) -> list[Candidate]:
    """The candidates of a line with other scores, the best first."""
    order = sorted(range(len(candidates)), key=lambda i: -scores[i])
    return [
        candidates[i].model_copy(update={"rank": rank, "score": float(scores[i])})
        for rank, i in enumerate(order)
    ]


def _read(path: Path) -> Iterator[Candidate]:
    line = -1  # of the input that was translated
    for number, text in enumerate(read_lines(path), 1):
        try:
            candidate = Candidate.model_validate_json(text)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise DataError(
                f"{path}:{number}: expected what attnmt translate --n-best N --format "
                f"jsonl writes, found {where or text[:40]}: {first['msg']}"
            ) from error
        if candidate.id not in (max(line, 0), line + 1):
            raise DataError(
                f"{path}:{number}: expected id {line + 1}, as all translations of a "
                f"line stand together and no line is left out, found {candidate.id}"
            )
        line = candidate.id
        yield candidate
