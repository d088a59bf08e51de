"""Whether a run folder holds a training that a configuration may go on with."""

from typing import Literal

from attnmt.config.schema import Config
from attnmt.errors import ConfigError
from attnmt.run import Run

Resume = Literal["auto", "never", "must"]
# Settings that may change between two commands of one training.
_FREE = (
    "run_dir",
    "validation",
    "decoding",
    "runtime",
    "data.valid",
    "data.test",
) + tuple(
    f"training.{name}"
    for name in ("max_epochs", "max_steps", "report_every", "save_every", "keep")
)


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
    changed = differences(flat(run.load_config()), flat(config))
    if changed:
        lines = "\n".join(f"  {line}" for line in changed)
        raise ConfigError(
            f"{run.path} was trained with other settings, which cannot change on the "
            f"way:\n{lines}\nchoose another run_dir (--set run_dir=...), or set them "
            "back"
        )


def flat(config: Config) -> dict[str, object]:
    """Settings by their dotted names, those that may change left out."""
    flat: dict[str, object] = {}

    def walk(prefix: str, value: object) -> None:
        if prefix in _FREE:
            return
        if isinstance(value, dict):
            for key, inner in value.items():
                walk(f"{prefix}.{key}" if prefix else key, inner)
        else:
            flat[prefix] = value

    walk("", config.model_dump(mode="json"))
    return flat


def differences(old: dict[str, object], new: dict[str, object]) -> list[str]:
    """A line for each setting that is not what it was."""
    names = sorted(old.keys() | new.keys())
    return [
        f"{name}: was {old.get(name)!r}, now {new.get(name)!r}"
        for name in names
        if old.get(name) != new.get(name)
    ]
