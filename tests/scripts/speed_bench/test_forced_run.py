"""A forced run has translations of known lengths, and PyTorch finds the same ones."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
from speed_bench.environments import CACHE, environment
from speed_bench.forced_run import forced_pieces, make_forced_run
from speed_bench.settings import model_settings

from attnmt import checkpoint
from attnmt.config.loading import dump_config
from attnmt.config.schema import Config
from attnmt.run import Run, write_atomically
from attnmt.text.lines import read_lines, write_lines
from attnmt.text.tokenizer import EOS, Tokenizer, prepare_tokenizers

ROOT = Path(__file__).parents[3]
TORCH = CACHE / "torch" / "bin" / "python"
LINES = ["Anna fell asleep.", "He said that Anna fell asleep in this room.", "No."]
BEAM, BATCH = 3, 2


def trained_run(folder: Path, style: str) -> Path:
    """A run whose translations end at once, when they may."""
    from attnmt.model import build_model
    from attnmt.weights import named_weights

    texts = {
        "source": str(ROOT / "data/valid.en"),
        "target": str(ROOT / "data/valid.de"),
    }
    config = Config.model_validate(
        {
            "run_dir": str(folder),
            "data": {"source_lang": "en", "target_lang": "de", "train": [texts]},
            "tokenizer": {"vocab_size": 400},
            "model": model_settings(style, units=10),
        }
    )
    run = Run(folder)
    tokenizers: tuple[Tokenizer, Tokenizer] = prepare_tokenizers(
        config, run.tokenizer_dir
    )
    write_atomically(run.config_file, dump_config(config))
    draw = np.random.default_rng(1)
    model = build_model(config.model, *map(len, tokenizers))
    weights = {
        name: draw.normal(size=variable.shape, scale=0.7).astype(np.float32)
        for name, variable in named_weights(model).items()
    }
    weights["projection.bias"][EOS] = 99.0
    saved = checkpoint.save(run.checkpoints_dir, weights, {}, checkpoint.State(step=1))
    run.point("last", saved)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("style", ["luong+feeding", "bahdanau"])
def test_lengths_are_known_beforehand_and_torch_translates_alike(tmp_path, style):
    from attnmt.translating import with_decoding
    from attnmt.translator import Translator

    original = trained_run(tmp_path / "run", style)
    forced = make_forced_run(original, tmp_path / "forced")
    decoding = with_decoding(
        Run(forced).load_config(), beam_size=BEAM, batch_size=BATCH
    )
    found = list(Translator.load(forced, decoding=decoding).translate(LINES))
    lengths = [len(translation.target_ids) for translation in found]
    assert sum(lengths) == forced_pieces(forced, LINES)
    assert len(set(lengths)) > 1
    if not (CACHE / "torch" / "installed").exists():
        pytest.skip("no PyTorch: scripts/bench training --peers torch installs it")
    write_lines(tmp_path / "text", LINES)
    command = [str(TORCH), "-m", "speed_bench.torch_translate", "forced/torch.json"]
    command += ["text", "output", str(BEAM), str(BATCH)]
    subprocess.run(command, cwd=tmp_path, env=environment(), check=True)
    assert list(read_lines(tmp_path / "output")) == [t.hypothesis for t in found]
