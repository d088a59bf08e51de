"""What docs/dump_format.md says of a dump."""

import json
import re
from pathlib import Path

import numpy as np

from attnmt.analysis.dump_writer import DONE, HEADER, RECORDS, WEIGHTS, DumpWriter

TEXT = (Path(__file__).parents[2] / "docs/dump_format.md").read_text("utf-8")


def test_the_fields_of_a_line_are_those_that_are_described(tmp_path, make_record):
    record = make_record(0, "Haus").model_copy(
        update={"extras": {"p_center": np.zeros((2, 1), np.float32)}}
    )
    with DumpWriter(tmp_path / "dump", {}) as dump:
        dump.write(record)
    line = json.loads((tmp_path / "dump" / RECORDS).read_bytes())
    rows = re.findall(r"^\| (`.*?) \|", TEXT, flags=re.M)
    described = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert line.keys() == described | {"p_center"}


def test_the_files_of_a_dump_are_described():
    assert all(f"`{name}`" in TEXT for name in (HEADER, RECORDS, WEIGHTS, DONE))
