"""Which search translates best: beam sizes and penalties, measured on known text.

The penalties rank what a search has found and do not steer it, so that one search
serves all of them.
"""

from collections.abc import Iterable, Sequence
from itertools import product
from typing import NamedTuple

import numpy as np

from attnmt.analysis.record import Record
from attnmt.config.loading import dump_config
from attnmt.config.schema import Decoding
from attnmt.evaluation.metrics import score
from attnmt.evaluation.table import aligned
from attnmt.run import Run, write_atomically
from attnmt.sealed import file_sha256, read_sealed, sealed
from attnmt.search.penalties import coverage_penalty, length_penalty

LENGTH_PENALTIES = (0.0, 0.4, 0.8, 1.0, 1.2, 1.6, 2.0)
COVERAGE_PENALTIES = (0.0, 0.1, 0.2, 0.4)


class Choice(NamedTuple):
    """What decoding is like."""

    beam_size: int
    length_penalty: float
    coverage_penalty: float


class Candidate(NamedTuple):
    """A complete hypothesis, with all that ranks it."""

    text: str
    length: int  # in pieces, the end included
    log_prob: float
    coverage: float

    def score(self, choice: Choice) -> float:
        """What the search ranks it by (Wu et al. 2016, eq. 14)."""
        penalty = length_penalty(self.length, choice.length_penalty)
        return self.log_prob / penalty + choice.coverage_penalty * self.coverage


class Tried(NamedTuple):
    """A choice and what it scores on the whole text."""

    choice: Choice
    score: float


def candidate(found: Record, coverage: bool = True) -> Candidate:
    """What matters here of a translation; without `coverage` that counts as full."""
    length = len(found.target_ids)
    if not (length and coverage):
        return Candidate(found.hypothesis, length, found.score, 0.0)
    weights = np.moveaxis(found.weights[0], 0, 1)  # [target, head, source]
    return Candidate(found.hypothesis, length, found.score, coverage_penalty(weights))


def tune(
    found: Sequence[Sequence[Candidate]],
    references: Sequence[str],
    metric: str,
    choices: Iterable[Choice],
    tokenize: str | None = None,
    lowercase: bool = False,
) -> list[Tried]:
    """Score choices of one beam size, given all that its search found.

    `tokenize` and `lowercase` are those of `metrics.score`.
    """
    known: dict[tuple[str, ...], float] = {}  # many choices pick the same texts
    tried = []
    for choice in choices:
        texts = tuple(
            max(candidates, key=lambda c: c.score(choice)).text for candidates in found
        )
        if texts not in known:
            known[texts] = score(
                *(texts, references),
                metrics=[metric],
                tokenize=tokenize,
                lowercase=lowercase,
            )[0].value
        tried.append(Tried(choice, known[texts]))
    return tried


def grid(beam_size: int, present: Choice, coverage: bool) -> list[Choice]:
    """The choices for a beam size, those of the run among them."""
    lengths = sorted({*LENGTH_PENALTIES, present.length_penalty})
    weights = sorted({*COVERAGE_PENALTIES, present.coverage_penalty})
    pairs = product(lengths, weights if coverage else [0.0])
    return [Choice(beam_size, *pair) for pair in pairs]


def best_of(tried: Sequence[Tried]) -> Tried:
    """The highest score; among equals the smallest beam, then the least penalties."""
    return max(tried, key=lambda t: (t.score, *(-value for value in t.choice)))


def table(tried: Sequence[Tried]) -> str:
    """A row for each beam size and coverage penalty, a column a length penalty."""
    scores = dict(tried)
    lengths = sorted({choice.length_penalty for choice in scores})
    rows = sorted({(c.beam_size, c.coverage_penalty) for c in scores})
    lines = [["beam", "coverage", *(f"length {alpha:g}" for alpha in lengths)]]
    for beam, beta in rows:
        figures = (scores[Choice(beam, alpha, beta)] for alpha in lengths)
        lines.append([str(beam), f"{beta:g}", *(f"{x:.2f}" for x in figures)])
    return "\n".join(aligned(lines, ">" * len(lines[0])))


def keep(run: Run, choice: Choice) -> None:
    """Make a choice the decoding of a run: its config.yaml, and the hash of that."""
    with run.locked():
        config, manifest = run.load_config(), read_sealed(run.manifest_file)
        changed = {**config.decoding.model_dump(), **choice._asdict()}
        decoding = Decoding.model_validate(changed)
        config = config.model_copy(update={"decoding": decoding})
        write_atomically(run.config_file, dump_config(config))
        if "config_sha256" in manifest:  # one of format 1 has none
            manifest["config_sha256"] = file_sha256(run.config_file)
            write_atomically(run.manifest_file, sealed(manifest))
