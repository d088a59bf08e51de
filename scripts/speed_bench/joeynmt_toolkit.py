"""JoeyNMT as it comes."""

from itertools import islice
from pathlib import Path
from typing import Any

from attnmt.text.lines import read_lines, write_lines
from speed_bench.settings import Job, Shape, corpus_folder, write_config

SENTENCE = 16  # target tokens, about
SAVED_EVERY, JUDGED_BY = 20, 20  # updates, sentences: it saves what it has validated
_JOEYNMT = {
    **{"optimizer": "adam", "learning_rate": 1e-3, "normalization": "tokens"},
    # There is no constant rate: a plateau fails with this torch.
    **{"scheduling": "exponential", "decrease_factor": 1.0},
    **{"label_smoothing": 0.1, "clip_grad_norm": 1.0, "epochs": 100},
    **{"batch_type": "sentence", "overwrite": True, "logging_freq": 1},
}


def train(python: str, folder: Path, shape: Shape, updates: int) -> list[str]:
    saves = SAVED_EVERY if shape.saves else 10**6
    how = {"updates": updates, "validation_freq": saves}
    path = write_config(_config(folder, shape, how, {}), folder / "config.yaml")
    return [python, "-m", "joeynmt", "train", str(path), "--skip-test"]


def translate(python: str, folder: Path, shape: Shape, job: Job) -> list[str]:
    how = {"beam_size": job.beam, "beam_alpha": 1.0, "batch_size": job.batch}
    if job.length:
        how |= {"min_output_length": job.length, "max_output_length": job.length}
    config = _config(folder, shape, {}, how)
    path = write_config(config, folder / "translate.yaml")
    # With an option for the output it fails after all is translated.
    words = f'"{python}" -m joeynmt translate "{path}" < "{job.text}" > "{job.output}"'
    return ["sh", "-c", words]


def _config(
    folder: Path, shape: Shape, training: dict[str, Any], testing: dict[str, Any]
) -> dict[str, Any]:
    model, units = shape.tokenizer, shape.units

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
            "dev": str(_some_of_val(folder / "dev")),
            "dataset_type": "plain",
            "src": side("en"),
            "trg": side("de"),
        },
        "testing": {"beam_size": 1, "batch_size": 64, **testing},
        "training": {
            **_JOEYNMT,
            "batch_size": shape.batch_tokens // SENTENCE,
            **training,
        },
        "model": {
            "encoder": {**recurrent, "bidirectional": True, "hidden_size": units // 2},
            "decoder": {
                **recurrent,
                **fed,
                "hidden_size": units,
                "hidden_dropout": 0.3,
            },
        },
    }


def _some_of_val(prefix: Path) -> Path:
    prefix.parent.mkdir(parents=True, exist_ok=True)
    for language in ("en", "de"):
        lines = islice(read_lines(corpus_folder() / f"val.{language}"), JUDGED_BY)
        write_lines(Path(f"{prefix}.{language}"), lines)
    return prefix
