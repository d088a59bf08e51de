"""What `attnmt init` writes can be built and trained."""

from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import pytest

from attnmt.cli.init import Preset
from attnmt.config.loading import load_config
from attnmt.config.schema import Config
from attnmt.model import build_model
from attnmt.training.session import train

SMALL = {"embeddings.size": 10, "encoder.units": 12, "decoder.units": 14}


def path_of(preset: Preset) -> Path:
    return Path(str(files("attnmt"))) / "presets" / f"{preset}.yaml"


@pytest.mark.slow
@pytest.mark.parametrize("preset", Preset)
def test_a_preset_is_built_in_its_size(preset: Preset) -> None:
    model = build_model(load_config(path_of(preset)).model, 20, 20)
    least = {"tiny": 1e6, "small-data": 2e6, "g2p": 2e6, "luong": 5e7, "gnmt": 5e7}
    assert least.get(preset, 5e6) < model.count_params() < 1e8


@pytest.mark.slow
@pytest.mark.parametrize("preset", Preset)
def test_a_preset_trains(
    preset: Preset, make_config: Callable[..., Config], tmp_path: Path, eagerly: None
) -> None:
    make_config()  # writes the text
    train_, valid = (
        f"{{source: {tmp_path}/{name}.en, target: {tmp_path}/{name}.de}}"
        for name in ("train", "valid")
    )
    options = load_config(path_of(preset)).model.attention.options
    small = SMALL | ({"attention.units": 16} if "units" in options else {})
    settings = [
        *(f"run_dir={tmp_path}/run", "tokenizer.vocab_size=320"),
        *(f"data.train=[{train_}]", f"data.valid={valid}"),
        *(f"model.{key}={value}" for key, value in small.items()),
        *("training.max_steps=2", "training.batch_tokens=50"),
        *("training.report_every=1", "validation.metrics=[loss]"),
        *("validation.early_stopping.metric=loss", "validation.samples=0"),
    ]
    run = train(load_config(path_of(preset), settings))
    assert run.pointed("last").name == "000000002"
    journal = run.metrics_file.read_text("utf-8")
    assert journal.count('"kind": "train"') == 2
