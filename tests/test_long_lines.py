"""Long lines are cut where it hurts least, and nothing of them is lost."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attnmt.analysis.words import join_sentences
from attnmt.config.schema import Tokenizer as Options
from attnmt.long_lines import SPLIT, joined, read_parts
from attnmt.sentences import END_PIECE, bare
from attnmt.text.spm import train_model
from attnmt.text.tokenizer import Tokenizer

SENTENCES = ["The cat saw a dog.", "It slept!", "Was it in Tokio?", "Nobody knows."]
ODD = [
    "a",
    " ",
    ". ",
    "。",
    "東",
    "👩\u200d🚀",
    "e\u0301",
    "\0",
    "\u2028",
    "ﬁ",
    "▁",
    "\x85",
]


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    path: Path = tmp_path_factory.mktemp("spm") / "small.model"
    text = [*SENTENCES, "東京は大きい。"] * 20
    path.write_bytes(train_model(lambda: text, Options(vocab_size=330)))
    return Tokenizer(path)


def texts(tokenizer: Tokenizer, line: str, longest: int) -> list[str]:
    return [part.source for part in read_parts(tokenizer, 0, line, longest)]


def size(tokenizer: Tokenizer, text: str) -> int:
    return len(tokenizer.encode([text])[0])


def test_a_line_that_fits_is_its_only_part(tokenizer) -> None:
    line = " ".join(SENTENCES)
    (part,) = read_parts(tokenizer, 7, line, size(tokenizer, line))
    assert (part.id, part.source, part.flags) == (7, line, [])
    (blank,) = read_parts(tokenizer, 8, "", 3)
    assert (blank.flags, blank.encoding.ids) == (["empty_src"], [])


def test_parts_are_sentences_or_a_few_short_ones(tokenizer) -> None:
    line = " ".join(SENTENCES * 5)
    cut = texts(tokenizer, line, 60)
    assert all(text.endswith((".", "!", "?")) for text in cut)
    sizes = [size(tokenizer, text) for text in cut]
    longest = max(size(tokenizer, sentence) for sentence in SENTENCES)
    assert all(16 <= each < 16 + longest for each in sizes[:-1])
    assert len(cut) > 4


def test_words_stay_whole_in_a_long_sentence(tokenizer) -> None:
    words = ["cat", "saw", "dog", "Tokio", "knows", "slept"] * 3
    cut = texts(tokenizer, " ".join(words), 7)
    assert len(cut) > 2
    assert [word for text in cut for word in text.split()] == words


def test_sentences_without_spaces_are_told_by_their_full_stop(tokenizer) -> None:
    line = "東京は大きい。" * 9
    cut = texts(tokenizer, line, 40)
    assert len(cut) > 1 and all(text.endswith("。") for text in cut)


def test_marks_that_are_spelled_in_bytes_end_sentences_too(tokenizer) -> None:
    line = "the dog saw a cat… " * 9
    assert "…" not in tokenizer.encode_with_spans(line).pieces
    cut = texts(tokenizer, line, 40)
    assert len(cut) > 1 and all(text.endswith("…") for text in cut[:-1])


def test_a_character_that_is_spelled_in_bytes_stays_whole(tokenizer) -> None:
    assert size(tokenizer, "👩" * 5) > 15
    assert texts(tokenizer, "👩" * 5, 7) == ["👩"] * 5


def test_a_part_is_what_its_text_alone_would_be(tokenizer) -> None:
    line = " ".join(SENTENCES * 3)
    for part in read_parts(tokenizer, 0, line, 12):
        alone = tokenizer.encode_with_spans(part.source)
        assert part.encoding.ids[:-1] == alone.ids
        assert part.encoding.pieces == [*alone.pieces, END_PIECE]


@given(st.lists(st.sampled_from(ODD + SENTENCES), max_size=40), st.integers(1, 9))
@settings(max_examples=200)
def test_parts_are_short_and_make_up_the_line(tokenizer, some, longest) -> None:
    line = "".join(some)
    parts = read_parts(tokenizer, 3, line, longest)
    assert "".join(part.source for part in parts) == line
    whole = tokenizer.encode_with_spans(line).ids
    assert [i for part in parts for i in part.encoding.ids[:-1]] == whole
    for part in parts:
        assert len(part.encoding.ids) <= longest + 1
        assert part.id == 3 and (part.flags == [SPLIT]) == (len(parts) > 1)
        ends = [end for _, end in part.encoding.spans]
        assert ends == sorted(ends) and ends[-1:] in ([], [len(part.source.encode())])


def test_joined_translations_keep_text_and_flags_and_add_scores() -> None:
    flags = [["split"], ["split", "unfinished"], ["split"]]
    some = zip(("a. ", "b. ", "c."), flags, ("A.", "", "C."), strict=True)
    parts = [[bare(4, x, "token", y, z, -1.5, -0.5)] for x, y, z in some]
    (found,) = joined(parts)
    assert (found.id, found.source, found.text) == (4, "a. b. c.", "A. C.")
    assert found.flags == ["split", "unfinished"]
    assert (found.score, found.norm_score) == (-4.5, -1.5)
    assert (found.source_words, found.target_pieces, found.alignment) == ([], [], [])


def test_a_line_alone_keeps_all_its_translations() -> None:
    some = [bare(0, "a", "token", [], text) for text in ("A", "B")]
    assert joined([some]) == some


@pytest.mark.slow
def test_a_megabyte_is_cut_in_seconds(tokenizer) -> None:
    for line in ("The cat saw a dog. " * 53_000, "x" * 1_000_000, "👩" * 250_000):
        parts = read_parts(tokenizer, 0, line, 1000)
        assert "".join(part.source for part in parts) == line
        assert max(len(part.encoding.ids) for part in parts) <= 1001


def test_parts_are_joined_without_a_space_where_the_script_has_none() -> None:
    assert join_sentences(["你好。", "再见。", "Bye.", "好"]) == "你好。再见。 Bye. 好"
