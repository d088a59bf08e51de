"""Whether a run folder holds a training that a configuration may go on with."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from attnmt.config.loading import dump_config, flattened
from attnmt.config.schema import Config
from attnmt.errors import AttnmtError, ConfigError
from attnmt.run import Run
from attnmt.sealed import read_sealed

Resume = Literal["auto", "never", "must"]
# Settings that may change between two commands of one training.
_FREE = (
    "run_dir",
    "validation",
    "decoding",
    "runtime.device",
    "runtime.threads",
    "data.valid",
    "data.test",
) + tuple(
    f"training.{name}"
    for name in ("max_epochs", "max_steps", "report_every", "save_every", "keep")
)
_FILES = ("source", "target", "tsv")  # of a corpus


def check_resume(config: Config, run: Run, exists: bool, resume: Resume) -> None:
    """Raise ConfigError for a training that is there, or not, or of other settings."""
    if not exists:
        if resume == "must":
            raise ConfigError(f"--resume must: no checkpoint in {run.checkpoints_dir}")
        return
    if resume == "never":
        raise ConfigError(
            f"--resume never: {run.path} holds a training already: choose another "
            "run_dir, or remove the folder"
        )
    manifest = _manifest(run)
    if "average_of" in manifest:
        raise ConfigError(
            f"{run.path} is an average: no training goes on from it: begin another "
            "with --init-from"
        )
    was, now = _settings(run.load_config(), manifest), flat(config)
    if _moved(manifest, config, was.get("data.train"), now["data.train"]):
        was["data.train"] = now["data.train"]
    changed = differences(was, now)
    if changed:
        lines = "\n".join(f"  {line}" for line in changed)
        raise ConfigError(
            f"{run.path} was trained with other settings, which cannot change on the "
            f"way:\n{lines}\nchoose another run_dir (--set run_dir=...), or set them "
            "back"
        )


def check_parent(run: Run, init_from: Path) -> None:
    """Raise ConfigError when the training that is there did not begin with this run."""
    began = _manifest(run).get("init_from", "")  # "": earlier versions do not tell
    if began not in ("", str(init_from.resolve())):
        raise ConfigError(
            f"--init-from {init_from}: {run.path} holds a training that began with "
            f"{began or 'new weights'}: leave it out to go on with that, or choose "
            "another run_dir"
        )


def _settings(config: Config, manifest: Mapping[str, Any]) -> dict[str, object]:
    """What the run was trained with: its config.yaml may have been edited since."""
    was, kept = flat(config), manifest.get("settings", {})
    if kept:  # the options of a mechanism have no defaults there
        for name in config.model.attention.options:
            was.pop(f"model.attention.{name}", None)
    return was | kept


def _manifest(run: Run) -> dict[str, Any]:
    return read_sealed(run.manifest_file) if run.manifest_file.is_file() else {}


def check_own(run: Run) -> None:
    """Raise ConfigError for a folder with what is no training's and would be lost."""
    if run.manifest_file.is_file() or _was_begun(run):
        return
    for path in (run.config_file, run.tokenizer_dir):
        if path.exists():
            raise ConfigError(
                f"run_dir: {run.path}: expected a new folder or that of a training, "
                f"found {path}, which a training would replace: move it, or choose "
                "another run_dir"
            )


def _was_begun(run: Run) -> bool:
    """Whether the configuration there is one that a training has written."""
    try:
        return run.config_file.read_text("utf-8") == dump_config(run.load_config())
    except (AttnmtError, OSError, UnicodeDecodeError):
        return False


def flat(config: Config) -> dict[str, object]:
    """Settings by their dotted names, those that may change left out."""
    return {
        name: value
        for name, value in flattened(config).items()
        if not any(name == free or name.startswith(f"{free}.") for free in _FREE)
    }


def differences(old: dict[str, object], new: dict[str, object]) -> list[str]:
    """A line for each setting that is not what it was."""
    names = sorted(old.keys() | new.keys())
    return [
        f"{name}: was {old.get(name)!r}, now {new.get(name)!r}"
        for name in names
        if old.get(name) != new.get(name)
    ]


def _moved(
    manifest: Mapping[str, Any], config: Config, was: object, now: object
) -> bool:
    """Whether training text differs by its paths alone, and is as large as it was."""
    files = [
        [path for path in (corpus.source, corpus.target, corpus.tsv) if path]
        for corpus in config.data.train
    ]
    try:
        sizes = [[file[1] for file in each["text"]] for each in manifest["data"]]
        return _placeless(was) == _placeless(now) and sizes == [
            [path.stat().st_size for path in paths] for paths in files
        ]
    except (AttributeError, IndexError, KeyError, OSError, TypeError):
        return False  # text of TFDS, or what is told by check_text


def _placeless(corpora: Any) -> list[dict[str, object]]:
    return [
        {k: v is not None if k in _FILES else v for k, v in corpus.items()}
        for corpus in corpora
    ]
