"""Sources of 2,000 tokens are trained on and decoded, by the installed command."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from attnmt.analysis.dump import Dump

pytestmark = pytest.mark.slow
Command = Callable[..., subprocess.CompletedProcess[str]]
TOKENS = 2000


@pytest.mark.parametrize("kind", ["local_m", "linear", "linformer"])
def test_a_source_of_2000_tokens_trains_and_decodes(
    attnmt: Command, tmp_path: Path, kind: str
) -> None:
    draw = np.random.default_rng(1)
    lines = [" ".join(f"w{n}" for n in draw.integers(20, size=TOKENS)) for _ in "abcd"]
    (tmp_path / "x").write_text("".join(f"{line}\n" for line in lines))
    (tmp_path / "y").write_text("".join(f"{line[:60]}\n" for line in lines))
    config = {
        "run_dir": "run",
        "data": {
            "source_lang": "x",
            "target_lang": "y",
            "train": [{"source": "x", "target": "y"}],
            "valid": {"source": "x", "target": "y"},
            "max_length": TOKENS,
        },
        "tokenizer": {"model_type": "word", "vocab_size": 60},
        "model": {
            "embeddings": {"size": 8},
            "encoder": {"units": 8},
            "decoder": {"units": 16},
            "attention": {"type": kind},
        },
        "training": {"batch_tokens": 4000, "max_steps": 2},
        "decoding": {"max_length_ratio": 0.005},
    }
    (tmp_path / "config.yaml").write_text(json.dumps(config))
    done = attnmt("train", "config.yaml", cwd=tmp_path)
    assert done.returncode == 0 and "trained 2 steps" in done.stderr, done.stderr
    options = ("--attention", "dump", "--set", "decoding.max_source_length=2000")
    done = attnmt("translate", "x", "--run", "run", *options, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 4 and "too long" not in done.stderr
    record = Dump(tmp_path / "dump")[0]
    assert TOKENS - 20 < len(record.source_ids) <= TOKENS + 1  # unknowns are joined
    np.testing.assert_allclose(record.weights.sum(axis=-1), 1.0, atol=2e-3)
    if kind == "linformer":
        tune_without_coverage(attnmt, tmp_path)


def tune_without_coverage(attnmt: Command, folder: Path) -> None:
    """A run over memory slots that an editor has given a penalty is mended by it."""
    config = folder / "run/config.yaml"
    text = config.read_text("utf-8")
    assert "coverage_penalty: 0.0" in text
    config.write_text(text.replace("coverage_penalty: 0.0", "coverage_penalty: 0.2"))
    options = ("--run", "run", "--beams", "1", "--metric", "chrf", "--write")
    done = attnmt("tune-decoding", *options, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "coverage_penalty: 0.0" in config.read_text("utf-8")
