"""The generated tasks: their links say where each target word comes from."""

import random

import pytest
from attention_study import toys
from attention_study.toys import ADJECTIVES, NOUNS, TOYS, Pair


def drawn(name: str, size: int = 300) -> list[Pair]:
    dice = random.Random(3)
    return [TOYS[name](dice) for _ in range(size)]


@pytest.mark.parametrize("name", TOYS)
def test_every_word_of_either_side_has_one_link(name):
    for pair in drawn(name):
        assert len(pair.target) == len(pair.source)
        assert sorted(pair.origins) == list(range(len(pair.source)))


@pytest.mark.parametrize("name", TOYS)
def test_no_word_stands_twice_in_a_sentence(name):
    for pair in drawn(name):
        assert len(set(pair.source)) == len(pair.source) >= toys.SHORTEST


def test_a_copy_is_linked_on_the_diagonal():
    for source, target, origins in drawn("copy"):
        assert target == source
        assert origins == list(range(len(source)))


def test_a_reversal_is_linked_on_the_anti_diagonal():
    for source, target, origins in drawn("reversal"):
        assert target == source[::-1]
        assert [s + t for t, s in enumerate(origins)] == [len(source) - 1] * len(source)


def test_lexicon_links_join_a_word_and_its_translation():
    for source, target, origins in drawn("lexicon"):
        assert [f"w{word[1:]}" for word in target] == [source[s] for s in origins]


def test_lexicon_turns_phrases_around():
    for source, target, _ in drawn("lexicon"):
        phrases, phrase = [], []
        for word in source:
            phrase.append(word)
            if word in NOUNS:
                phrases, phrase = [*phrases, phrase], []
        assert all(set(p[:-1]) <= set(ADJECTIVES) and len(p) > 1 for p in phrases)
        wanted = [word for phrase in phrases for word in phrase[::-1]]
        assert [f"w{word[1:]}" for word in target] == wanted
        assert not phrase


def test_links_are_written_in_the_order_of_the_source():
    assert Pair(list("abc"), list("cab"), [2, 0, 1]).pharaoh == "0-1 1-2 2-0"


def test_the_files_are_the_same_every_time(tmp_path):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        toys.write_toy("lexicon", tmp_path / folder)
    for split, size in toys.SIZES.items():
        for end in ("source", "target", "align"):
            one, two = (tmp_path / n / f"{split}.{end}" for n in ("one", "two"))
            assert one.read_text() == two.read_text()
            assert len(one.read_text().splitlines()) == size
