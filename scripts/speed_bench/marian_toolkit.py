"""Marian as it comes from PyPI. It has its own kind of model, which is larger.

An LSTM of 512 either way, a decoder of two cells with additive attention between them:
one option is the size of all of them. It reads text that was cut into pieces.
"""

from collections.abc import Iterable
from pathlib import Path

from attnmt.text.lines import read_lines, write_lines
from speed_bench.environments import THREADS
from speed_bench.pieces import cut, vocabulary
from speed_bench.protocol import Failed
from speed_bench.settings import Job, Shape, corpus_folder

SAVED_EVERY = 20  # updates
_MARIAN: dict[str, object] = {
    **{"type": "s2s", "enc-cell": "lstm", "dec-cell": "lstm", "dim-emb": 256},
    **{"dropout-rnn": 0.3, "label-smoothing": 0.1, "optimizer": "adam"},
    **{"learn-rate": 1e-3, "clip-norm": 1, "cost-type": "ce-mean-words"},
    **{"max-length": 100, "disp-freq": "1u", "seed": 1, "workspace": 3000},
}


def train(python: str, folder: Path, shape: Shape, updates: int) -> list[str]:
    texts = [
        cut(corpus_folder() / name, folder / name, shape.tokenizer)
        for name in ("train.en", "train.de")
    ]
    known = ["</s>", "<unk>", *vocabulary(shape.tokenizer)]
    write_lines(folder / "vocabulary", known)
    options = {
        **_MARIAN,
        "dim-rnn": shape.units,
        "mini-batch-words": shape.batch_tokens,
        "after": f"{updates}u",
        "save-freq": f"{SAVED_EVERY if shape.saves else updates}u",
        "cpu-threads": THREADS,
        "model": _model(folder),
    }
    words = ["--overwrite", "--sync-sgd", "--train-sets", *map(str, texts)]
    return [python, "-m", "pymarian", "train", *words, *_options(folder, options)]


def translate(python: str, folder: Path, shape: Shape, job: Job) -> list[str]:
    if not _model(folder).is_file():
        raise Failed(f"no model in {folder}")
    options: dict[str, object] = {
        "models": _model(folder),
        "input": cut(job.text, folder / "text", shape.tokenizer),
        "output": job.output,
        "beam-size": job.beam,
        "normalize": 1,
        "mini-batch": job.batch,
        "maxi-batch": 1 if job.batch == 1 else 100,
        "maxi-batch-sort": "none" if job.batch == 1 else "src",
        "cpu-threads": THREADS,
        "workspace": 1000,
    }
    if job.length:
        # There is no least length; a beginning that is given is computed like the rest,
        # and a word more costs so much that the end follows.
        given = " ".join(vocabulary(shape.tokenizer)[-job.length :])
        pairs = [f"{line}\t{given}" for line in read_lines(folder / "text")]
        write_lines(folder / "text.tsv", pairs)
        options |= {"input": folder / "text.tsv", "tsv-fields": 2}
        options |= {"normalize": 0, "word-penalty": 1000}
    flags = ["--quiet-translation"]
    flags += ["--tsv", "--force-decode"] if job.length else []
    return [python, "-m", "pymarian", "decode", *flags, *_options(folder, options)]


def pieces_of(lines: Iterable[str]) -> int:
    """The pieces of translations, their ends among them."""
    return sum(len(line.split()) + 1 for line in lines)


def _model(folder: Path) -> Path:
    return folder / "model.npz"


def _options(folder: Path, options: dict[str, object]) -> list[str]:
    given = [word for key, x in options.items() for word in (f"--{key}", str(x))]
    return [*given, "--vocabs", *[str(folder / "vocabulary")] * 2]
