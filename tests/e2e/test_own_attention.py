"""A user's own attention, named by import path: trained, decoded, dumped."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from attnmt.analysis.dump import Dump

pytestmark = pytest.mark.slow
Command = Callable[..., subprocess.CompletedProcess[str]]
OWN = Path(__file__).with_name("my_attention.py")
LINES = ["The old shirt is red.", "", "My aunts will not go.", "She washed it."]


@pytest.fixture(scope="module")
def coverage(
    trained: Path, attnmt: Command, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A folder in which a model with the coverage of `my_attention.py` is trained."""
    folder = tmp_path_factory.mktemp("coverage")
    shutil.copy(OWN, folder)
    config = (trained / "config.yaml").read_text("utf-8")
    config = config.replace("type: additive", 'type: "my_attention:ReadSoFar"')
    (folder / "config.yaml").write_text(config, "utf-8")
    done = attnmt("train", "config.yaml", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_a_coverage_attention_of_23_lines_trains_decodes_and_dumps(
    coverage: Path, attnmt: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    from attnmt import Translator
    from attnmt.text.tokenizer import BOS

    assert len(OWN.read_text("utf-8").split("\n")) - 1 <= 23
    options = ("--trust-code", "--beam", 4, "--n-best", 2, "--attention", "dump")
    text = "".join(f"{line}\n" for line in LINES)
    done = attnmt("translate", *options, "--align", cwd=coverage, text=text)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 7

    dump = Dump(coverage / "dump")
    assert dump.header["attention"]["name"] == "ReadSoFar"
    monkeypatch.chdir(coverage)  # where my_attention is
    network = Translator.load("runs/tiny", trust_code=True).network
    used = network.decoder.attention.coverage_layer.kernel.numpy()
    assert np.abs(used).max() > 0
    records = [record for record in dump if record.source_ids]
    assert len(records) == 6
    for record in records:
        target_in = np.array([[BOS, *record.target_ids[:-1]]])
        _, weights = network(np.array([record.source_ids]), target_in)
        np.testing.assert_allclose(weights[0], record.weights[0, 0], atol=1e-3)
        np.testing.assert_allclose(record.weights.sum(axis=-1), 1.0, atol=2e-3)


def test_the_attention_of_its_validation_can_be_shown(
    coverage: Path, attnmt: Command
) -> None:
    validations = sorted((coverage / "runs/tiny/validation").iterdir())
    dump = validations[-1] / "attention"
    shown = attnmt("attention", "show", dump, "--id", 0, cwd=coverage)
    assert shown.returncode == 0, shown.stderr
    assert all(word in shown.stdout for word in Dump(dump)[0].source.split())


def test_without_its_file_the_run_says_what_is_missing(
    coverage: Path, attnmt: Command, tmp_path: Path
) -> None:
    run = ("--run", coverage / "runs/tiny")
    done = attnmt("translate", "--trust-code", *run, cwd=tmp_path, text="The shirt.\n")
    assert (done.returncode, done.stdout) == (2, "")
    assert "cannot import 'my_attention:ReadSoFar'" in done.stderr
    assert str(tmp_path) in done.stderr and "Traceback" not in done.stderr


def test_a_run_that_names_code_needs_the_user_s_trust_or_the_user_s_word(
    coverage: Path, attnmt: Command
) -> None:
    done = attnmt("translate", cwd=coverage, text="The shirt.\n")
    assert (done.returncode, done.stdout) == (2, "")
    assert "this run names code, 'my_attention:ReadSoFar'" in done.stderr
    named = ("--set", "model.attention.type=my_attention:ReadSoFar")
    done = attnmt("translate", *named, cwd=coverage, text="The shirt.\n")
    assert done.returncode == 0 and done.stdout.count("\n") == 1


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        (
            "type=nowhere:Mine",
            "cannot import 'nowhere:Mine': No module named 'nowhere'",
        ),
        ("type=wrong:Mine", "to be a subclass of attnmt.layers.attention.Attention"),
        ("type=broken:Mine", "broken.py, line 2"),
        ("colour=red", "'colour'; its options are: units"),
        ("type=dot", "found queries of 40 and keys of 48"),
    ],
)
def test_an_attention_that_cannot_be_is_told_at_once(
    setting: str, message: str, trained: Path, attnmt: Command, tmp_path: Path
) -> None:
    shutil.copy(trained / "config.yaml", tmp_path)
    (tmp_path / "wrong.py").write_text("class Mine:\n    pass\n", "utf-8")
    (tmp_path / "broken.py").write_text("class Mine:\n    def (\n", "utf-8")
    change = f"model.attention.{setting}"
    done = attnmt("train", "config.yaml", "--set", change, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "runs").exists()
