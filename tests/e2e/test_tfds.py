"""Training on a dataset of TensorFlow Datasets that lies in a folder."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
Command = Callable[..., subprocess.CompletedProcess[str]]


def test_a_folder_of_translations_trains_and_is_evaluated(
    trained: Path, attnmt: Command, tmp_path: Path
) -> None:
    folder = tmp_path / "pairs"
    folder.mkdir()
    for split in ("train", "valid", "test"):
        for lang in ("en", "de"):
            text = (trained / f"corpus/{split}.{lang}").read_text("utf-8")
            (folder / f"{lang}.{split}.txt").write_text(text, "utf-8")
    config = (trained / "config.yaml").read_text("utf-8")
    for split in ("train", "valid", "test"):
        corpus = trained / "corpus"
        files = f"{{source: {corpus}/{split}.en, target: {corpus}/{split}.de}}"
        assert files in config
        config = config.replace(files, f"{{tfds: pairs, split: {split}}}")
    (tmp_path / "config.yaml").write_text(config, "utf-8")
    done = attnmt("train", "config.yaml", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert "\ntraining corpus: 800 pairs, " in done.stderr

    # The same text makes the same tokenizers.
    for side in ("source", "target"):
        model = f"runs/tiny/tokenizer/{side}.model"
        assert (tmp_path / model).read_bytes() == (trained / model).read_bytes()
    again = attnmt("train", "config.yaml", cwd=tmp_path)
    assert "nothing left to do" in again.stderr

    scored = attnmt("eval", "--metrics", "chrf", "--json", cwd=tmp_path)
    assert json.loads(scored.stdout)["sentences"] == 12, scored.stderr
