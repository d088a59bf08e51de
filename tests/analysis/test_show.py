import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from attnmt.analysis.show import legend, render, show
from attnmt.analysis.views import View

WEIGHTS = np.array([[0.87, 0.03, 0.1], [0.3, 0.6, 0.1], [0, 0, 1]])
VIEW = View(["ein", "Kahn", "</s>"], ["a", "boat", "</s>"], WEIGHTS)


def printed(view: View, width: int = 80, *, plain: bool = False) -> list[str]:
    return [line.plain.rstrip() for line in render(view, width, plain=plain)]


def shown(record, *, terminal=False, encoding="utf-8", width=80, **options) -> str:
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding=encoding, newline="\n")
    console = Console(
        file=file, width=width, force_terminal=terminal, legacy_windows=False
    )
    show(record, console, **options)
    file.flush()
    return raw.getvalue().decode(encoding)


def test_shades_stand_between_the_words_and_their_links():
    assert printed(VIEW) == [
        "1 ein  2 Kahn  3 </s>",
        "",
        "      1 2 3",
        "a    ██ ·░░ ← ein (0.87)",
        "boat ▒▒▓▓░░ ← Kahn (0.60), ein (0.30)",
        "</s>  · ·██ ← </s> (1.00)",
    ]


def test_what_else_was_told_follows_piece_by_piece(make_record):
    extras = {
        "p_gen": np.arange(5) / 4,
        "p_center": [[0, 1], [1, 2], [2, 3], [3, 4], [4.126, 5]],
    }
    record = make_record(0, "ein", "a b\x1b", extras=extras)
    assert shown(record, width=40).split("\n")[-8:] == [
        "p_gen:  ▁ 0.00  a 0.25  ▁b 0.50  \N{REPLACEMENT CHARACTER} 0.75",
        "</s> 1.00",
        "",
        "p_center:  ▁ 0.00|1.00  a 1.00|2.00",
        "▁b 2.00|3.00  \N{REPLACEMENT CHARACTER} 3.00|4.00",
        "</s> 4.13|5.00",
        "",
        "",
    ]


def test_plain_drawing_is_ascii():
    text = "\n".join(printed(VIEW, plain=True))
    assert text.isascii()
    assert "boat ==##-- <- Kahn (0.60), ein (0.30)" in text
    assert legend(plain=True).isascii()


def test_links_move_below_the_shades_where_it_is_narrow():
    lines = printed(VIEW, 24)
    assert lines[3:6] == ["a    ██ ·░░", "boat ▒▒▓▓░░", "</s>  · ·██"]
    assert lines[7:] == [
        "a ← ein (0.87)",
        "boat ← Kahn (0.60), ein",
        "</s> ← </s> (1.00)",
    ]


def test_wide_source_comes_in_blocks_that_hold_every_cell_once():
    weights = np.eye(31)
    words = [f"w{i}" for i in range(30)] + ["</s>"]
    lines = printed(View(words, words, weights), 30)
    rows = [line for line in lines if line.startswith("w29 ") and "←" not in line]
    assert len(rows) == 2
    assert "".join(row.removeprefix("w29 ").strip() for row in rows) == (
        "·" * 29 + "█" + "·"
    )


def test_numbers_stand_upright_over_their_columns():
    weights = np.eye(12)
    words = [f"w{i}" for i in range(11)] + ["</s>"]
    lines = printed(View(words, words, weights), 100)
    tens, units, row = lines[2], lines[3], lines[4 + 10]
    column = row.index("██") + 1
    assert (tens[column], units[column]) == ("1", "1")  # the eleventh


def test_row_without_weight_has_no_link():
    view = View(["ein", "</s>"], ["a", "</s>"], np.array([[0, 0], [0, 1]]))
    assert printed(view)[3:] == ["a     · ·", "</s>  ·██ ← </s> (1.00)"]


WORDS = st.lists(st.text("aé日👍\u0301", min_size=1, max_size=25), max_size=40)


@given(source=WORDS, target=WORDS, width=st.integers(20, 120))
def test_no_line_is_wider_than_the_terminal(source, target, width):
    shape = len(target) + 1, len(source) + 1
    weights = np.random.default_rng(0).dirichlet(np.ones(shape[1]), shape[0])
    view = View([*source, "</s>"], [*target, "</s>"], weights)
    assert all(line.cell_len <= width for line in render(view, width))


def test_piped_output_has_no_colour_and_a_terminal_has(make_record):
    assert "\x1b" not in shown(make_record())
    assert "\x1b" in shown(make_record(), terminal=True)


def test_title_tells_id_rank_and_score(make_record):
    assert shown(make_record(3)).startswith("id 3  score -0.400\n")
    second = make_record(3, rank=1, n_best=4)
    assert shown(second).startswith("id 3  rank 1 of 4  score -0.400\n")


def test_pieces_or_words_are_shown(make_record):
    assert "1 ein  2 Kahn" in shown(make_record())
    assert "1 ▁e  2 in  3 ▁Ka  4 hn" in shown(make_record(), pieces=True)


def test_blank_line_is_said_to_be_blank(make_record):
    assert "(no attention: a blank line" in shown(make_record(source="", hypothesis=""))


def test_text_cannot_steer_the_terminal_or_the_markup(make_record):
    text = "\x1b]0;owned\x07 [red]x[/red] :smile: \u202eabc \x9b31m"
    for options in ({}, {"pieces": True}):
        out = shown(make_record(source=text, hypothesis=text), **options)
        assert not set(out) & set("\x1b\x07\u202e\x9b")
    assert "[red]x[/red]" in shown(make_record(source=text))


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_other_encodings_get_plain_drawings_and_no_error(make_record, encoding):
    out = shown(make_record(source="да Äpfel", hypothesis="ab"), encoding=encoding)
    assert "<- " in out and "?? " in out


def test_a_translation_without_words_is_told():
    view = View(["ein", "</s>"], [], np.zeros((0, 2), np.float32))
    (line,) = render(view, 80)
    assert line.plain.startswith("(no attention: a blank line or translation")
