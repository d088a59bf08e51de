"""What a run was made of: versions, data, command, device."""

import platform
import subprocess
from collections.abc import Sequence
from importlib.metadata import version

from attnmt import __version__, checkpoint, devices
from attnmt.config.schema import Config
from attnmt.run import Run, write_atomically
from attnmt.sealed import file_sha256, read_sealed, sealed
from attnmt.text.encoded import EncodedCorpus
from attnmt.training.progress import say
from attnmt.training.resuming import flat

_PACKAGES = (
    "tensorflow",
    "keras",
    "numpy",
    "sentencepiece",
    "sacrebleu",
    "safetensors",
)


def write_manifest(
    run: Run,
    config: Config,
    device: devices.Device,
    corpora: list[EncodedCorpus],
    command: Sequence[str],
    parent: Run | None,
    resumes: bool,
) -> None:
    """Write manifest.json, with a warning when a training goes on with other text."""
    data = [corpus.meta["fingerprint"] for corpus in corpora]
    init_from = str(parent.path.resolve()) if parent else None
    known = {}
    if resumes and run.manifest_file.is_file():
        known = read_sealed(run.manifest_file)
        init_from = known.get("init_from", "")
    if known and not _same_text(known.get("data"), data):
        say(
            "warning: the training text is not what it was when this training began "
            f"(see data in {run.manifest_file}): from here on it is other data"
        )
    manifest = {
        "format": checkpoint.FORMAT,
        "attnmt": __version__,
        "python": platform.python_version(),
        "packages": {name: version(name) for name in _PACKAGES},
        "git": _git_revision(),
        "command": list(command),
        "init_from": init_from,  # the run whose weights it began with
        "device": device.description,
        "data": data,
        "settings": flat(config),  # that the whole training has
        "config_sha256": file_sha256(run.config_file),
    }
    write_atomically(run.manifest_file, sealed(manifest))


def _same_text(was: object, now: object) -> bool:
    """Whether two fingerprints are of equal text; a file that has moved is as large."""
    match was, now:
        case [str(old), int(old_size), int(old_time)], [str(new), int(size), int(time)]:
            return old_size == size and (old != new or old_time == time)
        case list(), list():
            return len(was) == len(now) and all(map(_same_text, was, now))
        case dict(), dict():
            return was.keys() == now.keys() and all(
                _same_text(was[key], now[key]) for key in was
            )
    return was == now


def _git_revision() -> str | None:
    """The revision of the working directory, if it is under git."""
    try:
        found = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=12"],
            capture_output=True,
            text=True,
            timeout=10,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return found.stdout.strip() or None
