"""Text to try things on: generated sentences, and real corpora where there are."""

import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from attnmt.config.schema import Config
from attnmt.text.tokenizer import Tokenizer, prepare_tokenizers

ROOT = Path(__file__).parents[2]

NOUNS = {"dog": "Hund", "man": "Mann", "boat": "Kahn", "tree": "Baum", "ship": "Bug"}
VERBS = {"sees": "sieht", "likes": "mag", "finds": "findet", "greets": "grüßt"}


@pytest.fixture(scope="session")
def corpora_folder() -> Path:
    folder = Path(os.environ.get("ATTNMT_CORPORA", ROOT / "../shared/corpora"))
    if not folder.is_dir():
        pytest.skip(f"no real corpora: ATTNMT_CORPORA names no folder: {folder}")
    return folder


def sentence_pairs(count: int, seed: int = 1) -> list[tuple[str, str]]:
    draw = random.Random(seed)
    pairs = []
    for _ in range(count):
        words: list[tuple[str, str]] = []
        for _ in range(draw.randint(1, 4)):
            noun, verb = draw.choice([*NOUNS.items()]), draw.choice([*VERBS.items()])
            words += [("the", "der"), noun, verb]
        words += [("it", "ihn")] * draw.randint(0, 1)
        pairs.append((" ".join(s for s, _ in words), " ".join(t for _, t in words)))
    return pairs


@pytest.fixture(scope="session")
def pairs() -> list[tuple[str, str]]:
    return sentence_pairs(300)


@pytest.fixture(scope="session")
def make_config(tmp_path_factory, pairs) -> Callable[..., Config]:
    """A function that makes a configuration over the generated sentences."""
    folder = tmp_path_factory.mktemp("corpus")
    for side, lang in enumerate(("en", "de")):
        text = "".join(f"{pair[side]}\n" for pair in pairs)
        (folder / lang).write_text(text, encoding="utf-8", newline="\n")

    def make(**tokenizer) -> Config:
        corpus = {"source": folder / "en", "target": folder / "de"}
        data = {"source_lang": "en", "target_lang": "de", "train": [corpus]}
        options = {"vocab_size": 420, **tokenizer}
        return Config.model_validate(
            {"run_dir": "run", "data": data, "tokenizer": options}
        )

    return make


@pytest.fixture(scope="session")
def tokenizers(make_config, tmp_path_factory) -> tuple[Tokenizer, Tokenizer]:
    folder = tmp_path_factory.mktemp("tokenizers")
    return prepare_tokenizers(make_config(shared=False, vocab_size=350), folder)


@pytest.fixture(scope="session")
def tokenizer(make_config, tmp_path_factory) -> Tokenizer:
    return prepare_tokenizers(make_config(), tmp_path_factory.mktemp("tokenizer"))[0]
