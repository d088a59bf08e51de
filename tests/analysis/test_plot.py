import logging
import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from attnmt.analysis.plot import plot
from attnmt.analysis.views import View, word_view
from attnmt.errors import DataError

MAGIC = {"png": b"\x89PNG\r\n", "svg": b"<?xml", "pdf": b"%PDF-"}
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def view(make_record) -> View:
    return word_view(make_record())


def texts(path) -> list[str]:
    return [node.text or "" for node in ElementTree.parse(path).iter(f"{SVG}text")]


@pytest.mark.parametrize("suffix", MAGIC)
def test_suffix_says_the_format_and_a_picture_is_reproducible(view, tmp_path, suffix):
    one, two = tmp_path / f"one.{suffix}", tmp_path / "new" / f"two.{suffix.upper()}"
    plot(view, one)
    plot(view, two)
    assert one.read_bytes() == two.read_bytes()
    assert one.read_bytes().startswith(MAGIC[suffix])
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == [one.name]


@pytest.mark.parametrize("name", ["a.gif", "a", "a.svg.gz"])
def test_other_suffixes_are_refused_with_the_list(view, tmp_path, name):
    with pytest.raises(DataError, match=r"ends in \.png, \.svg, \.pdf"):
        plot(view, tmp_path / name)
    assert not any(tmp_path.iterdir())


def test_svg_has_text_as_text(view, tmp_path):
    plot(view, tmp_path / "a.svg", title="score -0.4")
    found = texts(tmp_path / "a.svg")
    assert found[:5] == view.source
    assert [text for text in found if text in view.target][-6:] == view.target
    assert "score -0.4" in found


def test_source_is_on_top_and_target_on_the_left(tmp_path):
    view = View(["s0", "s1"], ["t0", "t1", "t2"], np.full((3, 2), 0.5))
    plot(view, tmp_path / "a.svg")
    places = {}
    for node in ElementTree.parse(tmp_path / "a.svg").iter(f"{SVG}text"):
        if node.text and node.text[0] in "st":
            # rotate(angle x y), written for every label
            _, x, y = re.findall(r"-?[0-9.]+", node.get("transform", ""))
            places[node.text] = float(x), float(y)
    assert places["s0"][0] < places["s1"][0]
    assert places["t0"][1] < places["t1"][1] < places["t2"][1]
    assert places["s0"][1] < places["t0"][1] and places["t0"][0] < places["s0"][0]


def test_small_matrices_carry_their_numbers(tmp_path):
    words = [f"w{i}" for i in range(13)]
    plot(View(words[:2], words[:2], np.eye(2) * 0.75), tmp_path / "small.svg")
    plot(View(words, words, np.eye(13) * 0.75), tmp_path / "large.svg")
    assert texts(tmp_path / "small.svg").count(".75") == 2
    assert texts(tmp_path / "large.svg").count(".75") == 0


HOSTILE = ["<script>&", "$x_1$", "\\alpha", "שלום", "日本", "👍", "_", "%", ""]


@pytest.mark.parametrize("suffix", MAGIC)
def test_any_text_can_be_drawn(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    plot(View(HOSTILE, HOSTILE, np.eye(9)), path, title="$\\frac$")
    if suffix == "svg":
        assert set(HOSTILE[:-1]) <= set(texts(path))


def test_control_characters_leave_the_xml_valid(make_record, tmp_path):
    record = make_record(source="a\x00b \x1b[0m \ufffe", hypothesis="c\x08 \x0bd")
    plot(word_view(record), tmp_path / "a.svg")
    assert "a\ufffdb" in texts(tmp_path / "a.svg")


def test_missing_glyphs_are_told_once_and_quietly(tmp_path, caplog, recwarn):
    # Private use characters are in no font.
    view = View(["\ue000\ue001", "\ue000"], ["a", "b"], np.eye(2))
    with caplog.at_level(logging.WARNING):
        plot(view, tmp_path / "a.png")
        plot(view, tmp_path / "a.svg")  # a viewer looks for fonts itself
    assert len(caplog.messages) == 1
    assert caplog.messages[0].startswith("2 characters")
    assert not recwarn.list


def test_blank_line_cannot_be_drawn(make_record, tmp_path):
    blank = word_view(make_record(source="", hypothesis=""))
    with pytest.raises(DataError, match="blank line"):
        plot(blank, tmp_path / "a.png")


def test_large_matrix_stays_a_small_file(tmp_path):
    words = [f"w{i}" for i in range(130)]
    plot(View(words, words, np.eye(130)), tmp_path / "a.svg")
    assert (tmp_path / "a.svg").stat().st_size < 1_000_000


def test_picture_that_cannot_be_written_is_named(view, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match=r"a\.png: cannot be written"):
        plot(view, tmp_path / "file" / "a.png")
    (tmp_path / "b.png").mkdir()
    with pytest.raises(DataError, match=r"b\.png: cannot be written"):
        plot(view, tmp_path / "b.png")
    assert not any((tmp_path / "b.png").iterdir())
