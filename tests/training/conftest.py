"""A configuration small enough to train in a test."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

from attnmt.config.schema import Config

NOUNS = {"dog": "Hund", "man": "Mann", "boat": "Kahn", "ship": "Bug"}
VERBS = {"sees": "sieht", "likes": "mag", "greets": "grüßt"}
PAIRS = [
    (f"the {a} {verb} the {b}", f"der {NOUNS[a]} {VERBS[verb]} den {NOUNS[b]}")
    for a in NOUNS
    for verb in VERBS
    for b in NOUNS
]
MODEL = {
    "embeddings": {"size": 5},
    "encoder": {"units": 3},
    "decoder": {"units": 7},
    "attention": {"units": 4},
}


@pytest.fixture
def make_config(tmp_path: Path) -> Callable[..., Config]:
    """A function that makes a configuration; sections are merged into the small one.

    48 pairs to train on, the first 5 of them to validate; the run is `tmp_path`/run.
    """
    corpora = []
    for name, pairs in (("train", PAIRS), ("valid", PAIRS[:5])):
        paths = [tmp_path / f"{name}.{lang}" for lang in ("en", "de")]
        for path, lines in zip(paths, zip(*pairs, strict=True), strict=True):
            path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
        corpora.append({"source": str(paths[0]), "target": str(paths[1])})
    small: dict[str, Any] = {
        "run_dir": str(tmp_path / "run"),
        "data": {
            "source_lang": "en",
            "target_lang": "de",
            "train": corpora[:1],
            "valid": corpora[1],
        },
        "tokenizer": {"vocab_size": 320},
        "model": MODEL,
        "training": {"batch_tokens": 250, "max_epochs": 2, "report_every": 1},
        "validation": {"samples": 2},
        "decoding": {"max_length_ratio": 0.2},
    }

    def make(**sections: dict) -> Config:
        merged = {
            k: v | sections.get(k, {}) for k, v in small.items() if k != "run_dir"
        }
        return Config.model_validate({"run_dir": small["run_dir"]} | merged)

    return make


@pytest.fixture
def eagerly() -> Iterator[None]:
    """Nothing is compiled: a few small updates are done sooner that way."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)
