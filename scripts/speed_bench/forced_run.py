"""A run folder whose translations have lengths that are known beforehand."""

import json
import shutil
from pathlib import Path

import numpy as np

from attnmt import checkpoint
from attnmt.config.loading import dump_config
from attnmt.config.schema import Config
from attnmt.run import Run, write_atomically
from attnmt.text.tokenizer import EOS, load_tokenizers
from speed_bench.environments import CACHE
from speed_bench.settings import multi30k, tokenizer_model

# A translation has int(ratio * source pieces) + 10 pieces: about 15 in Multi30k.
RATIO = 1 / 3
UNLIKELY = -1e4  # the bias of the end; it fits into half precision
STYLE = "luong+feeding"


def make_forced_run(original: Path | None, folder: Path) -> Path:
    """Copy a run (without one: initial weights), its sentences never ended.

    The end gets a bias that no score outweighs, so that every engine, whatever it is,
    goes on to the longest translation that it may make. Beside it comes torch.json, the
    description that `torch_translate` reads.
    """
    shutil.rmtree(folder, ignore_errors=True)
    config, tokenizers, weights = _read(original) if original else _initial()
    weights["projection.bias"][EOS] = UNLIKELY
    decoding = config.decoding.model_copy(update={"max_length_ratio": RATIO})
    run = Run(folder)
    run.tokenizer_dir.parent.mkdir(parents=True)
    shutil.copytree(tokenizers, run.tokenizer_dir)
    changed = {"decoding": decoding, "run_dir": folder}
    write_atomically(run.config_file, dump_config(config.model_copy(update=changed)))
    saved = checkpoint.save(run.checkpoints_dir, weights, {}, checkpoint.State(step=1))
    run.point("last", saved)
    description = {
        "model": config.model.model_dump(mode="json"),
        "weights": str(saved / checkpoint.WEIGHTS),
        "tokenizer": str(run.tokenizer_dir / "shared.model"),
        "max_length_ratio": RATIO,
    }
    write_atomically(folder / "torch.json", json.dumps(description))
    return folder


def forced_pieces(run: Path, lines: list[str]) -> int:
    """How many target pieces a forced run makes of lines."""
    folder = Run(run)
    source, _ = load_tokenizers(folder.load_config(), folder.tokenizer_dir)
    return sum(int(RATIO * (len(ids) + 1)) + 10 for ids in source.encode(lines))


def _read(original: Path) -> tuple[Config, Path, dict[str, np.ndarray]]:
    run = Run(original)
    weights = checkpoint.load_arrays(run.best_checkpoint() / checkpoint.WEIGHTS)
    return run.load_config(), run.tokenizer_dir, weights


def _initial() -> tuple[Config, Path, dict[str, np.ndarray]]:
    from attnmt import devices

    devices.load_tensorflow()
    from attnmt.model import build_model
    from attnmt.weights import named_weights

    config = Config.model_validate(multi30k(STYLE))
    tokenizer_model()
    tokenizers = load_tokenizers(config, CACHE / "tokenizer")
    devices.seed_everything(config.seed)
    model = build_model(config.model, *map(len, tokenizers))
    weights = {
        name: np.array(variable) for name, variable in named_weights(model).items()
    }
    return config, CACHE / "tokenizer", weights
