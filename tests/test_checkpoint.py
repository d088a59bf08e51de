"""Checkpoints survive what can happen to files."""

import json
import os
from pathlib import Path

import keras
import numpy as np
import pytest

from attnmt import checkpoint
from attnmt.checkpoint import OPTIMIZER, STATE, WEIGHTS, State
from attnmt.errors import DataError
from attnmt.sealed import read_sealed, sealed
from attnmt.tensor_header import read_shapes


def weights(step: int) -> dict[str, np.ndarray]:
    return {
        "encoder.kernel": np.full((2, 3), step, np.float32),
        "decoder.bias": np.arange(5, dtype=np.float32),
    }


def optimizer(step: int) -> dict[str, np.ndarray]:
    return {"iteration": np.asarray(step, np.int32)}  # a number, without an axis


def save(folder: Path, step: int, **state) -> Path:
    return checkpoint.save(
        folder, weights(step), optimizer(step), State(step=step, **state)
    )


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_is_saved_is_loaded(tmp_path):
    saved = save(tmp_path, 12, epoch=3, best_value=0.1 + 0.2, seconds=1.5)
    assert saved == tmp_path / "000000012"
    state = checkpoint.load_state(saved)
    assert state.sha256.keys() == {WEIGHTS, OPTIMIZER}
    state.sha256 = {}
    assert state == State(step=12, epoch=3, best_value=0.1 + 0.2, seconds=1.5)
    for name, arrays in ((WEIGHTS, weights(12)), (OPTIMIZER, optimizer(12))):
        loaded = checkpoint.load_arrays(saved / name)
        assert loaded.keys() == arrays.keys()
        for key, array in arrays.items():
            assert loaded[key].shape == array.shape, key
            assert loaded[key].dtype == array.dtype
            np.testing.assert_array_equal(loaded[key], array)


def test_a_transposed_array_keeps_its_values(tmp_path):
    array = np.arange(6, dtype=np.float32).reshape(2, 3).T
    saved = checkpoint.save(tmp_path, {"kernel": array}, {}, State(step=1))
    np.testing.assert_array_equal(
        checkpoint.load_arrays(saved / WEIGHTS)["kernel"], array
    )


def test_numbers_without_an_axis_come_back_into_their_variables(tmp_path):
    saved = save(tmp_path, 7)
    iteration = keras.Variable(0, dtype="int32")
    arrays = checkpoint.load_arrays(saved / OPTIMIZER)
    checkpoint.assign({"iteration": iteration}, arrays, saved / OPTIMIZER)
    assert int(iteration) == 7


def flip_a_bit(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[-3] ^= 1
    file.write_bytes(data)


def truncate(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-5])


@pytest.mark.parametrize("name", [WEIGHTS, OPTIMIZER, STATE])
@pytest.mark.parametrize("damage", [flip_a_bit, truncate, Path.unlink])
def test_a_damaged_file_is_named_and_the_older_checkpoint_used(
    tmp_path, capsys, name, damage
):
    older, newer = save(tmp_path, 5), save(tmp_path, 10)
    damage(newer / name)
    found = checkpoint.newest_valid(tmp_path)
    assert found is not None
    assert found[0] == older
    assert found[1].step == 5
    assert str(newer / name) in capsys.readouterr().err


def test_every_flipped_byte_is_noticed(tmp_path):
    saved = save(tmp_path, 5)
    for name in (WEIGHTS, OPTIMIZER):
        whole = (saved / name).read_bytes()
        for position in range(len(whole)):
            damaged = bytearray(whole)
            damaged[position] ^= 0x10
            (saved / name).write_bytes(damaged)
            with pytest.raises(DataError, match=name):
                checkpoint.load_state(saved)
        (saved / name).write_bytes(whole)
    assert checkpoint.load_state(saved).step == 5


@pytest.mark.parametrize(
    "text", ["[]", "", '{"format": 1, "step": 5, "colour": 3}', '{"format": 99}']
)
def test_a_strange_state_is_refused(tmp_path, text):
    saved = save(tmp_path, 5)
    (saved / STATE).write_text(text)
    with pytest.raises(DataError, match=STATE):
        checkpoint.load_state(saved)


@pytest.mark.parametrize("value", ["\ud800", [[[[[0]]]]] * 3, {"a": None}])
def test_a_sealed_state_may_be_strange_too(tmp_path, value):
    saved = save(tmp_path, 5)
    values = read_sealed(saved / STATE)
    (saved / STATE).write_text(sealed({**values, "best_of": value}))
    with pytest.raises(DataError, match=STATE):
        checkpoint.load_state(saved)


def test_shapes_that_no_array_has_are_refused(tmp_path):
    for shape in ([0] * 100, [0, 2**63]):
        entry = {"dtype": "F32", "shape": shape, "data_offsets": [0, 0]}
        header = json.dumps({"kernel": entry}).encode()
        file = tmp_path / WEIGHTS
        file.write_bytes(len(header).to_bytes(8, "little") + header)
        with pytest.raises(DataError, match="no tensors in its header"):
            read_shapes(file)


