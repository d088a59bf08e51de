"""Drawn cuts: a function of the key, of which the text itself knows nothing."""

import random
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from attnmt.config.schema import Config, Corpus
from attnmt.errors import ConfigError
from attnmt.text.sampling import Lattices, Sampler
from attnmt.text.tokenizer import Tokenizer, prepare_tokenizers

Pairs = list[tuple[str, str]]
ROOT = Path(__file__).parents[2]
ODD = [
    "",
    "  two  blanks",
    "漢字 the dog",
    "<s> <0x41> ▁the ▁",
    "grüßt\u0308 dog",
    "<pad>",
]


@pytest.fixture
def lines(pairs: Pairs) -> list[str]:
    return [side for pair in pairs for side in pair] + ODD


def test_without_dropout_it_is_the_tokenizer(tokenizer: Tokenizer, lines) -> None:
    assert Sampler(tokenizer, 0.0, (1,)).encode(lines) == tokenizer.encode(lines)


def test_without_dropout_it_is_the_tokenizer_of_real_text(tmp_path: Path) -> None:
    """The sample corpus, of which half is not in the tokenizer's text."""
    files = [ROOT / "data" / f"{split}.de" for split in ("valid", "test")]
    values = {"source": str(files[0]), "target": str(files[0])}
    data = {"source_lang": "de", "target_lang": "de", "train": [values]}
    tokenizer, _ = prepare_tokenizers(
        Config.model_validate(
            {"run_dir": "run", "data": data, "tokenizer": {"vocab_size": 900}}
        ),
        tmp_path,
    )
    text = [line for file in files for line in file.read_text("utf-8").split("\n")]
    assert Sampler(tokenizer, 0.0, (1,)).encode(text) == tokenizer.encode(text)


def test_with_full_dropout_it_is_characters(tokenizer: Tokenizer, pairs: Pairs) -> None:
    text = [source for source, _ in pairs]
    drawn = Sampler(tokenizer, 1.0 - 1e-12, (1,)).encode(text)
    assert [*map(len, drawn)] == [len(line) + 1 for line in text]  # "▁" first


def test_the_text_stays(tokenizer: Tokenizer, lines: list[str]) -> None:
    drawn = Sampler(tokenizer, 0.3, (1,)).encode(lines)
    for ids, known in zip(drawn, tokenizer.encode(lines), strict=True):
        assert tokenizer.decode(ids) == tokenizer.decode(known)
    sizes = [np.mean([*map(len, x)]) for x in (tokenizer.encode(lines), drawn)]
    assert sizes[0] < sizes[1] < 2 * sizes[0]


def test_a_merge_is_left_out_as_often_as_asked(make_config, tmp_path) -> None:
    """From "▁ a b" lead two ways to the whole word: "ab" first, or else "▁a"."""
    (tmp_path / "text").write_text("xab yab zab ab ab\n" * 9, "utf-8")
    corpus = Corpus(source=tmp_path / "text", target=tmp_path / "text")
    config = make_config(vocab_size=300)
    data = config.data.model_copy(update={"train": [corpus]})
    tokenizer, _ = prepare_tokenizers(
        config.model_copy(update={"data": data}), tmp_path
    )
    merges, _ = tokenizer.known_pieces()
    assert merges["ab"] < merges["▁ab"] < merges["▁a"]
    drawn = Sampler(tokenizer, 0.3, (3,)).encode(["ab"] * 5000)
    ways = Counter(tuple(map(tokenizer.piece, way)) for way in drawn)
    expected = {
        ("▁ab",): 0.7 * 0.7 + 0.3 * 0.7 * 0.7,
        ("▁", "ab"): 0.7 * 0.3,
        ("▁a", "b"): 0.3 * 0.7 * 0.3,
        ("▁", "a", "b"): 0.3 * 0.3,
    }
    assert ways.keys() == expected.keys()
    for way, share in expected.items():
        assert ways[way] / 5000 == pytest.approx(share, abs=0.02)


def test_draws_are_a_function_of_the_key(tokenizer: Tokenizer, lines) -> None:
    def drawn(*key: int) -> list[list[int]]:
        sampler = Sampler(tokenizer, 0.3, key)
        return sampler.encode(lines[:200]) + sampler.encode(lines[200:])

    once = drawn(7, 0, 1)
    assert drawn(7, 0, 1) == once
    others = [drawn(7, 1, 1), drawn(7, 0, 0), drawn(8, 0, 1), drawn(70, 1)]
    assert all(other != once for other in others)


