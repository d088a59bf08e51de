"""JoeyNMT as it comes."""

from pathlib import Path
from typing import Any

from speed_bench.settings import (
    FORCED_LENGTH,
    corpus_folder,
    tokenizer_model,
    write_config,
)

SENTENCES = 256  # of a batch, about 4,000 target tokens
_JOEYNMT = {
    **{"optimizer": "adam", "learning_rate": 1e-3, "normalization": "tokens"},
    # There is no constant rate: a plateau fails with this torch.
    **{"scheduling": "exponential", "decrease_factor": 1.0},
    **{"label_smoothing": 0.1, "clip_grad_norm": 1.0, "epochs": 100},
    **{"batch_type": "sentence", "batch_size": SENTENCES, "overwrite": True},
    **{"logging_freq": 1, "validation_freq": 10**6},
}


def train(python: str, folder: Path, updates: int) -> list[str]:
    config = _config(folder, {"updates": updates}, {})
    path = write_config(config, folder / "config.yaml")
    return [python, "-m", "joeynmt", "train", str(path), "--skip-test"]


def translate(
    python: str, folder: Path, text: Path, output: Path, beam: int, batch: int
) -> list[str]:
    how = {"beam_size": beam, "beam_alpha": 1.0, "batch_size": batch}
    length = {"min_output_length": FORCED_LENGTH, "max_output_length": FORCED_LENGTH}
    path = write_config(_config(folder, {}, how | length), folder / "translate.yaml")
    # With an option for the output it fails after all is translated.
    words = f'"{python}" -m joeynmt translate "{path}" < "{text}" > "{output}"'
    return ["sh", "-c", words]


def _config(
    folder: Path, training: dict[str, Any], testing: dict[str, Any]
) -> dict[str, Any]:
    model = tokenizer_model()

    def side(language: str) -> dict[str, Any]:
        return {
            "lang": language,
            "level": "bpe",
            "max_length": 100,
            "voc_file": str(model.with_suffix(".vocab")),
            "tokenizer_type": "sentencepiece",
            "tokenizer_cfg": {"model_file": str(model)},
        }

    embeddings = {"embedding_dim": 256, "dropout": 0.3}
    recurrent = {"type": "recurrent", "rnn_type": "lstm", "num_layers": 1}
    recurrent |= {"dropout": 0.3, "embeddings": embeddings}
    fed = {"attention": "luong", "input_feeding": True, "init_hidden": "bridge"}
    return {
        "name": "bench",
        "model_dir": str(folder / "model"),
        "use_cuda": False,
        "random_seed": 1,
        "data": {
            "train": str(corpus_folder() / "train"),
            "dev": str(corpus_folder() / "val"),
            "dataset_type": "plain",
            "src": side("en"),
            "trg": side("de"),
        },
        "testing": {"beam_size": 1, "batch_size": 64, **testing},
        "training": {**_JOEYNMT, **training},
        "model": {
            "encoder": {**recurrent, "bidirectional": True, "hidden_size": 256},
            "decoder": {**recurrent, **fed, "hidden_size": 512, "hidden_dropout": 0.3},
        },
    }
