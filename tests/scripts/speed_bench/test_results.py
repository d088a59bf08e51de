"""Figures become medians, ratios, a table, a comparison, warnings."""

import pytest
from speed_bench.results import Row, changes, row, table, to_json, warnings, with_ratios


def case(side: str, *speeds: float) -> Row:
    return row("training", "luong", side, [{"speed": speed} for speed in speeds])


def test_a_row_has_medians_of_its_rounds():
    found = row("p", "c", "s", [{"a": 1.0}, {"a": 9.0, "b": 4.0}, {"a": 2.0}], d=5.0)
    assert found.figures == {"a": 2.0, "b": 4.0, "d": 5.0}


def test_a_ratio_is_the_median_of_ratios_within_rounds():
    rows = with_ratios(
        [case("attnmt", 2.0, 30.0, 9.0), case("torch", 1.0, 10.0, 3.0)], "speed"
    )
    assert rows[0].figures["to torch"] == pytest.approx(3.0)
    assert rows[1].figures["to torch"] == pytest.approx(1.0)


def test_without_its_base_a_row_has_no_ratio():
    rows = [case("attnmt", 2.0), Row("training", "luong", "torch", {}, [], "no pip")]
    assert "to torch" not in with_ratios(rows, "speed")[0].figures


def test_a_table_tells_why_a_side_is_left_out():
    rows = [case("attnmt", 1234.5), Row("training", "luong", "torch", {}, [], "no pip")]
    text = table(rows, {"speed": "tokens/s", "nothing": "never there"})
    assert "| luong | attnmt | 1,234 |" in text.replace("1,235", "1,234")
    assert "left out: no pip" in text
    assert "never there" not in text


def test_a_comparison_marks_noise_and_leaves_out_absolute_times():
    old = [row("training", "luong", "attnmt", [{"speed": 9.0}], megabytes=200.0)]
    new = [row("training", "luong", "attnmt", [{"speed": 1.0}], megabytes=190.0)]
    old[0].figures["to torch"], new[0].figures["to torch"] = 1.0, 1.5
    lines = changes(new, to_json(old))
    assert lines == [
        "training luong attnmt: megabytes 200 -> 190, -5% (noise)",
        "training luong attnmt: to torch 1 -> 1.5, +50%",
    ]


def test_a_comparison_names_what_the_baseline_lacks():
    new = [case("attnmt", 1.0)]
    assert changes(new, []) == ["training luong attnmt: not in the baseline"]


def test_a_busy_machine_is_warned_of():
    quiet = row("training", "luong", "attnmt", [{"probe_cores": 1.97}])
    busy = row("training", "bahdanau", "attnmt", [{"probe_cores": 1.2}])
    [line] = warnings([quiet, busy], threads=2)
    assert "training bahdanau" in line and "1.20 of 2" in line
