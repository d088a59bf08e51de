"""The sample corpus: reproducible, linked, with a test of unseen combinations."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from make_sample_corpus import MIN_TRAINING_COUNT, SIZES, forms, make_corpus
from sample_corpus.dice import Dice
from sample_corpus.heldout import held_out
from sample_corpus.lexicon import ADJECTIVES, NOUNS
from sample_corpus.sentences import sentence
from sample_corpus.words import Pair

ROOT = Path(__file__).parents[2]
DATA = ROOT / "data"
DICE = (Dice(1), Dice(1), Dice(2))
FILES = [f"{split}.{kind}" for split in SIZES for kind in ("en", "de", "align")]


def read(name: str) -> list[str]:
    return (DATA / name).read_text(encoding="utf-8").removesuffix("\n").split("\n")


def links(line: str) -> list[tuple[int, int]]:
    return [(int(i), int(j)) for i, j in (link.split("-") for link in line.split())]


@pytest.fixture(scope="module")
def corpus() -> dict[str, list[Pair]]:
    return make_corpus(1)


def test_data_folder_holds_what_the_script_writes(tmp_path):
    script = ROOT / "scripts" / "make_sample_corpus.py"
    # another hash seed than usual: no set may decide an order
    environment = os.environ | {"PYTHONHASHSEED": "12345", "PYTHONUTF8": "1"}
    run = subprocess.run(
        [sys.executable, script, "--output", tmp_path],
        check=True, capture_output=True, env=environment, encoding="utf-8",
    )  # fmt: skip
    printed = run.stdout.strip().split("\n")
    assert [line.split(":")[0] for line in printed] == FILES
    assert run.stdout in (DATA / "README.md").read_text(encoding="utf-8")
    assert {path.name for path in tmp_path.iterdir()} == set(FILES)
    for name in FILES:
        assert (tmp_path / name).read_bytes() == (DATA / name).read_bytes(), name


def test_seed_decides_the_sentences():
    first, again, other = ([sentence(d).en for _ in range(20)] for d in DICE)
    assert first == again
    assert not set(first) & set(other)


def test_sizes_are_as_promised():
    for name in FILES:
        assert len(read(name)) == SIZES[name.split(".")[0]], name
    assert sum((DATA / name).stat().st_size for name in FILES) < 3_000_000


def test_no_source_sentence_occurs_twice():
    sources = [line for split in SIZES for line in read(f"{split}.en")]
    assert len({line.lower() for line in sources}) == len(sources)


def test_vocabulary_is_several_hundred_words_a_side(corpus):
    for side in ("en", "de"):
        found = {f.lower() for pair in corpus["train"] for f in forms(pair, side)}
        assert 400 <= len(found) <= 750


def test_sentences_are_about_ten_words_long():
    lengths = [len(line.split()) for line in read("train.en")]
    assert 9 <= sum(lengths) / len(lengths) <= 12
    assert max(lengths) >= 20


def test_every_test_word_occurs_in_training(corpus):
    for side in ("en", "de"):
        counts = Counter(form for pair in corpus["train"] for form in forms(pair, side))
        words = {form for pair in corpus["test"] for form in forms(pair, side)}
        assert min(counts[word] for word in words) >= MIN_TRAINING_COUNT


def test_held_out_combinations_are_in_every_test_sentence_and_nowhere_else(corpus):
    for split in ("train", "valid"):
        assert not any(held_out(c) for pair in corpus[split] for c in pair.combinations)
    for pair in corpus["test"]:
        assert any(held_out(c) for c in pair.combinations), pair.en


def test_held_out_adjective_and_noun_never_meet_in_training_text():
    text = "\n".join(read("train.en") + read("valid.en")).lower()
    test = "\n".join(read("test.en")).lower()
    combinations = [
        (a.en, n.en) for a in ADJECTIVES for n in NOUNS if n.kind in a.kinds
    ]
    apart = [f" {a} {n}" for a, n in combinations if held_out(("adjective", a, n))]
    assert len(apart) > 50
    assert not [words for words in apart if words in text]
    assert sum(words in test for words in apart) > len(apart) / 2


def test_every_word_of_a_held_out_combination_is_trained_in_others(corpus):
    trained = {c for pair in corpus["train"] for c in pair.combinations}
    for kind, word, head in {c for p in corpus["test"] for c in p.combinations}:
        if held_out((kind, word, head)):
            assert sum(c[:2] == (kind, word) for c in trained) >= 2, (kind, word)
            assert sum(c[2] == head for c in trained) >= 2, head


def test_links_point_at_words_and_cover_the_german_side():
    for split in SIZES:
        lines = zip(
            read(f"{split}.en"),
            read(f"{split}.de"),
            read(f"{split}.align"),
            strict=True,
        )
        for en, de, alignment in lines:
            pairs = links(alignment)
            assert pairs == sorted(set(pairs))
            assert all(i < len(en.split()) for i, _ in pairs), en
            assert {j for _, j in pairs} == set(range(len(de.split()))), de


def test_most_english_words_are_linked():
    total = linked = 0
    for en, alignment in zip(read("test.en"), read("test.align"), strict=True):
        total += len(en.split())
        linked += len({i for i, _ in links(alignment)})
    assert linked / total > 0.9


def test_sentences_are_clean_text():
    for split in SIZES:
        for line in read(f"{split}.en") + read(f"{split}.de"):
            assert line[0].isupper() and line[-1] in ".?"
            assert line == " ".join(line.split())
            assert ",," not in line and ",." not in line and " ," not in line
