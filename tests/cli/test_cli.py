import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import attnmt
from attnmt import cli
from attnmt.cli.commands import COMMANDS, load_command
from attnmt.errors import AttnmtError, ConfigError, DataError, DivergedError

HEAVY = {"tensorflow", "keras", "tensorflow_datasets"}
CONFIG = """\
run_dir: runs/x
data: {source_lang: en, target_lang: de, train: [{tsv: train.tsv}]}
"""


def attnmt_command(
    *arguments: str, cwd: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "attnmt", *arguments],
        capture_output=True,
        encoding="utf-8",
        cwd=cwd,
        env=os.environ | environment,
    )


def imported(*arguments: str, cwd: Path | None = None) -> set[str]:
    """The top-level packages that a command imports."""
    result = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "attnmt", *arguments],
        capture_output=True,
        encoding="utf-8",
        cwd=cwd,
    )
    lines = [line for line in result.stderr.split("\n") if "import time:" in line]
    assert len(lines) > 50
    return {line.rpartition("|")[2].strip().split(".")[0] for line in lines}


def run_main(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> object:
    monkeypatch.setattr(sys, "argv", ["attnmt", *arguments])
    with pytest.raises(SystemExit) as end:
        cli.main()
    return end.value.code or 0


def test_help_imports_nothing_heavy() -> None:
    assert not imported("--help") & (HEAVY | {"numpy", "pydantic", "sentencepiece"})


def test_help_answers_in_half_a_second() -> None:
    def seconds() -> float:
        # Of processor time, which other work on the machine does not change.
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        attnmt_command("--help")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    assert min(seconds() for _ in range(3)) < 0.5


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_a_command_imports_no_tensorflow(name: str) -> None:
    assert not imported(name, "--help") & HEAVY


@pytest.mark.parametrize("name", ["train", "config show"])
def test_a_wrong_configuration_is_told_without_tensorflow(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / "c.yaml").write_text(CONFIG + "sed: 3\n", "utf-8")
    arguments = [*name.split(), "c.yaml"]
    result = attnmt_command(*arguments, cwd=tmp_path)
    assert result.returncode == 2 and result.stdout == ""
    assert result.stderr == "c.yaml:3: sed: unknown key, did you mean seed?\n"
    assert not imported(*arguments, cwd=tmp_path) & HEAVY


@pytest.mark.parametrize("name", COMMANDS)
def test_the_summary_in_the_help_is_that_of_the_command(name: str) -> None:
    help_text = (load_command(name).help or "").strip()
    assert help_text.split("\n")[0] == COMMANDS[name][1]


def test_the_help_lists_all_commands() -> None:
    result = attnmt_command("--help")
    assert result.returncode == 0
    assert all(f" {name} " in result.stdout for name in COMMANDS)


def test_the_installed_command_tells_its_version() -> None:
    command = Path(sys.executable).parent / "attnmt"
    result = subprocess.run([command, "--version"], capture_output=True, text=True)
    assert result.stdout == f"attnmt {attnmt.__version__}\n"


@pytest.mark.parametrize(
    "arguments",
    [[], ["trian"], ["--nonsense"], ["train"], ["config", "show"], ["info", "x"]],
)
def test_a_wrong_command_line_exits_with_2(arguments: list[str]) -> None:
    result = attnmt_command(*arguments)
    assert result.returncode == 2
    assert "Usage" in result.stdout + result.stderr
    assert "Traceback" not in result.stderr


def test_a_misspelt_command_gets_a_suggestion() -> None:
    assert "Did you mean 'train'" in attnmt_command("trian").stderr


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (AttnmtError("expected x"), 1),
        (ConfigError("expected x"), 2),
        (DataError("expected x"), 3),
        (DivergedError("expected x"), 4),
    ],
)
def test_a_users_error_is_its_message_and_its_exit_code(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: AttnmtError,
    code: int,
) -> None:
    def fail(arguments: list[str]) -> None:
        raise error

    monkeypatch.setattr(cli, "_run", fail)
    assert run_main(monkeypatch, "info") == code
    assert capsys.readouterr() == ("", "expected x\n")
    assert run_main(monkeypatch, "info", "--debug") == code
    captured = capsys.readouterr().err
    assert captured.startswith("Traceback") and captured.endswith("\nexpected x\n")