def test_another_process_draws_the_same(make_config, tmp_path: Path) -> None:
    """SentencePiece itself does not."""
    prepare_tokenizers(make_config(), tmp_path)
    program = f"""
from pathlib import Path
from attnmt.text.sampling import Sampler
from attnmt.text.tokenizer import Tokenizer
tokenizer = Tokenizer(Path({str(tmp_path / "shared.model")!r}))
print(Sampler(tokenizer, 0.5, (1, 2)).encode(["the dog greets the man"] * 3))
"""
    command = [sys.executable, "-c", program]
    outputs = {subprocess.check_output(command, text=True) for _ in range(3)}
    assert len(outputs) == 1 and len(outputs.pop()) > 50


def test_a_cut_of_a_unigram_model_is_drawn_as_often_as_it_is_likely() -> None:
    """Kudo (2018), section 3.2: p(cut)^alpha over the sum of all cuts' p^alpha."""
    pieces = {
        "a": (1.0, 4),
        "b": (2.0, 5),
        "c": (0.5, 6),
        "ab": (1.5, 7),
        "bc": (4.0, 8),
    }
    cuts = {(4, 5, 6): 3.5, (7, 6): 2.0, (4, 8): 5.0}  # with -log p
    total = sum(np.exp(-0.7 * cost) for cost in cuts.values())
    lattices, draw = Lattices(pieces, 0.7), random.Random(3).random
    drawn = Counter(tuple(lattices.cut("abc", draw) or ()) for _ in range(5000))
    assert drawn.keys() == cuts.keys()
    for cut, cost in cuts.items():
        share = np.exp(-0.7 * cost) / total
        assert drawn[cut] / 5000 == pytest.approx(share, abs=0.02)
    assert lattices.cut("", draw) == []
    assert lattices.cut("axc", draw) is None  # nothing known leads over the x
    assert lattices.cut("abx", draw) is None


def test_no_more_words_are_kept_than_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """A corpus larger than memory has more words than fit."""
    monkeypatch.setattr("attnmt.text.sampling.MOST_WORDS", 3)
    lattices = Lattices({"a": (1.0, 4), "b": (2.0, 5)}, 0.5)
    for word in ("a", "b", "ab", "ba", "aab"):
        assert lattices.cut(word, lambda: 0.5) == [4 + (c == "b") for c in word]
    assert lattices._endings.cache_info().currsize == 3


@pytest.fixture(scope="module")
def unigram(make_config, tmp_path_factory) -> Tokenizer:
    folder = tmp_path_factory.mktemp("unigram")
    return prepare_tokenizers(make_config(model_type="unigram"), folder)[0]


def test_the_likeliest_cuts_are_those_of_the_tokenizer(unigram, lines) -> None:
    """With a large alpha nothing else is drawn, word by word or line by line."""
    sampler = Sampler(unigram, 0.0, (1,))
    sampler._cuts.alpha = 1e4  # type: ignore[union-attr]
    assert sampler.encode(lines) == unigram.encode(lines)


def test_the_text_stays_with_a_unigram_model_too(unigram, lines) -> None:
    drawn = Sampler(unigram, 0.2, (1,)).encode(lines)
    assert drawn != unigram.encode(lines)
    assert drawn == Sampler(unigram, 0.2, (1,)).encode(lines)
    for ids, known in zip(drawn, unigram.encode(lines), strict=True):
        assert unigram.decode(ids) == unigram.decode(known)


def test_a_tokenizer_with_one_way_to_cut_is_refused(
    make_config: Callable[..., Config], tmp_path: Path
) -> None:
    tokenizer, _ = prepare_tokenizers(make_config(model_type="char"), tmp_path)
    with pytest.raises(ConfigError, match="^tokenizer.sampling: expected 0.*neither"):
        Sampler(tokenizer, 0.1, (1,))


@pytest.mark.parametrize("model_type", ["bpe", "unigram"])
def test_what_is_spelt_in_bytes_stays_so(
    make_config: Callable[..., Config], tmp_path: Path, model_type: str
) -> None:
    """Also where the names of the bytes, as in <0xE6>, are made of known letters."""
    (tmp_path / "text").write_text("<0x 123 456 789 ABC DEF> 0\n" * 9, "utf-8")
    corpus = Corpus(source=tmp_path / "text", target=tmp_path / "text")
    config = make_config(vocab_size=320, model_type=model_type)
    data = config.data.model_copy(update={"train": [corpus]})
    tokenizer, _ = prepare_tokenizers(
        config.model_copy(update={"data": data}), tmp_path
    )
    text = ["漢字 ABC"]
    for key in range(20):
        (ids,) = Sampler(tokenizer, 0.5, (key,)).encode(text)
        assert tokenizer.decode(ids) == text[0]
