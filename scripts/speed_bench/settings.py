"""The model and the text that are measured, and the batches that all sides are fed."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from attnmt.config.schema import Config
from attnmt.text.batches import Batch, make_batch, plan_epoch
from attnmt.text.encoded import EncodedCorpus, prepare_corpus
from attnmt.text.lines import write_lines
from attnmt.text.tokenizer import prepare_tokenizers
from speed_bench.environments import CACHE, ROOT
from speed_bench.protocol import Failed

Settings = dict[str, Any]
VOCABULARY, BATCH_TOKENS, SEED = 8000, 4096, 1
FORCED_LENGTH = (
    15  # pieces of a toolkit's translation; those of `forced_run` have as many
)
STYLES: dict[str, Settings] = {
    "luong": {"style": "luong", "input_feeding": False},
    "luong+feeding": {"style": "luong", "input_feeding": True},
    "bahdanau": {"style": "bahdanau"},
}
ATTENTION = {"luong": "general", "luong+feeding": "general", "bahdanau": "additive"}
TRAINING: Settings = {
    "learning_rate": 1e-3,
    "batch_tokens": BATCH_TOKENS,
    "label_smoothing": 0.1,
    "clip_norm": 1.0,
}


class Shape(NamedTuple):
    """What the toolkits train."""

    tokenizer: Path  # a SentencePiece model of both languages
    units: int = 512  # of the decoder; the encoder has half of them either way
    batch_tokens: int = BATCH_TOKENS
    saves: bool = False  # on the way, and not only at the end


class Job(NamedTuple):
    """A file to translate, and how."""

    text: Path
    output: Path
    beam: int
    batch: int
    length: int | None = None  # of all translations, where it is forced


def model_settings(style: str, units: int = 512) -> Settings:
    """The section `model` of a configuration."""
    return {
        "embeddings": {"size": 256, "tie": "none"},
        "encoder": {"cell": "lstm", "units": units // 2, "layers": 1},
        "decoder": {"cell": "lstm", "units": units, "layers": 1, **STYLES[style]},
        "attention": {"type": ATTENTION[style]},
        "dropout": {"embedding": 0.3, "recurrent": 0.0, "output": 0.3, "word": 0.0},
    }


def corpus_folder() -> Path:
    """Where Multi30k is; raises Failed when it is not there."""
    corpora = Path(os.environ.get("ATTNMT_CORPORA", ROOT.parent / "shared/corpora"))
    if not (folder := corpora / "multi30k").is_dir():
        raise Failed(f"Multi30k is not in {folder}: set ATTNMT_CORPORA")
    return folder


def multi30k(style: str) -> Settings:
    """The configuration of a training on Multi30k, its tokenizer made beforehand."""
    texts = corpus_folder()

    def pair(name: str) -> Settings:
        return {"source": f"{texts}/{name}.en", "target": f"{texts}/{name}.de"}

    return {
        "run_dir": str(CACHE / "runs" / style),
        "seed": SEED,
        "data": {
            "source_lang": "en",
            "target_lang": "de",
            "train": [pair("train")],
            "test": pair("test_2016_flickr"),
        },
        "tokenizer": {"model_type": "bpe", "vocab_size": VOCABULARY, "shared": True},
        "model": model_settings(style),
        "training": {**TRAINING},
    }


def tokenizer_model() -> Path:
    """The SentencePiece model of all sides, trained when it is not there."""
    folder = CACHE / "tokenizer"
    prepare_tokenizers(Config.model_validate(multi30k("luong")), folder)
    return folder / "shared.model"


def bench_shape() -> Shape:
    """That of the model whose speed is measured."""
    return Shape(tokenizer_model())


def write_config(settings: Settings, path: Path) -> Path:
    """Write a configuration; JSON is YAML too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_lines(path, [json.dumps(settings, indent=1)])
    return path


def multi30k_batches() -> list[Batch]:
    """The batches of attnmt's first epoch, in its order."""
    corpus = encoded_multi30k()
    plan = plan_epoch([corpus], [1.0], BATCH_TOKENS, SEED, 0)
    return [make_batch([corpus], indices) for indices in plan]


def encoded_multi30k() -> EncodedCorpus:
    """The training corpus as piece ids."""
    tokenizer_model()
    config = Config.model_validate(multi30k("luong"))
    tokenizers = prepare_tokenizers(config, CACHE / "tokenizer")
    folder, data = CACHE / "encoded", config.data
    return prepare_corpus(data.train[0], data, *tokenizers, folder, data.max_length)


def generated_batches(vocabulary: int, length: int) -> list[Batch]:
    """Batches of random pieces, sentences about `length` long, grouped by length."""
    draw = np.random.default_rng(SEED)
    lengths = draw.integers(max(2, length * 3 // 4), length * 5 // 4 + 1, 16)
    return [Batch(*_random_ids(draw, vocabulary, int(each))) for each in lengths]


def _random_ids(
    draw: np.random.Generator, vocabulary: int, length: int
) -> Iterator[np.ndarray]:
    shape = (max(1, BATCH_TOKENS // length), length)
    for _ in Batch._fields:
        yield draw.integers(4, vocabulary, shape, np.int32)
