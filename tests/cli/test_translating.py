"""What a translator of TensorFlow is loaded from."""

import gzip
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from attnmt.cli.engines import _fitting
from attnmt.cli.outputs import check_growing
from attnmt.cli.translating import (
    Device,
    Format,
    Links,
    Precision,
    Shown,
    check_precision,
    load_translator,
    shown_of,
    write,
)
from attnmt.errors import ConfigError, DataError
from attnmt.exported import HEADER, ORIGIN, VERSION
from attnmt.run import Run
from attnmt.sealed import sealed
from attnmt.text.partial import NOTHING


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
    (tmp_path / HEADER).write_text(sealed(header), "utf-8")
    with pytest.raises(
        DataError, match="expected an export for LiteRT, .*name the run"
    ):
        _fitting(tmp_path, Run(tmp_path))


def test_an_input_is_neither_the_output_nor_where_it_grows(tmp_path: Path) -> None:
    (tmp_path / "out.partial").write_text("a line\n", "utf-8")
    (tmp_path / "in").write_text("a line\n", "utf-8")
    check_growing(tmp_path / "out", tmp_path / "in")
    for output, file in (("in", "in"), ("out", "out.partial")):
        with pytest.raises(ConfigError, match="expected an output that is not the in"):
            check_growing(tmp_path / output, tmp_path / file)
    with pytest.raises(ConfigError, match="expected another name than that of the out"):
        check_growing(tmp_path / "out", attention=tmp_path / "x/../out")


def test_options_that_would_do_nothing_are_refused(tmp_path: Path) -> None:
    assert shown_of(Format.tsv, Links.strong).links == "strong"
    with pytest.raises(ConfigError, match="--links: expected --align"):
        shown_of(Format.text, Links.strong)
    with pytest.raises(ConfigError, match="--attention-dtype: expected --attention"):
        check_precision(Precision.f4, None)


def test_a_packed_output_is_not_flushed_line_by_line(tmp_path: Path) -> None:
    text = [f"the same line again {i % 7}" for i in range(2000)]
    lines = [[SimpleNamespace(text=line, norm_score=0.0)] for line in text]
    shown = Shown(Format.text, "argmax", text=True)
    found: Any = lines
    write(tmp_path / "out.gz", found, shown, {}, NOTHING)
    packed = (tmp_path / "out.gz").read_bytes()
    assert gzip.decompress(packed).decode().split("\n")[:-1] == text
    assert len(packed) < 1000  # some 5 bytes a line when each is flushed
