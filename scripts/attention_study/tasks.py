"""The tasks: their text, and the one budget of each for every mechanism."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from attnmt.text.lines import read_lines, write_lines

from .toys import TOYS, write_toy

ROOT = Path(__file__).parents[2]
Sizes = tuple[int, int, int]  # of embeddings, encoder and decoder
TOY, MEDIUM, LARGE = (32, 32, 64), (64, 64, 128), (128, 128, 256)
MULTI30K = (128, 96, 192)


class Task(NamedTuple):
    """What is trained on what, and how it is measured."""

    name: str
    settings: dict[str, Any]  # a configuration without run_dir and attention
    gold: Path | None = None  # word links of the test set
    aer: bool = False  # the references are forced on the model to compare links
    texts: bool = False  # scored as text, by BLEU and chrF, else token by token


class Absent(Exception):
    """The corpus of a task is not there; the message says what was looked for."""


def corpora() -> Path:
    """Where the corpora are that are not part of attnmt."""
    return Path(os.environ.get("ATTNMT_CORPORA") or ROOT.parent / "shared/corpora")


def prepare_task(name: str, folder: Path) -> Task:
    """Make the text that a task needs in `folder`; raises Absent."""
    return TASKS[name](folder / name)


def _toy(folder: Path) -> Task:
    folder.mkdir(parents=True, exist_ok=True)
    write_toy(folder.name, folder)
    data = _data("x", "y", folder / "train", folder / "test", ".source", ".target")
    settings = _settings(data, "word", 1000, sizes=TOY, dropout=0.0)
    settings["training"] |= {"batch_tokens": 300, "max_epochs": 6}
    return Task(
        folder.name, settings, gold=folder / "test.align", aer=folder.name == "lexicon"
    )


def _sample(folder: Path) -> Task:
    """The model of the quickstart after four epochs instead of ten."""
    data = _data("en", "de", ROOT / "data/train", ROOT / "data/test", ".en", ".de")
    settings = _settings(data, "bpe", 2000, sizes=LARGE, dropout=0.1)
    schedule = {"type": "constant", "warmup_steps": 100}
    settings["training"] |= {
        "batch_tokens": 1000,
        "max_epochs": 4,
        "schedule": schedule,  # what falls to zero so soon stops in mid-learning
    }
    return Task("sample", settings, gold=ROOT / "data/test.align", aer=True, texts=True)


def _g2p(folder: Path) -> Task:
    """Every sixth word of the dictionary, every fourth of those held out."""
    full = _found("cmudict_g2p")
    folder.mkdir(parents=True, exist_ok=True)
    for split, part, step in (("train", "train", 6), ("dev", "test", 4)):
        for side in ("graph", "phon"):
            lines = list(read_lines(full / f"{split}.{side}"))
            write_lines(folder / f"{part}.{side}", lines[::step])
    data = _data("x", "y", folder / "train", folder / "test", ".graph", ".phon")
    settings = _settings(data, "word", 1000, sizes=MEDIUM, dropout=0.1)
    settings["training"] |= {"batch_tokens": 600, "max_epochs": 2}
    return Task("g2p", settings)


def _multi30k(folder: Path) -> Task:
    full = _found("multi30k")
    test = full / "test_2016_flickr"
    data = _data("en", "de", full / "train", test, ".en", ".de")
    settings = _settings(data, "bpe", 3000, sizes=MULTI30K, dropout=0.2)
    settings["training"] |= {"batch_tokens": 1000, "max_epochs": 2}
    return Task("multi30k", settings, texts=True)


def model_settings(sizes: Sizes, dropout: float) -> dict[str, Any]:
    """The model section of a configuration, without attention."""
    embeddings, encoder, decoder = sizes
    return {
        "embeddings": {"size": embeddings},
        "encoder": {"units": encoder},
        "decoder": {"units": decoder},
        "dropout": {"embedding": dropout, "output": dropout},
    }


def _settings(
    data: dict[str, Any],
    model_type: str,
    vocabulary: int,
    sizes: Sizes,
    dropout: float,
) -> dict[str, Any]:
    return {
        "data": data,
        "tokenizer": {"model_type": model_type, "vocab_size": vocabulary},
        "model": model_settings(sizes, dropout),
        "training": {
            "learning_rate": 4e-3,
            "schedule": {"type": "cosine", "warmup_steps": 100},
            "clip_norm": 1.0,
            "keep": 1,
            "save_every": 100_000,
        },
        "decoding": {"beam_size": 1},
        "runtime": {"device": "cpu", "threads": 1},
    }


def _data(
    source: str, target: str, train: Path, test: Path, source_end: str, target_end: str
) -> dict[str, Any]:
    def corpus(path: Path) -> dict[str, str]:
        return {"source": f"{path}{source_end}", "target": f"{path}{target_end}"}

    return {
        "source_lang": source,
        "target_lang": target,
        "train": [corpus(train)],
        "test": corpus(test),
    }


def _found(name: str) -> Path:
    path = corpora() / name
    if not path.is_dir():
        raise Absent(f"no folder {path} (ATTNMT_CORPORA says where the corpora are)")
    return path


TASKS: dict[str, Callable[[Path], Task]] = {
    **dict.fromkeys(TOYS, _toy),
    "sample": _sample,
    "g2p": _g2p,
    "multi30k": _multi30k,
}
