"""`attnmt translate --workers`: several processes write what one writes."""

import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
Command = Callable[..., subprocess.CompletedProcess[str]]
DATA = Path(__file__).parents[2] / "data"
LINES = 90
MANY = 4000  # lines that take a while


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """`few`, with a blank line, is more than two windows of two lines a batch."""
    lines = (DATA / "train.en").read_text("utf-8").split("\n")
    few = [*lines[:7], "", *lines[7 : LINES - 1]]
    (tmp_path / "few").write_text("".join(f"{line}\n" for line in few), "utf-8")
    many = "".join(f"{line}\n" for line in lines[:MANY])
    (tmp_path / "many").write_text(many, "utf-8")
    return tmp_path


def test_workers_write_the_same_text_and_dump(folder, trained, attnmt) -> None:
    written = []
    for workers in ("1", "2"):
        dump, out = folder / f"dump{workers}", folder / f"out{workers}"
        done = attnmt(
            *("translate", "few", "-o", out, "--run", trained / "runs/tiny"),
            *("--batch-size", 2, "--n-best", 2, "--attention", dump),
            *("--workers", workers),
            cwd=folder,
            env={"TF_NUM_INTRAOP_THREADS": "1"},
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        files = [out, *sorted(dump.iterdir())]
        written.append({file.name.rstrip("12"): file.read_bytes() for file in files})
    assert written[0] == written[1]
    assert written[0]["out"].count(b"\n") == 2 * (LINES - 1) + 1


@pytest.fixture
def translating(folder, trained, command, environment):
    """A command that has begun to write what two workers find."""
    process = subprocess.Popen(
        [*command, "translate", "many", "--run", str(trained / "runs/tiny")]
        + ["--workers", "2", "--batch-size", "2"],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # What a shell starts in the background, as these tests may be, ignores it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stdout is not None
    assert process.stdout.readline()
    yield process
    process.kill()
    process.communicate()


def workers_of(process: subprocess.Popen) -> list[int]:
    """The processes that it has started to translate."""
    listed = subprocess.run(
        ["ps", "-ww", "-o", "pid=,args=", "--ppid", str(process.pid)],
        capture_output=True,
        text=True,
    )
    lines = listed.stdout.split("\n")
    return [int(line.split()[0]) for line in lines if "spawn_main" in line]


def all_gone(numbers: list[int]) -> bool:
    """Whether these processes end within a minute."""
    for _ in range(600):
        if not any(Path(f"/proc/{number}").exists() for number in numbers):
            return True
        time.sleep(0.1)
    return False


def test_a_killed_worker_is_one_clear_error(translating) -> None:
    workers = workers_of(translating)
    assert len(workers) == 2
    subprocess.run(["kill", "-KILL", str(workers[0])], check=True)
    _, said = translating.communicate()
    assert translating.returncode == 1
    assert said.startswith("--workers: a worker process was killed")
    assert said.count("\n") == 1 and all_gone(workers)


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)]
)
def test_no_worker_outlives_the_command(translating, number, code) -> None:
    workers = workers_of(translating)
    assert len(workers) == 2
    translating.send_signal(number)
    _, said = translating.communicate()
    assert translating.returncode == code
    if number == signal.SIGINT:  # after SIGKILL Python's resource tracker may speak
        assert said == ""
    assert all_gone(workers)


def test_what_is_wrong_with_the_model_is_told_once(folder, work, attnmt) -> None:
    run = work / "runs/tiny"
    (run / "best").unlink()
    (run / "last").unlink()
    done = attnmt("translate", "few", "--run", run, "--workers", 2, cwd=folder)
    assert (done.returncode, done.stdout) == (3, "")
    one = attnmt("translate", "few", "--run", run, cwd=folder)
    assert done.stderr == one.stderr


@pytest.mark.parametrize("workers", ["0", "-1", "two", "²"])
def test_a_wrong_number_of_workers_is_refused(folder, trained, attnmt, workers) -> None:
    run = ("--run", trained / "runs/tiny")
    done = attnmt("translate", "few", *run, "--workers", workers, cwd=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(
        "--workers: expected a number from 1 to 1024, or auto"
    )


def test_a_gpu_is_for_one_process(folder, trained, attnmt) -> None:
    options = ("--run", trained / "runs/tiny", "--workers", 2, "--device", "gpu")
    done = attnmt("translate", "few", *options, cwd=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert "--workers 2: --device gpu is for one process" in done.stderr
