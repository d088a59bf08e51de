"""How far the attention of another run is from that of this one."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from attnmt.analysis.faithfulness.figures import SeedAgreement, mean_of
from attnmt.analysis.faithfulness.ranks import divergence
from attnmt.analysis.record import Record

Level = Literal["piece", "word"]


def seed_agreement(
    own: Sequence[Record],
    others: Sequence[Record],
    run: str,
    random: np.random.Generator,
) -> SeedAgreement:
    """Compare the attention of two runs to the same forced targets.

    Between pieces when both cut all text into the same ones, else between words.
    """
    records = list(zip(own, others, strict=True))
    same = all(_pieces(one) == _pieces(other) for one, other in records)
    level: Level = "piece" if same else "word"
    pairs = [_rows(one, other, level) for one, other in records]
    sentences = np.repeat(np.arange(len(pairs)), [len(rows) for rows, _ in pairs])
    found = [divergence(p, q) for p, q in pairs]
    control = [divergence(p, random.permuted(q, axis=1)) for p, q in pairs]
    means = (mean_of(np.concatenate(x), sentences) for x in (found, control))
    return SeedAgreement(run, level, *means)


def _pieces(record: Record) -> tuple[list[str], list[str]]:
    return record.source_pieces, record.target_pieces


def _rows(one: Record, other: Record, level: Level) -> tuple[np.ndarray, np.ndarray]:
    """The rows [target, source] of both, means of their heads, that have any weight."""
    first, second = (
        (record.weights if level == "piece" else record.word_weights()).mean((0, 1))
        for record in (one, other)
    )
    there = (first.sum(axis=1) > 0) & (second.sum(axis=1) > 0)
    return first[there], second[there]
