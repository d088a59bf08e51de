"""OpenNMT-py as it comes. It reads text that was cut into pieces beforehand."""

from pathlib import Path

from attnmt.text.lines import write_lines
from speed_bench.pieces import cut, vocabulary
from speed_bench.protocol import Failed
from speed_bench.settings import Job, Shape, corpus_folder, write_config

SAVED_EVERY = 50  # updates
_ONMT = {
    **{"word_vec_size": 256, "encoder_type": "brnn", "decoder_type": "rnn"},
    **{"rnn_type": "LSTM", "layers": 1, "bridge": True},
    **{"global_attention": "general", "input_feed": 1, "dropout": [0.3]},
    **{"optim": "adam", "learning_rate": 1e-3, "max_grad_norm": 1.0},
    **{"label_smoothing": 0.1, "batch_type": "tokens", "normalization": "tokens"},
    **{"bucket_size": 29000, "num_workers": 0},
    **{"accum_count": [1], "report_every": 1, "valid_steps": 10**6, "seed": 1},
}


def train(python: str, folder: Path, shape: Shape, updates: int) -> list[str]:
    model, texts = shape.tokenizer, corpus_folder()
    names = ("train.en", "train.de", "val.en", "val.de")
    paths = [cut(texts / name, folder / name, model) for name in names]
    known = vocabulary(model)
    # A frequency is expected; the order is all that is made of it.
    counted = [f"{piece}\t{len(known) - i}" for i, piece in enumerate(known)]
    write_lines(folder / "vocabulary", counted)
    corpora = {"train": paths[:2], "valid": paths[2:]}
    config = {
        "save_data": str(folder / "data"),
        "src_vocab": str(folder / "vocabulary"),
        "tgt_vocab": str(folder / "vocabulary"),
        "data": {
            name: {"path_src": str(source), "path_tgt": str(target)}
            for name, (source, target) in corpora.items()
        },
        **_ONMT,
        "hidden_size": shape.units,
        "batch_size": shape.batch_tokens,
        "train_steps": updates,
        "save_checkpoint_steps": SAVED_EVERY if shape.saves else updates,
        "save_model": str(folder / "model"),
    }
    path = write_config(config, folder / "config.yaml")
    return [python, "-m", "onmt.bin.train", "-config", str(path)]


def translate(python: str, folder: Path, shape: Shape, job: Job) -> list[str]:
    models = sorted(folder.glob("model_step_*.pt"), key=_step)
    if not models:
        raise Failed(f"no model in {folder}")
    options: dict[str, object] = {
        "model": models[-1],
        "src": cut(job.text, folder / "text", shape.tokenizer),
        "output": job.output,
        "beam_size": job.beam,
        "batch_size": job.batch,
    }
    if job.length:
        options |= {"min_length": job.length, "max_length": job.length}
    given = [word for key, x in options.items() for word in (f"-{key}", str(x))]
    return [python, "-m", "onmt.bin.translate", *given]


def _step(model: Path) -> int:
    return int(model.stem.rpartition("_")[2])
