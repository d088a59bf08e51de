"""What a training takes over from another run, and what it leaves alone."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from attnmt import checkpoint
from attnmt.config.schema import Config
from attnmt.errors import ConfigError, DataError
from attnmt.model import build_model
from attnmt.run import Run
from attnmt.text.tokenizer import load_tokenizers, prepare_tokenizers
from attnmt.training.initial import freeze, take_slots, with_tokenizers_of
from attnmt.training.session import train
from attnmt.training.step import Trainer
from attnmt.weights import named_weights

pytestmark = pytest.mark.usefixtures("eagerly")
MakeConfig = Callable[..., Config]
SHORT = {"max_steps": 2}
NO_VALID = {"valid": None}


@pytest.fixture
def parent(make_config: MakeConfig, tmp_path: Path) -> Run:
    config = make_config(training=SHORT, data=NO_VALID)
    return train(config.model_copy(update={"run_dir": tmp_path / "parent"}))


def weights(run: Run) -> dict[str, np.ndarray]:
    return checkpoint.load_arrays(run.best_checkpoint() / checkpoint.WEIGHTS)


def frozen(**options) -> dict:
    """A training of one update that leaves the weights where they begin."""
    return {"max_steps": 1, "optimizer": "sgd", "learning_rate": 1e-12} | options


def test_a_training_begins_with_the_weights_and_the_tokenizer_of_a_run(
    make_config: MakeConfig, parent: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    tokenizer = {"vocab_size": 300}  # is not looked at
    config = make_config(training=frozen(), data=NO_VALID, tokenizer=tokenizer)
    run = train(config, init_from=parent.path)
    expected = weights(parent)
    for name, value in weights(run).items():
        np.testing.assert_allclose(value, expected[name], atol=1e-9, err_msg=name)
    model = "shared.model"
    read = [(x.tokenizer_dir / model).read_bytes() for x in (run, parent)]
    assert read[0] == read[1]
    told = capsys.readouterr().err
    assert f"begins with the weights of {parent.path}" in told
    assert "tokenizer.vocab_size: 300 has no effect" in told
    assert "tokenizer.model_type" not in told
    assert checkpoint.load_state(run.best_checkpoint()).step == 1


def test_a_resumed_training_does_not_begin_again(
    make_config: MakeConfig, parent: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    config = make_config(training=SHORT, data=NO_VALID)
    run = train(config, init_from=parent.path)
    before = weights(run)
    capsys.readouterr()
    train(config, init_from=parent.path)
    assert "begins with" not in capsys.readouterr().err
    for name, value in weights(run).items():
        np.testing.assert_array_equal(value, before[name])


def test_old_pieces_keep_their_rows_and_new_ones_have_new_rows(
    make_config: MakeConfig, parent: Run, tmp_path: Path
) -> None:
    given = make_config(tokenizer={"vocab_size": 300}, training=SHORT, data=NO_VALID)
    other = train(given.model_copy(update={"run_dir": tmp_path / "other"}))
    file = str(other.tokenizer_dir / "shared.model")
    config = make_config(
        training=frozen(), data=NO_VALID, tokenizer={"source_model": file}
    )
    run = train(config, init_from=parent.path)
    tokenizers = [
        load_tokenizers(x.load_config(), x.tokenizer_dir)[0] for x in (run, parent)
    ]
    new, old = tokenizers
    assert len(new) < len(old)
    places = {old.piece(i): i for i in range(len(old))}
    found, before = weights(run), weights(parent)
    moved = 0
    for name in ("source_embedding.table", "target_embedding.table", "projection.bias"):
        for i in range(len(new)):
            if (place := places.get(new.piece(i))) is not None:
                moved += place != i
                np.testing.assert_allclose(
                    found[name][i], before[name][place], atol=1e-9
                )
    assert moved
    name = "decoder.bridge.kernel"
    np.testing.assert_allclose(found[name], before[name], atol=1e-9)


def slots(run: Run) -> dict[str, np.ndarray]:
    return checkpoint.load_arrays(run.best_checkpoint() / checkpoint.OPTIMIZER)


def test_the_optimizer_goes_on_with_what_it_has_learnt(
    make_config: MakeConfig, parent: Run, tmp_path: Path
) -> None:
    still = {"max_steps": 1, "learning_rate": 1e-12}
    config = make_config(training=still, data=NO_VALID)
    onward = train(config, init_from=parent.path)
    other = Run(tmp_path / "other")  # the same weights, but by another optimizer
    shutil.copytree(parent.path, other.path)
    text = other.config_file.read_text("utf-8")
    other.config_file.write_text(text.replace("adam", "sgd"), "utf-8")
    update = {"run_dir": tmp_path / "anew"}
    anew = train(config.model_copy(update=update), init_from=other.path)
    before, after, alone = slots(parent), slots(onward), slots(anew)
    assert after["iteration"] == alone["iteration"] == 1
    for name, old in before.items():
        for kind, decay in (("momentums", 0.9), ("velocities", 0.98)):
            if name.startswith(kind):
                expected = decay * old + alone[name]
                np.testing.assert_allclose(
                    after[name], expected, rtol=1e-4, atol=1e-9, err_msg=name
                )
    assert np.abs(before["momentums.decoder.bridge.kernel"]).max() > 1e-5


def test_the_optimizer_knows_nothing_of_new_pieces(
    make_config: MakeConfig, parent: Run
) -> None:
    corpus = make_config().data.train[0].model_copy(update={"tag": "<bt>"})
    still = {"max_steps": 1, "learning_rate": 1e-12}
    data = NO_VALID | {"train": [corpus]}
    config = make_config(training=still, data=data)
    tokenizers = prepare_tokenizers(with_tokenizers_of(parent, config), config.run_dir)
    model = build_model(config.model, *map(len, tokenizers))
    trainer = Trainer(model, config.training)
    take_slots(parent, trainer, tokenizers)
    name, tag = "velocities.source_embedding.table", tokenizers[0].id("<bt>")
    found, before = np.array(trainer.named_state()[name]), slots(parent)[name]
    assert tag == len(before) == len(found) - 1
    np.testing.assert_array_equal(found[:tag], before)
    assert before.any() and not found[tag].any()


def test_another_model_is_refused(make_config: MakeConfig, parent: Run) -> None:
    wider = {"decoder": {"units": 9}}
    config = make_config(model=wider, training=SHORT, data=NO_VALID)
    with pytest.raises(DataError, match="expected .*, found "):
        train(config, init_from=parent.path)


def test_a_tokenizer_that_cannot_be_taken_over_is_refused(
    make_config: MakeConfig, parent: Run, tmp_path: Path
) -> None:
    config = make_config(tokenizer={"shared": False}, data=NO_VALID)
    with pytest.raises(ConfigError, match=r"^tokenizer.shared: expected true.*false"):
        train(config, init_from=parent.path)
    with pytest.raises(DataError, match="nowhere: not a run folder"):
        train(make_config(), init_from=tmp_path / "nowhere")
    assert not config.run_dir.exists()


def test_what_is_frozen_stays_and_the_rest_moves(make_config: MakeConfig) -> None:
    options = SHORT | {"freeze": ["encoder.*", "*_embedding.table"], "average": 0.5}
    config = make_config(training=options, data=NO_VALID)
    run = train(config)
    plain = train(
        make_config(training=frozen(), data=NO_VALID).model_copy(
            update={"run_dir": config.run_dir.with_name("plain")}
        )
    )
    before = weights(plain)
    for name, value in weights(run).items():
        held = name.startswith("encoder.") or name.endswith("_embedding.table")
        assert np.allclose(value, before[name], atol=1e-9) == held, name


def test_a_pattern_that_matches_nothing_is_refused(make_config: MakeConfig) -> None:
    config = make_config(training={"freeze": ["encode/*"]})
    with pytest.raises(ConfigError, match="no weight is called 'encode/.*encoder.forw"):
        train(config)
    assert not config.run_dir.exists()
    model = build_model(config.model, 4, 4)
    with pytest.raises(ConfigError, match="nothing is left to train"):
        freeze(model, ["*"])
    assert not any(v.trainable for v in named_weights(model).values())
