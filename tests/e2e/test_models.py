"""Models and tokenizers of every shape train, and translate what they never saw."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from attnmt.analysis.dump import Dump

pytestmark = pytest.mark.slow
Command = Callable[..., subprocess.CompletedProcess[str]]
SHAPES = {
    "bahdanau_gru_deep": """
tokenizer: {vocab_size: 500, shared: true, model_type: bpe, sampling: 0.2}
model:
  embeddings: {size: 20, tie: none}
  encoder: {cell: gru, units: 12, layers: 2, layer_norm: true}
  decoder: {cell: gru, units: 16, layers: 2, style: bahdanau, transition_depth: 2}
  attention: {type: additive, units: 14}
  dropout: {embedding: 0.1, recurrent: 0.1, output: 0.1, word: 0.1}
""",
    "luong_lstm_tied": """
tokenizer: {vocab_size: 450, shared: true, model_type: unigram, lowercase: true}
model:
  embeddings: {size: 20, tie: all}
  encoder: {cell: lstm, units: 12, layers: 2, bidirectional: false}
  decoder: {cell: lstm, units: 18, layers: 2, input_feeding: false}
  attention: {type: general}
""",
    "characters": """
tokenizer: {model_type: char, shared: false}
model:
  embeddings: {size: 16}
  encoder: {cell: gru, units: 10}
  decoder: {cell: lstm, units: 20}
  attention: {type: dot}
""",
    "words": """
tokenizer: {model_type: word, vocab_size: 300, shared: false, byte_fallback: false}
model:
  embeddings: {size: 16, tie: target_softmax}
  encoder: {cell: lstm, units: 10}
  decoder: {cell: gru, units: 20, style: bahdanau}
  attention: {type: scaled_dot}
""",
}
LINES = ["The Old shirt is RED.", "", "Ünknown 漢字 words"]


@pytest.mark.parametrize("shape", SHAPES)
def test_a_few_steps_make_a_model_that_translates(
    shape: str, trained: Path, attnmt: Command, tmp_path: Path
) -> None:
    text = (trained / "config.yaml").read_text("utf-8")
    data = text[: text.index("tokenizer:")]
    (tmp_path / "config.yaml").write_text(data + SHAPES[shape].lstrip(), "utf-8")
    short = (
        *("training.max_steps=3", "training.batch_tokens=500", "validation.samples=1"),
        *("validation.metrics=[loss]", "decoding.max_length_ratio=0.5"),
    )
    settings = [part for setting in short for part in ("--set", setting)]
    done = attnmt("train", "config.yaml", *settings, cwd=tmp_path)
    assert done.returncode == 0, done.stderr

    output = ("--format", "jsonl", "--attention", "dump", "--beam", 3)
    lines = "".join(f"{line}\n" for line in LINES)
    done = attnmt("translate", *output, cwd=tmp_path, text=lines)
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.split("\n")[:-1]]
    assert [fields["source"] for fields in found] == LINES
    assert found[1]["pieces"] == [] and found[0]["pieces"] and found[2]["pieces"]
    for record in Dump(tmp_path / "dump"):
        np.testing.assert_allclose(record.weights.sum(axis=-1), 1.0, atol=2e-3)
        raw = record.source.encode()
        pieces = [raw[begin:end] for begin, end in record.source_spans]
        assert b"".join(pieces) == (raw if record.source_ids else b"")
