"""The page and the other forms of a report."""

import json
import re
from html.parser import HTMLParser
from xml.etree import ElementTree

from attnmt.analysis.faithfulness.bars import Bar, chart
from attnmt.analysis.faithfulness.page import page
from attnmt.analysis.faithfulness.report import text


class Reader(HTMLParser):
    """Collects the tags, those that fetch, and the text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: dict[str, list[str | None]] = {}
        self.text = ""

    def handle_starttag(self, tag, attrs) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            self.attributes.setdefault(name, []).append(value)

    def handle_data(self, data) -> None:
        self.text += data


def read(content: str) -> Reader:
    reader = Reader()
    reader.feed(content)
    return reader


def test_the_page_has_no_script_and_asks_for_nothing(make_report):
    content = page(make_report())
    found = read(content)
    assert not found.tags & {"script", "link", "img", "iframe", "object", "a", "base"}
    assert not found.attributes.keys() & {"src", "href", "style"}
    assert not [name for name in found.attributes if name.startswith("on")]
    assert (
        "default-src 'none'; style-src 'unsafe-inline'" in found.attributes["content"]
    )
    assert not re.search(r"https?:|url\(|@import", content)
    assert "prefers-color-scheme: dark" in content


def test_text_is_shown_and_not_obeyed(make_report):
    found = read(page(make_report()))
    hostile = make_report().examples[0].source
    assert found.text.count(hostile) == 5  # origin, bar, row, source, own
    assert "script" not in found.tags


def test_the_page_begins_with_the_conclusions_and_has_every_figure(make_report):
    report = make_report()
    found = read(page(report)).text
    first, second = report.conclusions()
    assert found.index(first) < found.index(second) < found.index("1.250 ± 0.020")
    for figure in ("31.2%", "0.400 ± 0.030", "0.100 ± 0.010", "0.004"):
        assert figure in found, figure


def test_a_report_without_seeds_has_no_section_of_them(make_report):
    report = make_report()
    assert "Other runs" in page(report)
    object.__setattr__(report, "seeds", [])
    assert "Other runs" not in page(report) and "Other runs" not in text(report)


def test_bars_are_as_long_as_their_values_and_marks_stand_at_controls():
    svg = ElementTree.fromstring(
        chart([Bar("a", 2.0), Bar("<b>", -1.0, 1.0), Bar("c", 0.5)], "x & y")
    )
    bars = [r for r in svg.iter("rect") if r.get("class") == "bar"]
    widths = [float(bar.get("width", "")) for bar in bars]
    assert abs(widths[0] - 2 * widths[1]) < 0.2 > abs(widths[0] - 4 * widths[2])
    lefts = [float(bar.get("x", "")) for bar in bars]
    assert abs(lefts[1] + widths[1] - lefts[0]) < 0.2  # it goes to the left of zero
    [mark] = [r for r in svg.iter("rect") if r.get("class") == "mark"]
    middle = float(mark.get("x", "")) + 1.5
    assert abs(middle - (lefts[0] + widths[0] / 2)) < 0.2
    assert [t.text for t in svg.iter("text")] == [
        "a",
        "2.00",
        "<b>",
        "-1.00",
        "c",
        "0.50",
    ]


def test_bars_of_nothing_but_zeros_are_drawn():
    assert 'width="0.0"' in chart([Bar("a", 0.0)], "")


def test_the_json_has_conclusions_and_figures(make_report):
    content = json.loads(make_report().json())
    assert content["format"] == "attention-faithfulness"
    assert tuple(content["conclusions"]) == make_report().conclusions()
    assert content["interventions"][1]["cost"] == {"value": 1.25, "error": 0.02}
    assert content["seeds"][0]["permuted"]["value"] == 0.4


def test_the_text_begins_with_the_conclusions_and_aligns_its_columns(make_report):
    lines = text(make_report(text="other")).split("\n")
    assert tuple(lines[:2]) == make_report().conclusions()
    assert "7 sentences, 40 target pieces, 12 of them probed" in lines
    start = lines.index(
        "Other weights: nats that a target piece loses, and greedy output"
    )
    assert lines[start + 1 : start + 4] == [
        "weights            cost  changed  chrF with own",
        "own       0.000 ± 0.020     0.0%           90.0",
        "uniform   1.250 ± 0.020    31.2%           90.0",
    ]
