"""The page of `attnmt attention view` in a headless Chromium, as a reader uses it."""

import random
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from attnmt.analysis.alignments import Link
from attnmt.analysis.dump import Dump, DumpWriter, Record
from attnmt.analysis.viewer.page import page as html_of
from attnmt.analysis.viewer.payload import payload
from attnmt.analysis.words import piece_words, word_spans
from attnmt.evaluation.alignment_error import Gold
from attnmt.evaluation.inputs import Rows

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))),
    None,
)
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no chromium, chromium-browser or google-chrome on PATH"
)
SOURCES = [
    "der alte Mann las gestern ein Buch .",
    "ein Kahn sinkt .",
    "",
    "שלום עולם",
    "我们 在 公园 里",
    "ohne Worte",
]
TARGETS = [
    "the old man read .",
    "a boat is sinking .",
    "",
    "hello world",
    "公園で いました",
    " ",
]
LINKS = [
    [(0, 0), (1, 1), (2, 2), (3, 3), (7, 4)],
    [(0, 0), (1, 1), (2, 2), (2, 3), (3, 4)],
    [],
    [(0, 0), (1, 1)],
    [(2, 0), (3, 1)],
    [],
]
PATIENCE = 60_000  # milliseconds, on a machine that does much else
expect.set_options(timeout=PATIENCE)
Open = Callable[..., Page]


def record(
    id_: int, source: str, target: str, links: list[Link], sharp: float = 0.8, **fields
) -> Record:
    """Two heads read by the links, the first with `sharp`, the second with 0.6.

    A piece a word, but two for a target word that starts with "the".
    """
    sides = {}
    for side, text in (("source", source), ("target", target)):
        raw = text.encode()
        spans = [*word_spans(text), (len(raw), len(raw))] if source else []
        if side == "target" and text.startswith("the"):
            spans[:1] = [(0, 1), (1, 3)]
        sides[f"{side}_spans"] = spans
        sides[f"{side}_pieces"] = [raw[b:e].decode() or "</s>" for b, e in spans]
        sides[f"{side}_ids"] = [0] * len(spans)
    rows, columns = len(sides["target_spans"]), len(sides["source_spans"])
    weights = np.full((1, 2, rows, columns), 1 / max(columns, 1), np.float32)
    heads = np.array([sharp, 0.6], np.float32)
    weights *= (1 - heads)[:, None, None]
    read = {target: source for source, target in links}
    for row, word in enumerate(piece_words(sides["target_spans"], word_spans(target))):
        weights[0, :, row, read.get(word, columns - 1)] += heads
    values = {"score": -1.0 - id_, "norm_score": -0.5 + 0.1 * id_}
    values |= {"log_probs": [-0.1] * rows, "weights": weights}
    return Record(
        **{"id": id_, "source": source, "hypothesis": target} | values | sides | fields
    )


