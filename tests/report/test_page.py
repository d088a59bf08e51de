"""The page about runs."""

import base64
import hashlib
import random
import re
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from attnmt.report.curves import COLORS, curves
from attnmt.report.facts import read_facts
from attnmt.report.page import page
from attnmt.run import Run
from attnmt.sealed import sealed

MakeRun = Callable[..., Run]


def rows(text: str) -> dict[str, list[str]]:
    """The rows of all tables by what they tell."""
    found = re.findall("<tr><th>(.*?)</th>(.*?)</tr>", text)
    return {name: re.findall("<td>(.*?)</td>", cells) for name, cells in found if name}


def pictures(text: str) -> list[ElementTree.Element]:
    codes = re.findall(r'src="data:image/svg\+xml;base64,(.*?)"', text)
    return [ElementTree.fromstring(base64.b64decode(code)) for code in codes]


def test_one_run(make_run: MakeRun) -> None:
    run = make_run(training={"max_epochs": 7}, model={"attention": {"type": "dot"}})
    text = page([read_facts(run)])
    found = rows(text)
    assert found["languages"] == ["en to de"] and found["parameters"] == ["17"]
    assert found["updates"] == ["6"] and found["best checkpoint"] == ["3"]
    assert found["hours"] == ["0.50"] and found["ended"] == ["not yet"]
    assert found["validation bleu"] == ["7.5"]
    assert found["test BLEU"] == ["12.35 (11.50 to 13.25)", "tok:13a"]
    assert found["test chrF2"] == ["4.5", "nc:6"] and found["test AER"][0] == "0.087"
    assert found["training.max_epochs"] == ["7"]
    assert found["model.attention.type"] == ["dot"]
    assert found["data.train"] == [f"tsv {Path.cwd() / 'train.tsv'}"]
    assert "training.learning_rate" not in found
    assert len(pictures(text)) == 2


def test_several_runs_stand_beside_each_other(make_run: MakeRun) -> None:
    one, two = make_run("one", seed=4), make_run("two", seed=5)
    (two.eval_dir("test") / "scores.json").unlink()
    found = rows(text := page([read_facts(one), read_facts(two)]))
    assert found["languages"] == ["en to de", "en to de"]
    assert found["test BLEU"] == ["12.35 (11.50 to 13.25)", "", "tok:13a"]
    assert found["seed"] == ["4", "5"]
    assert not any("." in name for name in found)  # no other setting differs
    assert "<title>2 runs</title>" in text and len(pictures(text)) == 3


def test_scores_of_other_texts_of_the_same_name_have_a_row_each(
    make_run: MakeRun,
) -> None:
    one, two = make_run("one"), make_run("two")
    scores = two.eval_dir("test") / "scores.json"
    scores.write_text(scores.read_text("utf-8").replace("0123", "4567"), "utf-8")
    text = page([read_facts(one), read_facts(two)])
    assert text.count("<th>test BLEU</th>") == 2


def test_nothing_of_a_run_can_run_or_load(make_run: MakeRun) -> None:
    run = make_run("<script>alert(1)</script>", seed=1)
    text = page([read_facts(run)])
    assert "<script" not in text and "<b>boat" not in text
    assert "The &lt;b&gt;boat&lt;/b&gt; sinks &amp; sinks." in text
    (style,) = re.findall("<style>(.*?)</style>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:"
    assert f'content="{policy}"' in text
    assert not re.search(r" (style|on\w+)=", text)


def test_every_run_has_the_colour_of_its_curve(make_run: MakeRun) -> None:
    text = page([read_facts(make_run())])
    for number, color in enumerate(COLORS):
        assert f".c{number} {{ color: {color}; }}" in text


def test_the_picture_is_the_same_every_time(make_run: MakeRun) -> None:
    facts = read_facts(make_run())
    assert curves([facts]) == curves([facts])
    assert curves([facts._replace(train=[], validations=[])]) == ""


def test_long_trainings_are_drawn_by_some_of_their_points(make_run: MakeRun) -> None:
    facts = read_facts(make_run())
    draw = random.Random(1)
    many = [{"step": float(n), "perplexity": 1 + draw.random()} for n in range(10_000)]
    assert len(curves([facts._replace(train=many)])) < 80_000


def test_only_what_is_known_is_drawn(make_run: MakeRun) -> None:
    facts = read_facts(make_run())
    assert curves([facts._replace(train=[], validations=[])]) == ""
    odd = [{"step": 3.0, "perplexity": -1.0, f"metric {n}": 2.0} for n in range(200)]
    drawn = curves([facts._replace(train=odd)])
    assert drawn == curves([facts._replace(train=[])]) and "metric" not in drawn


def test_a_run_that_has_begun_only_has_a_page(make_run: MakeRun) -> None:
    facts = read_facts(make_run())
    none = facts._replace(state=None, best=None, train=[], validations=[])
    text = page([none._replace(evaluations=[], samples=[], parameters=None)])
    assert rows(text)["ended"] == ["nothing saved yet"] and not pictures(text)


def test_an_average_is_called_one(make_run: MakeRun) -> None:
    run = make_run()
    text = sealed({"format": 2, "average_of": ["a", "b"]})
    run.manifest_file.write_text(text, "utf-8")
    found = rows(page([read_facts(run)]))
    assert found["ended"] == ["an average of checkpoints"] and "hours" not in found


@pytest.mark.parametrize(
    ("source", "hypothesis", "flags", "drawn"),
    [
        ("", "a boat", [], 0),
        ("ein Kahn", " ", ["unfinished"], 0),
        ("ein Kahn", "", [], 1),  # reads something before it ends
    ],
)
def test_a_sample_that_lacks_words_stops_no_page(
    make_run: MakeRun,
    make_record,
    source: str,
    hypothesis: str,
    flags: list[str],
    drawn: int,
) -> None:
    facts = read_facts(make_run())
    record = make_record(source=source, hypothesis=hypothesis, flags=flags)
    text = page([facts._replace(samples=[record], train=[], validations=[])])
    assert "Samples" in text and len(pictures(text)) == drawn
