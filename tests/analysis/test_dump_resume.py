"""A dump that was killed is resumed as if nothing had happened."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from attnmt.analysis.dump import Dump, DumpWriter, Record
from attnmt.analysis.dump_resume import ResumedDump
from attnmt.errors import DataError

HEADER = {"mode": "translate", "sizes": (1, 2)}
NAMES = ("header.json", "records.jsonl", "weights.bin", "DONE.json")
SOURCES = ["ein Kahn", "", "zwei \u2028 Kähne", "drei Kähne", "", "vier", "fünf"]
ALONE = [(source,) for source in SOURCES]
WINDOW = 3


@pytest.fixture(scope="module")
def records(make_record: Callable[..., Record]) -> list[Record]:
    """Two hypotheses for each line that is not blank."""
    found = []
    for i, source in enumerate(SOURCES):
        ranks = range(2 if source else 1)
        fields = {"n_best": len(ranks), "heads": 2}
        found += [make_record(i, source, rank=rank, **fields) for rank in ranks]
    return found


def contents(path: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in path.iterdir()}


@pytest.fixture(scope="module")
def whole(records, tmp_path_factory) -> dict[str, bytes]:
    """The files of a dump that was written in one go."""
    path = tmp_path_factory.mktemp("whole") / "dump"
    with DumpWriter(path, HEADER) as dump:
        for record in records:
            dump.write(record)
    return contents(path)


@pytest.fixture
def killed(tmp_path: Path, whole) -> Path:
    """That dump without its end, as it is before DONE.json is written."""
    path = tmp_path / "dump"
    path.mkdir()
    for name in NAMES[:-1]:
        (path / name).write_bytes(whole[name])
    return path


def resumed(
    path: Path, inputs: Sequence[Sequence[str]] = ALONE, header: dict = HEADER
) -> ResumedDump:
    return ResumedDump(path, header, inputs=inputs, window=WINDOW)


def finish(dump: ResumedDump, records: list[Record]) -> list[Record]:
    """Write what is missing; what a reader of the output gets."""
    with dump:
        found = [record for group in dump.kept() for record in group]
        for record in records:
            if record.id >= dump.kept_lines:
                found.append(dump.write(record))
    return found


@pytest.mark.parametrize("name", NAMES[1:3])
def test_cut_anywhere_the_rest_makes_the_files_the_same(killed, records, whole, name):
    size, kept = len(whole[name]), set()
    for length in {*range(0, size, size // 60), size - 1, size}:
        for other in NAMES[:-1]:
            (killed / other).write_bytes(whole[other])
        (killed / "DONE.json").unlink(missing_ok=True)
        (killed / name).write_bytes(whole[name][:length])
        dump = resumed(killed)
        kept.add(dump.kept_lines)
        found = finish(dump, records)
        assert contents(killed) == whole
        assert [r.model_dump() for r in found] == [r.model_dump() for r in records]
    assert kept == {0, WINDOW, 2 * WINDOW}


def test_what_is_passed_on_is_what_the_dump_holds(killed, records):
    found = finish(resumed(killed), records)
    for passed, read, given in zip(found, Dump(killed), records, strict=True):
        np.testing.assert_array_equal(passed.weights, read.weights)
        assert passed.alignment == read.alignment
        np.testing.assert_allclose(passed.weights, given.weights, atol=1e-3)


def test_what_follows_damaged_weights_is_made_again(killed, records, whole):
    damaged = json.loads(whole["records.jsonl"].split(b"\n")[6])
    assert damaged["id"] == WINDOW
    raw = bytearray(whole["weights.bin"])
    raw[damaged["offset"] + 1] ^= 1
    (killed / "weights.bin").write_bytes(raw)
    dump = resumed(killed)
    assert dump.kept_lines == WINDOW
    finish(dump, records)
    assert contents(killed) == whole


def test_a_finished_dump_is_kept_whole(killed, records, whole):
    (killed / "DONE.json").write_bytes(whole["DONE.json"])
    dump = resumed(killed)
    assert dump.kept_lines == len(SOURCES)
    assert len(finish(dump, records)) == len(records)
    assert contents(killed) == whole


def test_without_a_dump_there_is_nothing_to_keep(tmp_path, records, whole):
    dump = resumed(tmp_path / "dump")
    assert dump.kept_lines == 0
    finish(dump, records)
    assert contents(tmp_path / "dump") == whole


def test_an_error_on_the_way_leaves_a_dump_to_resume(killed, records, whole):
    with pytest.raises(RuntimeError), resumed(killed) as dump:
        for record in records[10:11]:
            dump.write(record)
        raise RuntimeError
    assert not (killed / "DONE.json").exists()
    finish(resumed(killed), records)
    assert contents(killed) == whole


CHANGED = [*ALONE[:5], ("other",), ALONE[6]]
PAIRS = [(source, "a boat is sinking .") for source in SOURCES]


@pytest.mark.parametrize(
    ("inputs", "problem"),
    [
        (CHANGED, "records.jsonl:9: is not of line 6 of the input"),
        (ALONE[:2], "records.jsonl:4: is not of line 3 of the input"),
        ([*PAIRS[:6], (SOURCES[6], "x")], ":11: is not of line 7"),
    ],
)
def test_other_texts_are_refused_and_nothing_changes(killed, inputs, problem):
    before = contents(killed)
    with pytest.raises(DataError, match=problem):
        resumed(killed, inputs)
    assert contents(killed) == before


def test_given_targets_are_compared_except_those_of_blank_sources(killed):
    pairs = [(source, target if source else "any") for source, target in PAIRS]
    assert resumed(killed, pairs).kept_lines == 2 * WINDOW


def test_more_lines_than_a_finished_dump_has_are_refused(killed, whole):
    (killed / "DONE.json").write_bytes(whole["DONE.json"])
    with pytest.raises(DataError, match="finished after 7 lines, but the input has"):
        resumed(killed, [*ALONE, ("acht",)])
    assert contents(killed) == whole


def test_another_header_is_told_by_its_key(killed):
    with pytest.raises(DataError, match="header.json: expected mode 'force', found 't"):
        resumed(killed, header=HEADER | {"mode": "force"})
    with pytest.raises(DataError, match="expected n_best 2, found None"):
        resumed(killed, header=HEADER | {"n_best": 2})
