"""How far the attention of another run is from that of this one."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from attnmt.analysis.faithfulness.figures import SeedAgreement, mean_of
from attnmt.analysis.faithfulness.ranks import divergence
from attnmt.analysis.record import Record
from attnmt.faithfulness.attending import require_tokens
from attnmt.translator import Translator

Level = Literal["piece", "word"]


def compare(
    records: Sequence[Record],
    run: Path,
    random: np.random.Generator,
    say: Callable[[str], None],
) -> SeedAgreement:
    """Force the targets of the records with another run, and compare the attention.

    Between pieces when both runs cut all text into the same ones, else between words.
    """
    say(f"attention of {run}")
    other = Translator.load(run)
    require_tokens(other.network, str(run))
    sources, targets = [r.source for r in records], [r.hypothesis for r in records]
    others = list(other.force(sources, targets))
    same = all(_pieces(a) == _pieces(b) for a, b in zip(records, others, strict=True))
    level: Level = "piece" if same else "word"
    pairs = [_rows(a, b, level) for a, b in zip(records, others, strict=True)]
    sentences = np.repeat(np.arange(len(pairs)), [len(rows) for rows, _ in pairs])
    found = np.concatenate([divergence(p, q) for p, q in pairs])
    control = [divergence(p, random.permuted(q, axis=1)) for p, q in pairs]
    return SeedAgreement(
        str(run),
        level,
        mean_of(found, sentences),
        mean_of(np.concatenate(control), sentences),
    )


def _pieces(record: Record) -> tuple[list[str], list[str]]:
    return record.source_pieces, record.target_pieces


def _rows(one: Record, other: Record, level: Level) -> tuple[np.ndarray, np.ndarray]:
    """The rows [target, source] of both, means of their heads, that have any weight."""
    both = [
        record.weights if level == "piece" else record.word_weights()
        for record in (one, other)
    ]
    first, second = (weights.mean(axis=(0, 1)) for weights in both)
    there = (first.sum(axis=1) > 0) & (second.sum(axis=1) > 0)
    return first[there], second[there]