def test_an_unexpected_error_is_named_with_a_hint(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(arguments: list[str]) -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr(cli, "_run", fail)
    assert run_main(monkeypatch, "info") == 1
    error = capsys.readouterr().err
    assert "Traceback" not in error
    assert error == (
        "attnmt: unexpected ZeroDivisionError: by zero\n"
        "run again with --debug for the traceback\n"
    )


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError(13, "Permission denied", "runs/x"), "attnmt: runs/x: Permission "),
        (OSError(28, "No space left on device"), "make room, then run the command"),
    ],
)
def test_what_the_system_refuses_is_told_as_a_matter_of_data(
    error: OSError,
    told: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(arguments: list[str]) -> None:
        raise error

    monkeypatch.setattr(cli, "_run", fail)
    assert run_main(monkeypatch, "info") == 3
    assert told in capsys.readouterr().err


def test_an_interrupted_command_exits_with_130(tmp_path: Path) -> None:
    fifo = tmp_path / "c.yaml"
    os.mkfifo(fifo)  # the command waits for a writer
    process = subprocess.Popen(
        [sys.executable, "-m", "attnmt", "config", "show", fifo],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # What a shell starts in the background ignores Ctrl-C, its children too.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    with open(fifo, "wb"):  # the command has opened it, so it is running
        process.send_signal(signal.SIGINT)
        output, error = process.communicate(timeout=60)
    assert (process.returncode, output, error) == (130, b"", b"")


def test_a_closed_pipe_ends_the_command_quietly() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    result = subprocess.run(
        [sys.executable, "-m", "attnmt", "config", "schema"],
        stdout=writer,
        stderr=subprocess.PIPE,
    )
    os.close(writer)
    assert result.stderr == b"" and result.returncode == 1


@pytest.mark.parametrize(
    ("closed", "output", "error"),
    [(0, "", "no.yaml"), (1, "", "no.yaml"), (2, "", "")],
)
def test_closed_streams_are_no_errors(
    closed: int, output: str, error: str, tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "attnmt", "config", "show", "no.yaml"],
        stdout=None if closed == 1 else subprocess.PIPE,
        stderr=None if closed == 2 else subprocess.PIPE,
        encoding="utf-8",
        cwd=tmp_path,
        preexec_fn=lambda: os.close(closed),
    )
    assert done.returncode in (2, 3) and (done.stdout or "") == output
    assert error in (done.stderr or "") and "unexpected" not in (done.stderr or "")


def test_output_is_utf_8_whatever_the_locale(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(CONFIG.replace("runs/x", "runs/é"), "utf-8")
    locale = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    result = attnmt_command("config", "show", "c.yaml", cwd=tmp_path, **locale)
    assert result.stdout.startswith("run_dir: runs/é\n")


def test_config_show_prints_what_loads_back(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(CONFIG, "utf-8")
    setting = ["--set", "training.batch_tokens=77", "--set", "seed=5"]
    first = attnmt_command("config", "show", "c.yaml", *setting, cwd=tmp_path).stdout
    assert "batch_tokens: 77\n" in first and "seed: 5\n" in first
    (tmp_path / "shown.yaml").write_text(first, "utf-8")
    second = attnmt_command("config", "show", str(tmp_path / "shown.yaml")).stdout
    assert first == second


def test_config_schema_is_json_and_explain_a_sentence() -> None:
    schema = json.loads(attnmt_command("config", "schema").stdout)
    assert schema["properties"]["seed"]["default"] == 1
    assert attnmt_command("config", "explain", "seed").stdout.startswith("seed: Seed")
    wrong = attnmt_command("config", "explain", "sed")
    assert wrong.returncode == 2
    assert wrong.stderr == "sed: unknown key, did you mean seed?\n"


@pytest.mark.slow
def test_explaining_the_attention_tells_the_options_of_each_mechanism() -> None:
    told = attnmt_command("config", "explain", "model.attention").stdout
    assert told.startswith("model.attention: How")
    assert "  local_m: score" in told and "window (10)" in told


def test_info_tells_versions_and_the_newest_run_without_tensorflow(
    tmp_path: Path,
) -> None:
    run = tmp_path / "runs" / "newest"
    run.mkdir(parents=True)
    (run / "config.yaml").write_text(CONFIG, "utf-8")
    result = attnmt_command("info", cwd=tmp_path, ATTNMT_RUN="")
    found = dict(line.split(maxsplit=1) for line in result.stdout.strip().split("\n"))
    assert found["attnmt"] == attnmt.__version__
    assert found["tensorflow"][0].isdigit() and found["keras"][0].isdigit()
    assert "runs/newest" in result.stdout
    assert not imported("info") & HEAVY


@pytest.mark.slow
def test_info_tells_the_device() -> None:
    result = attnmt_command("info", "--device")
    assert result.returncode == 0
    line = result.stdout.strip().split("\n")[-1]
    assert line.startswith("device") and ("GPU" in line)
