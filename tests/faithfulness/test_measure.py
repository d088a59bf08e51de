"""The whole report of models of which it is known what it should say."""

import numpy as np
import pytest

from attnmt.analysis.faithfulness.figures import (
    ATTENTION,
    INTEGRATED,
    NORMS,
    RANDOM,
)
from attnmt.errors import ConfigError, DataError
from attnmt.faithfulness.measure import measure

pytestmark = pytest.mark.slow


def test_attention_that_everything_hangs_on_matters_and_explains(of_copier) -> None:
    first, second = of_copier.conclusions()
    assert first.startswith("Attention matters to this model: ")
    assert second.startswith("Its weights tell which source positions")
    attention, norms, random = of_copier.erasures
    assert [e.order for e in of_copier.erasures] == [ATTENTION, NORMS, RANDOM]
    assert attention.aopc_comprehensiveness.value > 3.0
    assert attention.aopc_comprehensiveness == norms.aopc_comprehensiveness
    # A source of three positions loses the one that counts by chance, too.
    assert attention.gain.value > random.aopc_comprehensiveness.value
    assert attention.aopc_sufficiency.value < 0.2 < random.aopc_sufficiency.value


def test_attention_that_nothing_hangs_on_hardly_matters(of_deaf) -> None:
    first, second = of_deaf.conclusions()
    assert first.startswith(
        "Attention hardly matters to this model: reading the source with uniform "
        "weights costs 0.00 nats per target piece (its own weights 0.00, reading "
        "nothing 0.00) and changes 0% "
    )
    assert second.startswith("Its weights do not tell better than chance")


def test_orders_agree_where_they_are_the_same_and_not_by_chance(of_copier) -> None:
    taus = {(a.one, a.other): a for a in of_copier.agreements}
    norms = taus[ATTENTION, NORMS]
    assert norms.tau.value > 0.99
    assert abs(norms.shuffled.value) < 3 * norms.shuffled.error + 0.1
    assert taus[ATTENTION, INTEGRATED].tau.value > 0.3


def test_the_report_tells_what_was_measured(of_copier, of_deaf, pairs) -> None:
    pieces = sum(len(line.split()) + 1 for line, _ in pairs)
    for report in (of_copier, of_deaf):
        assert (report.sentences, report.pieces) == (len(pairs), pieces)
        assert report.probes == pieces
        assert np.isfinite(report.completeness_gap)
    assert of_deaf.origin == {
        "text": "lines",
        "attention": "GeneralAttention",
        "checkpoint": "0",
    }
    assert of_copier.examples[1].source == pairs[1][0]


def test_slots_are_refused(make_translator, pairs) -> None:
    translator = make_translator({"type": "linformer", "slots": 3})
    with pytest.raises(ConfigError, match="memory slots"):
        measure(translator, pairs, print)


def test_other_runs_are_loaded_before_any_work(deaf, pairs, tmp_path) -> None:
    said: list[str] = []
    with pytest.raises(DataError, match="none"):
        measure(deaf, pairs, said.append, [tmp_path / "none"])
    assert said == []


def test_text_that_is_too_short_is_refused(deaf) -> None:
    with pytest.raises(DataError, match="at least 2 source pieces, found none in 1"):
        measure(deaf, [("a", "b"), ("", "a")], print)
