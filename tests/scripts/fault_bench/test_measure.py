"""The flags of planted faults are counted, and those of untouched translations."""

from collections.abc import Iterable

import numpy as np
import pytest
from fault_bench.__main__ import read_pairs
from fault_bench.measure import measured, table

from attnmt.analysis.record import Record
from attnmt.analysis.words import word_spans
from attnmt.errors import DataError

PAIRS = [
    (f"{a} b{i} c d e f{i} g h", f"{a.upper()} B{i} C D E F{i} G H")
    for i, a in enumerate("uvwxyz")
]


def side(name: str, text: str) -> dict:
    end = len(text.encode())
    spans = [*word_spans(text), (end, end)]
    return {
        f"{name}_spans": spans,
        f"{name}_pieces": ["x"] * len(spans),
        f"{name}_ids": [0] * len(spans),
    }


def force(sources: list[str], targets: list[str]) -> Iterable[Record]:
    """A model that reads for each word its translation: the same in lower case."""
    for source, target in zip(sources, targets, strict=True):
        columns = [*source.split(), "</s>"]
        rows = [*target.lower().split(), "</s>"]
        weights = np.array([[float(s == t) for s in columns] for t in rows])
        yield Record(
            id=0,
            source=source,
            hypothesis=target,
            score=-1.0,
            norm_score=-1.0,
            log_probs=[-0.1] * len(rows),
            weights=weights[None, None],
            **side("source", source),
            **side("target", target),
        )


def test_a_model_that_reads_well_lets_all_faults_be_found():
    result = measured(force, PAIRS, seed=1)
    assert {name: row["found"] for name, row in result["faults"].items()} == {
        "deleted": 1.0,
        "repeated": 1.0,
        "copied": 1.0,
    }
    assert result["flags"]["untouched"] == {"lines": 6, "flags": {}}
    assert table(result).count("100.0%") >= 3


def test_false_alarms_are_those_on_the_untouched():
    pairs = [*PAIRS[:3], ("a b c d e f g h", "A A B C D E F G H")]
    result = measured(force, pairs, seed=1)
    assert result["faults"]["repeated"]["false_alarms"] == 0.25
    assert result["faults"]["deleted"]["false_alarms"] == 0.0
    assert result["flags"]["untouched"]["flags"] == {"any": 0.25, "repetition": 0.25}


def test_halves_share_no_line(tmp_path):
    for name in ("source", "target"):
        (tmp_path / name).write_text("".join(f"{name} {i}\n" for i in range(5)))
    both = tmp_path / "source", tmp_path / "target"
    even, odd = (read_pairs(*both, half) for half in ("even", "odd"))
    assert odd == [("source 1", "target 1"), ("source 3", "target 3")]
    assert sorted(even + odd) == read_pairs(*both, None)
    (tmp_path / "target").write_text("one\n")
    with pytest.raises(DataError, match="found 5 in .* and 1 in"):
        read_pairs(*both, None)
