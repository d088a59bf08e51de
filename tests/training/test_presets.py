"""What `attnmt init` writes can be built and trained."""

from importlib.resources import files
from pathlib import Path

import pytest

from attnmt.cli.init import Preset
from attnmt.config.loading import load_config
from attnmt.model import build_model
from attnmt.training.session import train

DATA = Path(__file__).parents[2] / "data"
SMALL = {"embeddings.size": 10, "encoder.units": 12, "decoder.units": 14}


def path_of(preset: Preset) -> Path:
    return Path(str(files("attnmt"))) / "presets" / f"{preset}.yaml"


@pytest.mark.slow
@pytest.mark.parametrize("preset", Preset)
def test_a_preset_is_built_in_its_size(preset: Preset) -> None:
    model = build_model(load_config(path_of(preset)).model, 20, 20)
    quickest_first = {"tiny": 1e6, "small-data": 2e6, "luong": 5e7, "gnmt": 5e7}
    assert quickest_first.get(preset, 5e6) < model.count_params() < 1e8


@pytest.mark.slow
@pytest.mark.parametrize("preset", Preset)
def test_a_preset_trains(preset: Preset, tmp_path: Path, eagerly: None) -> None:
    for lang in ("en", "de"):
        lines = (DATA / f"valid.{lang}").read_text("utf-8").split("\n")[:9]
        (tmp_path / lang).write_text("\n".join(lines) + "\n", "utf-8")
    corpus = f"{{source: {tmp_path}/en, target: {tmp_path}/de}}"
    options = load_config(path_of(preset)).model.attention.options
    small = SMALL | ({"attention.units": 16} if "units" in options else {})
    settings = [
        *(f"run_dir={tmp_path}/run", "tokenizer.vocab_size=330"),
        *(f"data.train=[{corpus}]", f"data.valid={corpus}", f"data.test={corpus}"),
        *(f"model.{key}={value}" for key, value in small.items()),
        *("training.max_steps=2", "training.batch_tokens=100"),
        *("training.report_every=1", "validation.metrics=[loss]"),
        *("validation.early_stopping.metric=loss", "validation.samples=0"),
    ]
    run = train(load_config(path_of(preset), settings))
    assert run.pointed("last").name == "000000002"
    losses = [line for line in run.metrics_file.open() if '"kind": "train"' in line]
    assert len(losses) == 2
