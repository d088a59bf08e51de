import numpy as np
import pytest
import sentencepiece
from hypothesis import given
from hypothesis import strategies as st

from attnmt.analysis.words import (
    cut,
    merge_words,
    piece_words,
    space_spans,
    word_shares,
    word_spans,
)

UNSPACED = "東京タワーはกำลังຄ່ໄខ្មែមြန်。「"


@given(st.text())
def test_space_spans_cut_out_what_split_finds(text):
    raw = text.encode("utf-8", "replace").decode()
    assert cut(raw, space_spans(raw)) == raw.split()


@given(st.text(st.characters(max_codepoint=0x0DFF, exclude_categories=["Cs"])))
def test_words_of_spaced_scripts_stand_between_spaces(text):
    assert word_spans(text) == space_spans(text)


@given(st.text(st.sampled_from(UNSPACED + "aé \u3000\u0301\u0600\u200d👩")))
def test_words_leave_nothing_but_spaces_out(text):
    words = cut(text, word_spans(text))
    assert "".join(words) == "".join(text.split())
    assert all(words) and not any(word != word.strip() for word in words)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("東京タワーは333mです。", "東 京 タ ワ ー は 333m で す 。"),
        ("Ich mag 寿司!", "Ich mag 寿 司 !"),
        ("กำลังไป", "กำ ลั ง ไ ป"),
        ("ភាសាខ្មែរ", "ភា សា ខ្មែ រ"),
        ("ພາສາ", "ພ າ ສ າ"),
        ("မြန်မာ", "မြ န် မ ာ"),
        ("か\u3099く", "か\u3099 く"),
        ("한국어 नमस्ते मित्र", "한국어 नमस्ते मित्र"),
        ("👩\u200d🚀東", "👩\u200d🚀 東"),
    ],
)
def test_scripts_without_spaces_give_a_word_for_each_character(text, words):
    assert cut(text, word_spans(text)) == words.split()


def test_spans_count_bytes():
    assert word_spans("日本\u3000é  x") == [(0, 3), (3, 6), (9, 11), (13, 14)]
    assert space_spans("日本\u3000é  x") == [(0, 6), (9, 11), (13, 14)]


def test_piece_belongs_to_the_word_whose_space_it_brings_along():
    #        the   cat       </s>
    spans = [(0, 3), (3, 5), (5, 8), (8, 8)]
    assert piece_words(spans, word_spans("the  cat")) == [0, 1, 1, -1]


def test_spelled_characters_and_lone_spaces_belong_to_the_word_they_begin():
    # a, ▁, two empty bytes and the last byte of €, trailing space, </s>
    spans = [(0, 1), (1, 2), (2, 2), (2, 2), (2, 5), (5, 6), (6, 6)]
    assert piece_words(spans, word_spans("a € ")) == [0, 1, 1, 1, 1, -1, -1]


@pytest.fixture(scope="module")
def processor(tmp_path_factory):
    prefix = tmp_path_factory.mktemp("spm") / "small"
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(["the cat sat on the mat", "a dog ran far away"] * 20),
        model_prefix=str(prefix),
        model_type="bpe",
        vocab_size=300,
        byte_fallback=True,
        hard_vocab_limit=False,
        minloglevel=2,
    )
    return sentencepiece.SentencePieceProcessor(model_file=f"{prefix}.model")


@given(words=st.lists(st.text("acdt€日é½", min_size=1, max_size=4), max_size=5))
def test_sentencepiece_pieces_spell_the_words_they_belong_to(processor, words):
    text = " ".join(words)
    pieces = processor.encode(text, return_type="proto").pieces
    found = piece_words([(p.begin, p.end) for p in pieces], space_spans(text))
    for index, word in enumerate(words):
        ids = [p.id for p, w in zip(pieces, found, strict=True) if w == index]
        # Normalised, as the pieces spell 1⁄2 and not ½.
        assert processor.decode(ids) == processor.normalize(word).strip("▁")


def attention(target: int, source: int) -> np.ndarray:
    draw = np.random.default_rng(target * 100 + source)
    return draw.dirichlet(np.ones(source), (2, 3, target))


def with_end(groups: list[int]) -> list[int]:
    """Numbers of pieces per word -> the word of each piece, and that of `</s>`."""
    return [word for word, size in enumerate(groups) for _ in range(size)] + [-1]


GROUPS = st.lists(st.integers(1, 4), max_size=5)


def shares(words: list[int]) -> np.ndarray:
    """The word of each piece, -1 for the last -> [pieces, words + 1]."""
    return np.eye(max(words, default=-1) + 2)[words]


@given(source=GROUPS, target=GROUPS, first=st.booleans())
def test_merging_conserves_the_mass_of_every_row(source, target, first):
    columns, rows = with_end(source), with_end(target)
    weights = attention(len(rows), len(columns))
    how = "first" if first else "mean"
    merged = merge_words(weights, shares(columns), shares(rows), how)
    assert merged.shape == (2, 3, len(target) + 1, len(source) + 1)
    np.testing.assert_allclose(merged.sum(axis=-1), 1, atol=1e-6)
    # </s> is merged with nothing.
    np.testing.assert_allclose(merged[..., -1, -1], weights[..., -1, -1], atol=1e-6)


WEIGHTS = np.array([[0.1, 0.2, 0.7], [0.3, 0.4, 0.3], [0.0, 0.0, 1.0]])


@pytest.mark.parametrize(("how", "row"), [("mean", [0.5, 0.5]), ("first", [0.3, 0.7])])
def test_merging_sums_over_source_and_averages_over_target_or_takes_the_first(how, row):
    both = shares([0, 0, -1])
    merged = merge_words(WEIGHTS, both, both, how)
    np.testing.assert_allclose(merged, [row, [0, 1]], atol=1e-6)


def test_a_piece_of_several_words_is_shared_by_them():
    #        東京  は         </s>
    spans = [(0, 6), (6, 9), (9, 9)]
    found = word_shares(spans, word_spans("東京は"))
    half = [[0.5, 0.5, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
    np.testing.assert_array_equal(found, half)
    merged = merge_words(WEIGHTS, found, found)
    expected = [[0.05, 0.05, 0.2, 0.7]] * 2 + [[0.15, 0.15, 0.4, 0.3], [0, 0, 0, 1]]
    np.testing.assert_allclose(merged, expected, atol=1e-6)


@given(st.lists(st.text("acdt€日é½ ", max_size=4), max_size=5))
def test_a_piece_within_a_word_is_wholly_of_the_word_of_piece_words(parts):
    text = " ".join(parts)
    spans = [(begin, begin + 1) for begin in range(len(text.encode()))]
    words = word_spans(text)
    found = word_shares(spans, words)
    expected = [word % (len(words) + 1) for word in piece_words(spans, words)]
    assert found.argmax(axis=1).tolist() == expected
    np.testing.assert_array_equal(found.sum(axis=1), 1)


def test_words_without_pieces_keep_their_place():
    merged = merge_words(
        np.ones((1, 1)), word_shares([(9, 9)], [(0, 1), (2, 3)]), shares([-1])
    )
    np.testing.assert_array_equal(merged, [[0, 0, 1]])


def test_blank_line_merges_to_an_empty_end():
    nothing = word_shares([], [])
    assert merge_words(np.zeros((2, 3, 0, 0)), nothing, nothing).shape == (2, 3, 1, 1)
