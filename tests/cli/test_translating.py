"""What a translator of TensorFlow is loaded from."""

import json
from pathlib import Path

import pytest

from attnmt.cli.engines import _fitting
from attnmt.cli.translating import Device, check_output, load_translator
from attnmt.errors import ConfigError, DataError
from attnmt.exported import HEADER, ORIGIN, VERSION
from attnmt.run import Run


def test_an_export_is_not_taken_for_a_run(tmp_path: Path) -> None:
    (tmp_path / HEADER).touch()
    with pytest.raises(ConfigError, match="expected the run itself, because an export"):
        load_translator(tmp_path, None, Device.cpu, False)
    with pytest.raises(DataError, match="expected the run itself, because an export"):
        Run(tmp_path).best_checkpoint()


def test_a_saved_model_is_not_taken_for_one_of_litert(tmp_path: Path) -> None:
    header = {
        "version": VERSION,
        "format": "saved_model",
        "origin": dict.fromkeys(ORIGIN, "x"),
        "sha256": {"config.yaml": "x"},
        "attention": {"align_kind": "token"},
    }
    (tmp_path / HEADER).write_text(json.dumps(header), "utf-8")
    with pytest.raises(
        DataError, match="expected an export for LiteRT, .*name the run"
    ):
        _fitting(tmp_path, Run(tmp_path))


def test_an_input_is_neither_the_output_nor_where_it_grows(tmp_path: Path) -> None:
    (tmp_path / "out.partial").write_text("a line\n", "utf-8")
    (tmp_path / "in").write_text("a line\n", "utf-8")
    check_output(tmp_path / "out", tmp_path / "in")
    for output, file in (("in", "in"), ("out", "out.partial")):
        with pytest.raises(ConfigError, match="expected an output that is not the in"):
            check_output(tmp_path / output, tmp_path / file)
