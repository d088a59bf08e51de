"""What a translator of TensorFlow is loaded from."""

from pathlib import Path

import pytest

from attnmt.cli.translating import Device, load_translator
from attnmt.errors import ConfigError
from attnmt.exported import HEADER


def test_an_export_is_not_taken_for_a_run(tmp_path: Path) -> None:
    (tmp_path / HEADER).touch()
    with pytest.raises(ConfigError, match="expected the run itself, because an export"):
        load_translator(tmp_path, None, Device.cpu, False)
