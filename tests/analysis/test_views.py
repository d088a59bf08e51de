import numpy as np
import pytest

from attnmt.analysis.views import piece_view, printable, word_view
from attnmt.errors import DataError


def test_word_view_has_words_and_the_end(make_record):
    view = word_view(make_record())
    assert view.source == ["ein", "Kahn", "sinkt", ".", "</s>"]
    assert view.target == ["a", "boat", "is", "sinking", ".", "</s>"]
    assert view.weights.shape == (6, 5)
    np.testing.assert_allclose(view.weights.sum(axis=1), 1, atol=1e-5)


def test_piece_view_has_the_pieces_of_the_record(make_record):
    record = make_record()
    view = piece_view(record)
    assert view.source == record.source_pieces and view.target == record.target_pieces
    np.testing.assert_array_equal(view.weights, record.weights[0, 0])


@pytest.mark.parametrize("make_view", [word_view, piece_view])
def test_heads_are_averaged_unless_one_is_chosen(make_record, make_view):
    record = make_record(layers=2, heads=3)
    heads = [make_view(record, head).weights for head in range(3)]
    np.testing.assert_allclose(make_view(record).weights, np.mean(heads, 0), atol=1e-6)
    assert np.abs(heads[0] - heads[1]).max() > 0.01
    with pytest.raises(DataError, match="no head 3; the attention has heads 0 to 2"):
        make_view(record, 3)


def test_unfinished_hypothesis_has_no_row_for_the_end(make_record):
    whole = make_record()
    cut = whole.model_copy(
        update={
            "weights": whole.weights[:, :, :-1],
            "target_pieces": whole.target_pieces[:-1],
            "target_spans": whole.target_spans[:-1],
            "flags": ["unfinished"],
        }
    )
    view = word_view(cut)
    assert view.target == ["a", "boat", "is", "sinking", "."]
    np.testing.assert_array_equal(view.weights, word_view(whole).weights[:-1])


@pytest.mark.parametrize("make_view", [word_view, piece_view])
def test_blank_line_has_an_empty_view(make_record, make_view):
    view = make_view(make_record(source=" ", hypothesis=""))
    assert view.source == view.target == []
    assert view.weights.shape == (0, 0)


HOSTILE = "\x1b[31m\x07\x9b2J\r\x00\u202e\u2066\u2028\u0085\u061c\ud800\ufffe\U000e0041"


def test_what_steers_a_terminal_is_replaced():
    clean = printable(f"a{HOSTILE}b")
    assert len(clean) == len(HOSTILE) + 2
    assert clean.replace("\ufffd", "") == "a[31m2Jb"


@pytest.mark.parametrize(
    "text", ["Äpfel", "日本語", "שלום", "नमस्ते", "👩\u200d🚀", "می\u200cخواهم"]
)
def test_writing_stays_as_it_is(text):
    assert printable(text) == text


@pytest.mark.parametrize("make_view", [word_view, piece_view])
def test_a_head_of_a_blank_line_is_empty_too(make_record, make_view):
    view = make_view(make_record(source=" ", hypothesis=""), head=2)
    assert view.weights.shape == (0, 0)