def dump_of(path: Path, *records: Record) -> Dump:
    with DumpWriter(path, {}, "f4") as writer:
        for one in records:
            writer.write(one)
    return Dump(path)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM)
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Browser, tmp_path: Path) -> Iterator[Open]:
    """Opens a payload; at the end nothing was complained of and nothing requested."""
    problems, requests, pages = [], [], []

    def open_(content: dict, **options) -> Page:
        path = tmp_path / "view.html"
        path.write_text(html_of(content), "utf-8", newline="\n")
        page = browser.new_page(**options)
        page.set_default_timeout(PATIENCE)
        pages.append(page)
        page.on("console", lambda message: problems.append(message.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("dialog", lambda dialog: problems.append(dialog.message))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(path.as_uri())
        return page

    yield open_
    page = pages[-1]
    page.close()
    assert problems == []
    assert requests == [(tmp_path / "view.html").as_uri()]


@pytest.fixture(scope="module")
def content(tmp_path_factory) -> dict:
    records = map(record, range(6), SOURCES, TARGETS, LINKS)
    dump = dump_of(tmp_path_factory.mktemp("dump") / "one.attn", *records)
    gold = Rows("gold", [Gold(links[:2], links[2:3]) for links in LINKS])
    return payload(dump, gold=gold)


@pytest.fixture
def page(open_page: Open, content: dict) -> Page:
    return open_page(content)


def ids(page: Page) -> list[str]:
    return page.locator("#sentences li:visible .number").all_text_contents()


def point_at(page: Page, row: int, column: int) -> None:
    cells = page.locator(".cells")
    size = cells.bounding_box()["width"] / page.locator(".label.column").count()
    cells.hover(position={"x": (column + 0.5) * size, "y": (row + 0.5) * size})


def test_pointing_at_a_cell_tells_row_column_and_number(page):
    point_at(page, 1, 1)
    tip = page.locator("#tip")
    expect(tip.locator("strong")).to_have_text(f"{0.7 + 0.3 / 9:.2f}")  # the mean
    assert tip.locator(".tip-text").all_text_contents() == ["old", "alte", "sure link"]
    assert page.locator(".label.on").all_text_contents() == ["alte", "old"]
    page.mouse.move(5, 5)
    expect(tip).to_be_hidden()


def test_a_head_alone_and_the_mean_differ(page):
    for head, weight in (("0", 0.8 + 0.2 / 9), ("1", 0.6 + 0.4 / 9)):
        page.select_option("#head", head)
        point_at(page, 1, 1)
        expect(page.locator("#tip strong")).to_have_text(f"{weight:.2f}")


def test_words_become_pieces_and_back(page):
    rows = page.locator(".label.row")
    assert rows.all_text_contents() == [*TARGETS[0].split(), "</s>"]
    page.keyboard.press("w")
    assert rows.all_text_contents() == ["t", "he", *TARGETS[0].split()[1:], "</s>"]
    page.get_by_role("button", name="Words").click()
    assert rows.count() == 6


def test_coverage_entropy_flags_and_gold_are_drawn(page):
    assert page.locator(".flag").all_text_contents() == ["untranslated"]
    flagged = page.locator(".label.flagged").all_text_contents()
    assert flagged == ["gestern", "ein", "Buch"]
    assert page.locator(".coverage .few").count() == 3
    assert page.locator(".entropy .bar").count() == 6
    assert (page.locator(".gold.sure").count(), page.locator(".gold").count()) == (2, 3)
    page.keyboard.press("g")
    assert page.locator(".gold").count() == 0


def test_keys_go_through_the_sentences(page):
    number = page.locator("#number")
    for key, place in (("j", 1), ("ArrowDown", 2), ("k", 1), ("ArrowUp", 0), ("k", 0)):
        page.keyboard.press(key)
        expect(number).to_have_text(f"id {place}")
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("Escape")
    expect(page.locator("#help")).to_be_hidden()
    expect(number).to_have_text("id 0")


def test_search_finds_words_flags_and_numbers(page):
    page.keyboard.press("/")
    page.keyboard.type("KAHN boat")
    assert ids(page) == ["1"]
    expect(page.locator("#count")).to_have_text("1 of 6 sentences")
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    expect(page.locator("#number")).to_have_text("id 1")
    for query, found in (("untranslated", ["0"]), ("#3", ["3"]), ("zzz", [])):
        page.fill("#search", query)
        assert ids(page) == found


def test_a_place_in_a_list_of_the_best_is_found(open_page, tmp_path):
    lines = [(7, 1, ()), (7, 2, ("imported",)), (77, 1, ("unfinished",))]
    records = [
        record(id_, SOURCES[1], TARGETS[1], LINKS[1], rank=rank, n_best=2, flags=flags)
        for id_, rank, flags in lines
    ]
    page = open_page(payload(dump_of(tmp_path / "n.attn", *records)))
    for query, found in (("#7", ["7.1", "7.2"]), ("#7.2", ["7.2"]), ("#7.3", [])):
        page.fill("#search", query)
        assert ids(page) == found
    page.fill("#search", "")
    # That it comes from another toolkit is no warning.
    assert page.locator("#sentences .dot").count() == 3
    raised = page.locator("#sentences li", has=page.locator(".raised"))
    assert raised.locator(".number").all_inner_texts() == ["77.1"]


def test_a_sentence_is_shown_from_its_top_with_the_focus_in_the_list(
    open_page, tmp_path
):
    source = " ".join(f"wort{n}" for n in range(6))
    records = [record(i, source, source, [(n, n) for n in range(6)]) for i in (0, 1)]
    content = payload(dump_of(tmp_path / "long.attn", *records))
    page = open_page(content, viewport={"width": 1280, "height": 400})
    page.locator("#sentences button").nth(0).click()
    page.evaluate("document.querySelector('main').scrollTop = 700")
    page.keyboard.press("j")
    expect(page.locator("#number")).to_have_text("id 1")
    assert page.evaluate("document.querySelector('main').scrollTop") == 0
    assert page.evaluate("document.activeElement.dataset.index") == "1"


def test_sentences_are_sorted(page, content):
    def figure(name: str) -> list:
        return [s["outputs"][0]["figures"].get(name) for s in content["sentences"]]

    for order, name, sign in (
        ("score", "score", 1),
        ("length", "length", -1),
        ("coverage", "worst_coverage", 1),
        ("entropy", "entropy", -1),
    ):
        page.select_option("#order", order)
        values = figure(name)
        known = [i for i, value in enumerate(values) if value is not None]
        known.sort(key=lambda i: sign * values[i])
        rest = [i for i, value in enumerate(values) if value is None]
        assert ids(page) == [str(i) for i in known + rest]
    assert figure("score") != sorted(figure("score"), reverse=True)


def test_links_follow_the_threshold_and_the_pointer(page):
    page.keyboard.press("l")
    links, threshold = page.locator(".link"), page.locator("#threshold")
    threshold.fill("0.01")
    assert links.count() == 6 * 9
    threshold.fill("0.3")
    assert links.count() == 6  # one for each target word and </s>
    page.locator(".words.target .word").nth(2).hover()
    assert page.locator(".words.source .word.on").all_text_contents() == ["0.73Mann"]
    assert page.locator(".link.on").count() == 1
    assert page.locator(".gold-link").count() == 3
    page.get_by_role("button", name="Heat map").click()
    assert page.locator(".map").count() == 1


def test_blank_lines_and_empty_hypotheses_are_told(page):
    for key in "hlw":
        page.keyboard.press(key)
        page.locator("#sentences button").nth(2).click()
        expect(page.locator("#figure")).to_contain_text("no attention")
        page.locator("#sentences button").nth(5).click()
        expect(page.locator("#figure")).to_contain_text("</s>")
        expect(page.locator("#outputs")).to_contain_text("(no words)")


def test_right_to_left_text_runs_from_the_right(page):
    page.locator("#sentences button").nth(3).click()
    first, second, _ = page.locator(".label.column").all()
    assert first.bounding_box()["x"] > second.bounding_box()["x"]
    point_at(page, 0, 2)  # the rightmost cell is that of the first word
    assert page.locator("#tip .tip-text").nth(1).text_content() == "שלום"
    page.locator("#sentences button").nth(4).click()
    assert page.locator(".label.column").first.text_content() == "我"


def background(page: Page) -> str:
    return page.evaluate("getComputedStyle(document.body).backgroundColor")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_theme_is_the_system_s_until_it_is_switched(open_page, content, scheme):
    page = open_page(content, color_scheme=scheme)
    before = background(page)
    assert (before == "rgb(255, 255, 255)") == (scheme == "light")
    page.keyboard.press("t")
    assert background(page) != before
    page.locator("#theme").click()
    assert background(page) == before


def test_paper_is_white_and_without_controls(open_page, content):
    page = open_page(content, color_scheme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    assert background(page) == "rgb(255, 255, 255)"
    expect(page.locator("nav")).to_be_hidden()
    expect(page.locator(".cells")).to_be_visible()


def two_systems(tmp_path: Path, target: str) -> dict:
    one = record(0, SOURCES[1], TARGETS[1], LINKS[1])
    two = record(0, SOURCES[1], target, LINKS[1], sharp=0.2)
    dumps = (dump_of(tmp_path / name, r) for name, r in (("one", one), ("two", two)))
    return payload(next(dumps), other=next(dumps))


def test_two_systems_stand_side_by_side(open_page, tmp_path):
    page = open_page(two_systems(tmp_path, "one boat sinks"))
    left, right = (part.bounding_box() for part in page.locator(".map").all())
    assert left["y"] == right["y"] and left["x"] + left["width"] < right["x"]
    page.keyboard.press("l")
    assert page.locator(".words").count() == 3
    page.select_option("#systems", "over")
    expect(page.locator("#legend-differ")).to_be_visible()
    page.select_option("#systems", "1")
    assert page.locator(".words.target").count() == 1
    expect(page.locator(".words.target")).to_contain_text("sinks")


def test_two_systems_with_the_same_words_are_laid_over(open_page, tmp_path):
    page = open_page(two_systems(tmp_path, TARGETS[1]))
    page.select_option("#systems", "over")
    assert page.locator(".map").count() == 1
    point_at(page, 1, 1)
    numbers = page.locator("#tip strong").all_text_contents()
    expect(page.locator("#tip .tip-detail").last).to_contain_text(" | ")
    means = [(sharp + 0.6) / 2 for sharp in (0.8, 0.2)]
    assert numbers == [f"{mean + (1 - mean) / 5:.2f}" for mean in means]


def test_slots_are_shown_as_slots(open_page, tmp_path):
    weights = np.full((1, 1, 6, 4), 0.25)
    one = record(
        *(0, SOURCES[1], TARGETS[1], LINKS[1]), weights=weights, align_kind="slot"
    )
    page = open_page(payload(dump_of(tmp_path / "a", one)))
    slots = [f"slot {number}" for number in range(1, 5)]
    assert page.locator(".label.column").all_text_contents() == slots
    assert page.locator(".coverage").count() == 0
    page.keyboard.press("l")
    assert page.locator(".words.source bdi").all_text_contents() == slots


def hostile_texts(count: int) -> list[str]:
    draw = random.Random(7)
    parts = [
        *("<script>window.pwned=1</script>", "</script>", "<!--", "-->", "]]>", "&lt;"),
        *("<img src=x onerror=window.pwned=1>", "<svg/onload=window.pwned=1>", '"'),
        *("javascript:alert(1)", "' onmouseover='pwned=1", "\u202e", "\u2066", "\x00"),
        *("\x1b[31m", "\x08", "\u2028", "\u2029", "\x85", "{{x}}", "${x}", "$data"),
        *(
            "<a href=http://x.test/>",
            "\\u003c",
            "\ufeff",
            "\uffff",
            "👩‍👩‍👧",
            "e\u0301",
        ),
        *("שלום", "我", " ", " ", "\u200b", "\t", "x" * 300),
    ]
    return ["".join(draw.choices(parts, k=draw.randint(1, 9))) for _ in range(count)]


@pytest.mark.slow
def test_hostile_text_stays_text(open_page, tmp_path):
    texts = hostile_texts(4000)
    pairs = zip(texts[:2000], texts[2000:], strict=True)
    records = [record(i, s, t, [], flags=[t]) for i, (s, t) in enumerate(pairs)]
    content = payload(dump_of(tmp_path / "<b>&.attn", *records))
    page = open_page(content)
    lines = page.locator("#sentences .line:not(.target)").all_text_contents()
    sources = [sentence["source"] for sentence in content["sentences"]]
    shown = [text if text.strip() else "(blank line)" for text in sources]
    assert [line.strip() for line in lines] == [text.strip() for text in shown]
    known = page.evaluate("[...new Set([...document.all].map((e) => e.tagName))]")
    for index in range(0, 2000, 40):
        page.locator("#sentences button").nth(index).evaluate("(one) => one.click()")
        page.keyboard.press("hlw"[index // 40 % 3])
    tags = page.evaluate("[...new Set([...document.all].map((e) => e.tagName))]")
    assert {tag.lower() for tag in tags} - {tag.lower() for tag in known} <= {
        *("path", "rect", "line", "div", "span", "bdi", "i", "p", "circle")
    }
    assert page.locator("img, iframe, a, object, b").count() == 0
    assert page.locator("script").count() == 2
    assert page.evaluate("window.pwned") is None
    assert not re.search("[\x00-\x08\u202e\u2066]", page.locator("body").text_content())


@pytest.mark.slow
def test_a_thousand_sentences_open_quickly_in_little_space(open_page, tmp_path):
    text = " ".join(f"wort{number}" for number in range(24))
    links = [(number, number) for number in range(24)]
    dump = dump_of(tmp_path / "a", *(record(i, text, text, links) for i in range(1000)))
    page = open_page(payload(dump))
    assert page.locator("#sentences li").count() == 1000
    assert (tmp_path / "view.html").stat().st_size < 8_000_000
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    metrics = session.send("Performance.getMetrics")["metrics"]
    (seconds,) = [m["value"] for m in metrics if m["name"] == "ProcessTime"]
    assert 0 < seconds < 2  # of CPU time, whatever else runs; about 0.5