def test_nothing_valid_is_nothing(tmp_path):
    assert checkpoint.newest_valid(tmp_path / "nowhere") is None
    truncate(save(tmp_path, 5) / WEIGHTS)
    assert checkpoint.newest_valid(tmp_path) is None


class Crash(Exception):
    """What a test lets happen in the middle of a save."""


def crash_at(monkeypatch, function: str, call: int) -> None:
    """Let the n-th call of os.function, from 1, raise."""
    real, calls = getattr(os, function), []

    def crashing(*args, **options):
        calls.append(args)
        if len(calls) == call:
            raise Crash
        return real(*args, **options)

    monkeypatch.setattr(os, function, crashing)


@pytest.mark.parametrize(
    ("function", "call"), [("fsync", 1), ("fsync", 2), ("fsync", 3), ("rename", 1)]
)
def test_a_crash_while_saving_leaves_the_older_checkpoint(
    tmp_path, monkeypatch, function, call
):
    older = save(tmp_path, 5)
    with monkeypatch.context() as patch:
        crash_at(patch, function, call)
        with pytest.raises(Crash):
            save(tmp_path, 10)
    found = checkpoint.newest_valid(tmp_path)
    assert found is not None and found[0] == older
    assert save(tmp_path, 10) == tmp_path / "000000010"  # and the next one succeeds
    checkpoint.prune(tmp_path, 2, set())
    assert names(tmp_path) == ["000000005", "000000010"]


@pytest.mark.parametrize("call", [1, 2])
def test_a_crash_while_saving_a_step_again_loses_nothing(tmp_path, monkeypatch, call):
    save(tmp_path, 5)
    with monkeypatch.context() as patch:
        crash_at(patch, "rename", call)
        with pytest.raises(Crash):
            save(tmp_path, 5)
    found = checkpoint.newest_valid(tmp_path)
    assert found is not None and found[1].step == 5
    checkpoint.prune(tmp_path, 1, set())
    assert names(tmp_path) == ["000000005"]


def test_saving_a_step_again_replaces_it(tmp_path):
    save(tmp_path, 5)
    again = checkpoint.save(tmp_path, weights(6), optimizer(5), State(step=5))
    found = checkpoint.load_arrays(again / WEIGHTS)
    np.testing.assert_array_equal(found["encoder.kernel"], 6.0)
    assert names(tmp_path) == ["000000005"]


def test_pruning_keeps_the_newest_and_the_best(tmp_path):
    for step in (1, 2, 3, 4, 5):
        save(tmp_path, step)
    (tmp_path / ".000000009.tmp").mkdir()
    checkpoint.prune(tmp_path, 2, {"000000002"})
    assert names(tmp_path) == ["000000002", "000000004", "000000005"]
    checkpoint.prune(tmp_path, 7, set())
    assert names(tmp_path) == ["000000002", "000000004", "000000005"]


def test_a_crash_while_pruning_leaves_whole_checkpoints(tmp_path, monkeypatch):
    for step in (1, 2, 3):
        save(tmp_path, step)
    with monkeypatch.context() as patch:
        crash_at(patch, "rmdir", 1)
        with pytest.raises(Crash):
            checkpoint.prune(tmp_path, 1, set())
    found = checkpoint.newest_valid(tmp_path)
    assert found is not None and found[1].step == 3
    for folder in tmp_path.glob("[0-9]*"):
        checkpoint.load_state(folder)


def variables() -> dict[str, keras.Variable]:
    return {
        "encoder.kernel": keras.Variable(np.ones((2, 3), np.float32)),
        "decoder.bias": keras.Variable(np.ones(5, np.float32)),
    }


def test_tensors_are_assigned_by_name():
    given = variables()
    checkpoint.assign(given, weights(4), Path("file"))
    for name, array in weights(4).items():
        np.testing.assert_array_equal(given[name], array)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"encoder.kernel": None}, "file: lacks tensor encoder.kernel"),
        ({"other": np.zeros(1)}, "file: has an unknown tensor other"),
        (
            {"decoder.bias": np.zeros((5, 1))},
            r"file: decoder.bias: expected \(5,\), found \(5, 1\)",
        ),
    ],
)
def test_other_tensors_are_refused_before_anything_changes(change, message):
    given = variables()
    arrays = {k: v for k, v in (weights(4) | change).items() if v is not None}
    with pytest.raises(DataError, match=message):
        checkpoint.assign(given, arrays, Path("file"))
    for variable in given.values():
        np.testing.assert_array_equal(variable, 1.0)


@pytest.mark.parametrize("content", [b"", b"not tensors", b"\xff" * 40])
def test_a_file_that_is_none_is_refused(tmp_path, content):
    file = tmp_path / WEIGHTS
    file.write_bytes(content)
    with pytest.raises(DataError, match=WEIGHTS):
        checkpoint.load_arrays(file)
