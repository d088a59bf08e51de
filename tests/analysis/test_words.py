import numpy as np
import pytest
import sentencepiece
from hypothesis import given
from hypothesis import strategies as st

from attnmt.analysis.words import merge_words, piece_words, word_spans


@given(st.text())
def test_word_spans_cut_out_what_split_finds(text):
    raw = text.encode("utf-8", "replace")
    words = [raw[begin:end].decode() for begin, end in word_spans(raw.decode())]
    assert words == raw.decode().split()


def test_spans_count_bytes():
    assert word_spans("日本\u3000é  x") == [(0, 6), (9, 11), (13, 14)]


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
    found = piece_words([(p.begin, p.end) for p in pieces], word_spans(text))
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


@given(source=GROUPS, target=GROUPS)
def test_merging_conserves_the_mass_of_every_row(source, target):
    columns, rows = with_end(source), with_end(target)
    weights = attention(len(rows), len(columns))
    merged = merge_words(weights, columns, rows)
    assert merged.shape == (2, 3, len(target) + 1, len(source) + 1)
    np.testing.assert_allclose(merged.sum(axis=-1), 1, atol=1e-5)
    # </s> is merged with nothing.
    np.testing.assert_allclose(merged[..., -1, -1], weights[..., -1, -1], atol=1e-6)


def test_merging_sums_over_source_and_averages_over_target():
    weights = [[0.1, 0.2, 0.7], [0.3, 0.4, 0.3], [0.0, 0.0, 1.0]]
    merged = merge_words(np.array(weights), [0, 0, -1], [0, 0, -1])
    np.testing.assert_allclose(merged, [[0.5, 0.5], [0, 1]], atol=1e-6)


def test_words_without_pieces_keep_their_place():
    merged = merge_words(np.ones((1, 1)), [-1], [-1], counts=(2, 1))
    np.testing.assert_array_equal(merged, [[0, 0, 0], [0, 0, 1]])


def test_blank_line_merges_to_an_empty_end():
    assert merge_words(np.zeros((2, 3, 0, 0)), [], []).shape == (2, 3, 1, 1)
