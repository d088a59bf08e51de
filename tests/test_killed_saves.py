"""A SIGKILL at every write, sync, rename and removal of a save loses nothing."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from attnmt import checkpoint
from attnmt.checkpoint import State
from attnmt.run import Run

CALLS = ("mkdir", "fsync", "rename", "replace", "unlink", "rmdir")
STEPS = (5, 10, 10, 15)  # the third is saved again, as after a resume


def save_all(run: Run, steps: tuple[int, ...], done: Callable[[int], None]) -> None:
    """What a training does at each of its checkpoints."""
    for step in steps:
        weights = {"kernel": np.full((2, 3), step, np.float32)}
        state = State(step=step, best_step=5)
        folder = checkpoint.save(run.checkpoints_dir, weights, {}, state)
        run.point("last", folder)
        run.point("best", run.checkpoints_dir / "000000005")
        checkpoint.prune(run.checkpoints_dir, 1, {folder.name, "000000005"})
        done(step)


def kill_at(moment: int) -> None:
    """Let this process end, by SIGKILL, right before its call number `moment`.

    A write is half done by then.
    """
    count = 0

    def counted(real: Callable, half: Callable[..., object] | None = None) -> Callable:
        def call(*arguments, **options):
            nonlocal count
            count += 1
            if count == moment:
                if half is not None:
                    half(*arguments)
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*arguments, **options)

        return call

    def write_half(path: Path, data: bytes) -> None:
        path.write_bytes(data[: len(data) // 2])

    for name in CALLS:
        setattr(os, name, counted(getattr(os, name)))
    write = checkpoint._write_synced
    setattr(checkpoint, "_write_synced", counted(write, write_half))  # noqa: B010


def killed(run: Run, moment: int) -> tuple[bool, int]:
    """Save in a process of its own; whether it was killed, and what it had told."""
    read, write = os.pipe()
    if not (child := os.fork()):
        kill_at(moment)
        save_all(run, STEPS, lambda step: os.write(write, bytes([step])) and None)
        os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        told = pipe.read()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, -signal.SIGKILL)
    return code != 0, told[-1] if told else 0


def test_a_kill_at_any_call_loses_no_checkpoint_and_needs_no_human(tmp_path) -> None:
    moment, told, was_killed = 0, 0, True
    while was_killed:
        moment += 1
        run = Run(tmp_path / str(moment))
        run.path.mkdir()
        was_killed, told = killed(run, moment)
        found = checkpoint.newest_valid(run.checkpoints_dir)
        assert (found[1].step if found else 0) >= told, moment
        if told:
            assert run.best_checkpoint().name == "000000005", moment
        save_all(run, STEPS[-2:], lambda step: None)
        names = sorted(path.name for path in run.checkpoints_dir.iterdir())
        assert names == ["000000005", "000000015"][not told and not found :], moment
        for path in run.checkpoints_dir.iterdir():
            checkpoint.load_state(path)
    assert moment > 60 and told == STEPS[-1]


@pytest.mark.parametrize("name", ["fsync", "mkdir", "rename"])
def test_a_call_that_fails_leaves_no_half_checkpoint(
    name: str, tmp_path, monkeypatch
) -> None:
    run = Run(tmp_path / "run")
    run.path.mkdir()
    save_all(run, (5,), lambda step: None)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, name, full)
        with pytest.raises(OSError, match="No space left"):
            checkpoint.save(run.checkpoints_dir, {}, {}, State(step=10))
    found = checkpoint.newest_valid(run.checkpoints_dir)
    assert found is not None and found[1].step == 5


def test_a_save_does_not_begin_without_the_room_for_it(tmp_path, monkeypatch) -> None:
    usage = checkpoint.shutil.disk_usage(tmp_path)._replace(free=300)
    monkeypatch.setattr(checkpoint.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(OSError, match="No space left"):
        checkpoint.save(tmp_path, {"kernel": np.zeros(99)}, {}, State(step=5))
    assert list(tmp_path.iterdir()) == []


def test_files_are_the_user_s_alone_to_change_and_no_link_is_written_through(
    tmp_path,
) -> None:
    run, outside = Run(tmp_path / "run"), tmp_path / "outside"
    outside.write_text("as it was", "utf-8")
    run.checkpoints_dir.mkdir(parents=True)
    for place in (run.checkpoints_dir / ".000000005.tmp", run.path / ".last.tmp"):
        place.symlink_to(outside)
    before = os.umask(0o022)
    try:
        save_all(run, (5,), lambda step: None)
    finally:
        os.umask(before)
    assert outside.read_text("utf-8") == "as it was"
    for path in run.path.rglob("*"):
        assert not path.is_symlink()
        assert path.stat().st_mode & 0o777 == (0o755 if path.is_dir() else 0o644)
