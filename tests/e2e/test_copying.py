"""Words that the training names once are copied, by the installed command."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from attnmt.analysis.dump import Dump

pytestmark = pytest.mark.slow
Command = Callable[..., subprocess.CompletedProcess[str]]


def write_pairs(folder: Path, name: str, names: list[str], seed: int) -> None:
    """Sentences with a name: "a3 a7 NAME a1" is "b3 b7 NAME b1"."""
    draw = np.random.default_rng(seed)
    source, target = [], []
    for person in names:
        words = [str(n) for n in draw.integers(10, size=3)]
        at = int(draw.integers(4))
        for side, letter in ((source, "a"), (target, "b")):
            line = [letter + word for word in words]
            side.append(" ".join([*line[:at], person, *line[at:]]))
    for side, lines in (("x", source), ("y", target)):
        (folder / f"{name}.{side}").write_text("".join(f"{x}\n" for x in lines))


def test_a_name_that_was_seen_once_is_copied(attnmt: Command, tmp_path: Path) -> None:
    names = [f"n{i}" for i in range(1200)]
    write_pairs(tmp_path, "train", names, 1)
    write_pairs(tmp_path, "test", names[::12], 2)
    config = {
        "run_dir": "run",
        "data": {
            "source_lang": "x",
            "target_lang": "y",
            "train": [{"source": "train.x", "target": "train.y"}],
        },
        "tokenizer": {"model_type": "word", "vocab_size": 1400},
        "model": {
            "embeddings": {"size": 24},
            "encoder": {"units": 24},
            "decoder": {"units": 48, "copy_source": True},
            "dropout": {"embedding": 0.0, "output": 0.0},
        },
        "training": {"learning_rate": 1e-2, "batch_tokens": 300, "max_epochs": 8},
        "decoding": {"beam_size": 1},
    }
    (tmp_path / "config.yaml").write_text(json.dumps(config))
    done = attnmt("train", "config.yaml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    done = attnmt(
        *("translate", "test.x", "--run", "run", "--attention", "dump"), cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    expected = (tmp_path / "test.y").read_text().splitlines()
    found = done.stdout.splitlines()
    copied = [
        next(w for w in line.split() if w[0] == "n") in other.split()
        for line, other in zip(expected, found, strict=True)
    ]
    assert np.mean(copied) > 0.9
    gates = {True: [], False: []}  # by whether the piece is a name
    for record in Dump(tmp_path / "dump"):
        for piece, p_gen in zip(
            record.target_pieces, record.extras["p_gen"], strict=True
        ):
            gates["n" in piece].append(float(p_gen))
    assert np.mean(gates[True]) < 0.5 < np.mean(gates[False])
