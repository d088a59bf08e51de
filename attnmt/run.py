"""The run folder: everything that came of one training, and where it is."""

import fcntl
import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from attnmt.config.schema import Config
from attnmt.errors import ConfigError, DataError

RUNS = Path("runs")
EXPORT_HEADER = "export.json"  # of an export, which may stand in a run's place


class Run:
    """A run folder and the names in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.config_file = path / "config.yaml"
        self.manifest_file = path / "manifest.json"
        self.tokenizer_dir = path / "tokenizer"
        self.encoded_dir = path / "encoded"
        self.shortlist_dir = path / "shortlist"
        self.checkpoints_dir = path / "checkpoints"
        self.metrics_file = path / "metrics.jsonl"
        self.tensorboard_dir = path / "tensorboard"
        self.validation_dir = path / "validation"

    @property
    def is_export(self) -> bool:
        """Whether the folder is an export in the place of a run."""
        return (self.path / EXPORT_HEADER).is_file()

    def eval_dir(self, name: str) -> Path:
        """Where the evaluation called `name` is written."""
        return self.path / "eval" / name

    def load_config(self, settings: Sequence[str] = ()) -> Config:
        """The effective configuration, with settings such as "decoding.beam_size=3".

        Raises DataError when this is no run folder and ConfigError for settings that
        would make another model.
        """
        from attnmt.config.loading import load_config

        for setting in settings:
            if not setting.strip().startswith(("decoding.", "model.attention.")):
                raise ConfigError(
                    f"--set {setting}: expected a key of decoding or model.attention: "
                    "the rest of a trained model stays as it is"
                )

        if not self.config_file.is_file():
            raise DataError(
                f"{self.path}: not a run folder: expected {self.config_file}, which "
                "attnmt train writes"
            )
        check_plain(self.path)
        return load_config(self.config_file, settings)

    def refuse_code(self, config: Config, settings: Sequence[str] = ()) -> None:
        """Raise ConfigError when this run, and no setting, names a class to import."""
        attention = config.model.attention
        for key in ("type", "normaliser", "coverage"):
            name = getattr(attention, key)
            given = f"model.attention.{key}={name}"
            if ":" in name and given not in [s.replace(" ", "") for s in settings]:
                raise ConfigError(
                    f"{self.config_file}: model.attention.{key}: this run names code, "
                    f"{name!r}, which loading it would run: if you trust it, say so "
                    "with --trust-code"
                )

    def best_checkpoint(self) -> Path:
        """The checkpoint that translates: the best, else the last."""
        for name in ("best", "last"):
            if (self.path / name).is_file():
                folder = self.pointed(name)
                if folder.is_dir():
                    return folder
                print(
                    f"{self.path / name}: there is no {folder}, which it names",
                    file=sys.stderr,
                )
        if self.is_export:
            raise DataError(
                f"{self.path}: expected the run itself, because an export only "
                "translates"
            )
        raise DataError(
            f"{self.path}: no checkpoint in {self.checkpoints_dir}: train the model "
            "first, or longer (attnmt train saves at every validation)"
        )

    def checkpoint_dir(self, step: int) -> Path:
        """Where the checkpoint of a step is, or would be."""
        return self.checkpoints_dir / f"{step:09d}"

    def pointed(self, name: str) -> Path:
        """What the pointer file `best` or `last` names, there or not."""
        pointer = self.path / name
        with open(pointer, "rb") as file:
            text = file.read(100).strip().decode("utf-8", "replace")
        if not re.fullmatch("[0-9]{9}", text):
            raise DataError(
                f"{pointer}: damaged: expected the name of a checkpoint, found {text!r}"
            )
        return self.checkpoints_dir / text

    def point(self, name: str, checkpoint: Path) -> None:
        """Let the pointer file `best` or `last` name a checkpoint."""
        write_atomically(self.path / name, checkpoint.name + "\n")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other trainings out while the block runs; ConfigError when one is in.

        The system holds the lock, on the folder itself: it ends with the process.
        """
        descriptor = os.open(self.path, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConfigError(
                f"{self.path}: another attnmt train is at work in this run folder: "
                "wait for its end, or choose another run_dir (--set run_dir=...)"
            ) from None
        except OSError:  # a file system that knows no locks
            pass
        try:
            yield
        finally:
            os.close(descriptor)


def check_plain(folder: Path) -> None:
    """Raise DataError when a folder holds anything but folders and plain files.

    A link may lead out of it, and a pipe or a device has no end.
    """
    waiting = [folder]
    while waiting:
        try:
            entries = list(os.scandir(waiting.pop()))
        except FileNotFoundError:  # a training at work has renamed it
            continue
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                waiting.append(Path(entry.path))
            elif not entry.is_file(follow_symlinks=False):
                raise DataError(
                    f"{entry.path}: expected folders and plain files in a run folder, "
                    "found a link, pipe or device: put the file itself there"
                )


def find_run(run: Path | None, option: str = "--run") -> Path:
    """`run`, else $ATTNMT_RUN, else the newest under ./runs, said on standard error.

    Raises ConfigError when there is none; `option` is what the user calls `run`.
    """
    if run is not None:
        return _existing(run, option)
    if named := os.environ.get("ATTNMT_RUN"):
        found, reason = _existing(Path(named), "ATTNMT_RUN"), "from ATTNMT_RUN"
    else:
        configs = sorted(RUNS.glob("*/config.yaml"), key=_trained_then_newest)
        if not configs:
            raise ConfigError(
                f"no run: expected --run DIR, the environment variable ATTNMT_RUN or a "
                f"run folder under ./{RUNS} (found none in {Path.cwd()})"
            )
        found, reason = configs[-1].parent, f"the newest under ./{RUNS}"
    print(f"run: {found} ({reason})", file=sys.stderr)
    return found


def _trained_then_newest(config: Path) -> tuple[bool, float]:
    """For sorting: a training that has saved nothing yet comes before all others."""
    return (config.parent / "last").is_file(), config.stat().st_mtime


def _existing(path: Path, origin: str) -> Path:
    if not (path / "config.yaml").is_file():
        raise ConfigError(
            f"{origin}: {path} is not a run folder: it has no config.yaml"
        )
    return path


def write_atomically(path: Path, text: str) -> None:
    """Write a small text file so that it is there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.unlink(missing_ok=True)
    # x: into a new file, never through a link that somebody has put there.
    with open(temporary, "x", encoding="utf-8", newline="\n") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
