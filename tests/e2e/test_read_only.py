"""A run folder that may only be read: it is used, and what cannot be kept is told."""

import ctypes
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
Command = Callable[..., subprocess.CompletedProcess[str]]
PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 24, 1, 2


def obey_permissions() -> None:
    """Root does from the next program on; others do anyway, and may not call this."""
    for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
        ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)


@pytest.fixture
def read_only(work: Path) -> Iterator[Path]:
    """The folder `work`, in which nobody may write into runs/tiny."""
    folders = [work / "runs/tiny", *(work / "runs/tiny").rglob("*")]
    for path in folders:
        path.chmod(0o555 if path.is_dir() else 0o444)
    yield work
    for path in folders:
        path.chmod(0o755)


@pytest.fixture
def obeying(
    command: list[str], environment: dict[str, str], read_only: Path
) -> Callable[..., subprocess.CompletedProcess[str]]:
    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*command, *map(str, arguments)],
            preexec_fn=obey_permissions,
            cwd=read_only,
            env=environment,
            capture_output=True,
            encoding="utf-8",
        )

    return run


def test_a_training_does_not_begin(obeying: Command) -> None:
    done = obeying("train", "config.yaml", "--set", "training.max_epochs=9")
    assert (done.returncode, done.stdout) == (2, "")
    assert "runs/tiny: cannot be written: permission denied" in done.stderr
    assert "Traceback" not in done.stderr


def test_it_translates_and_is_verified(obeying: Command, read_only: Path) -> None:
    (read_only / "in.txt").write_text("The shirt is old.\n", "utf-8")
    done = obeying("translate", "in.txt", "-o", "out.txt")
    assert done.returncode == 0, done.stderr
    assert (read_only / "out.txt").read_text("utf-8").count("\n") == 1
    assert obeying("verify", "runs/tiny").returncode == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("translate", "in.txt", "-o", "runs/tiny/out.txt"),
        ("shortlist",),
        ("export",),
        ("tune-decoding", "--beams", "1", "--write"),
        ("eval",),
    ],
)
def test_what_cannot_be_kept_is_told(
    obeying: Command, read_only: Path, arguments: tuple[str, ...]
) -> None:
    (read_only / "in.txt").write_text("The shirt is old.\n", "utf-8")
    done = obeying(*arguments)
    assert done.returncode == 3, done.stderr
    last = done.stderr.strip().split("\n")[-1]
    assert "runs/tiny" in last and "Permission denied" in last
    assert "Traceback" not in done.stderr
    assert ("BLEU" in done.stdout) == (arguments == ("eval",))
