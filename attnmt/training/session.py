"""From a configuration to a trained run folder."""

import os
import platform
import shutil
import subprocess
from collections.abc import Sequence
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from attnmt import __version__, checkpoint, devices
from attnmt.config.loading import dump_config
from attnmt.config.schema import Config
from attnmt.errors import ConfigError
from attnmt.model import Seq2Seq, build_model, named_weights
from attnmt.run import Run, check_plain, write_atomically
from attnmt.sealed import file_sha256, read_sealed, sealed
from attnmt.text.corpora import read_pairs
from attnmt.text.encoded import EncodedCorpus, prepare_corpus
from attnmt.text.id_files import Side
from attnmt.text.tokenizer import Tokenizer, prepare_tokenizers
from attnmt.training.guidance import prepare_links
from attnmt.training.loop import Loop, point
from attnmt.training.progress import clock, say
from attnmt.training.step import Trainer, make_optimizer
from attnmt.training.validation import Validator

Resume = Literal["auto", "never", "must"]
_PACKAGES = (
    "tensorflow",
    "keras",
    "numpy",
    "sentencepiece",
    "sacrebleu",
    "safetensors",
)
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


def train(config: Config, resume: Resume = "auto", command: Sequence[str] = ()) -> Run:
    """Train until the end, from where an earlier command left off.

    Raises ConfigError when the run folder holds another training, DataError for
    unusable text, DivergedError when the loss is no longer a number.
    """
    run = Run(config.run_dir)
    with ExitStack() as stack:
        known = run.path.is_dir()
        if known:
            _enter(run, stack)
        found = checkpoint.newest_valid(run.checkpoints_dir)
        _check_resume(config, run, found is not None, resume)
        device = devices.prepare(config.runtime)
        # A model or text that cannot be is told before the wait.
        _check_guidance(config, build_model(config.model, 4, 4))
        _check_text(config)
        say(f"device: {device.description}")
        if not known:
            _make_folder(run)
            _enter(run, stack)
            if run.checkpoints_dir.exists():
                raise ConfigError(f"{run.path}: another training has just begun here")
        return _train(config, run, device, found, command)


def _enter(run: Run, stack: ExitStack) -> None:
    """Lock a run folder, see that it is safe to write into, clear left-overs away."""
    if not os.access(run.path, os.W_OK):
        raise ConfigError(f"run_dir: {run.path}: cannot be written: permission denied")
    stack.enter_context(run.locked())
    check_plain(run.path)
    for left_over in run.path.rglob(".*.tmp"):  # of a training that was killed
        checkpoint.remove(left_over)


def _train(
    config: Config,
    run: Run,
    device: devices.Device,
    found: tuple[Path, checkpoint.State] | None,
    command: Sequence[str],
) -> Run:
    if found is None:  # left by a training that was stopped early, of other settings
        shutil.rmtree(run.tokenizer_dir, ignore_errors=True)
    write_atomically(run.config_file, dump_config(config))
    tokenizers = prepare_tokenizers(config, run.tokenizer_dir)
    corpora, valid = _encode(config, run, tokenizers)
    _write_manifest(run, device, corpora, command, resumes=found is not None)
    loop = _build(config, run, device, tokenizers, corpora, valid, found)
    if loop.state.finished and loop.is_over():
        say(
            f"nothing left to do: the training ended at step {loop.state.step}; raise "
            f"{loop.ended_by()} to go on"
        )
        return run
    loop.run_to_end()
    state = loop.state
    say(f"trained {state.step} steps in {clock(state.seconds)}: {run.path}")
    return run


def _check_text(config: Config) -> None:
    """Read the first line of all text; whatever is wrong with it is raised."""
    data = config.data
    for corpus in filter(None, (*data.train, data.valid)):
        next(read_pairs(corpus, data.source_lang, data.target_lang), None)


def _make_folder(run: Run) -> None:
    try:
        run.path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"run_dir: {run.path}: cannot be made: {error.strerror}"
        ) from error


def _check_resume(config: Config, run: Run, exists: bool, resume: Resume) -> None:
    if not exists:
        if resume == "must":
            raise ConfigError(f"--resume must: no checkpoint in {run.checkpoints_dir}")
        return
    if resume == "never":
        raise ConfigError(
            f"--resume never: {run.path} holds a training already: choose another "
            "run_dir, or remove the folder"
        )
    changed = _differences(_flat(run.load_config()), _flat(config))
    if changed:
        lines = "\n".join(f"  {line}" for line in changed)
        raise ConfigError(
            f"{run.path} was trained with other settings, which cannot change on the "
            f"way:\n{lines}\nchoose another run_dir (--set run_dir=...), or set them "
            "back"
        )


def _flat(config: Config) -> dict[str, object]:
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


def _differences(old: dict[str, object], new: dict[str, object]) -> list[str]:
    names = sorted(old.keys() | new.keys())
    return [
        f"{name}: was {old.get(name)!r}, now {new.get(name)!r}"
        for name in names
        if old.get(name) != new.get(name)
    ]


def _encode(
    config: Config, run: Run, tokenizers: tuple[Tokenizer, Tokenizer]
) -> tuple[list[EncodedCorpus], EncodedCorpus | None]:
    data = config.data
    corpora = []
    for i, corpus in enumerate(data.train):
        folder = run.encoded_dir / f"train.{i}"
        corpora.append(
            prepare_corpus(corpus, data, *tokenizers, folder, data.max_length)
        )
    for corpus in corpora:
        pieces = int(corpus.target_lengths.sum()) + len(corpus)
        left_out = ", ".join(f"{n} {why}" for why, n in corpus.dropped.items() if n)
        say(
            f"training corpus: {len(corpus):,} pairs, {pieces:,} target pieces"
            + (f" (left out: {left_out})" if left_out else "")
        )
    if data.valid is None:
        return corpora, None
    folder = run.encoded_dir / "valid"
    return corpora, prepare_corpus(data.valid, data, *tokenizers, folder, None)


def _build(
    config: Config,
    run: Run,
    device: devices.Device,
    tokenizers: tuple[Tokenizer, Tokenizer],
    corpora: list[EncodedCorpus],
    valid: EncodedCorpus | None,
    found: tuple[Path, checkpoint.State] | None,
) -> Loop:
    devices.seed_everything(config.seed)
    model = build_model(config.model, *map(len, tokenizers))
    weights = named_weights(model)
    trainer = Trainer(
        model, make_optimizer(config.training, device.precision), config.training
    )
    count = sum(
        int(variable.value.shape.num_elements()) for variable in weights.values()
    )
    say(f"model: {count:,} parameters")
    state = checkpoint.State()
    fingerprints = [tokenizer.fingerprint for tokenizer in tokenizers]
    if found is not None:
        folder, state = found
        checkpoint.check_tokenizers(state, fingerprints, run.tokenizer_dir)
        checkpoint.restore(folder, weights, trainer.named_state(weights))
        point(run, state)  # a killed training may have saved it and not come so far
        say(f"resumed from step {state.step} (epoch {state.epoch})")
    state.tokenizers = fingerprints
    validator = Validator(config, model, tokenizers, valid) if valid else None
    links = _links(config, run, tokenizers, corpora)
    return Loop(config, run, model, trainer, corpora, validator, state, links)


def _check_guidance(config: Config, model: Seq2Seq) -> None:
    guided = config.training.guided_alignment.weight > 0.0
    if guided and model.decoder.attention.align_kind != "token":
        raise ConfigError(
            "training.guided_alignment.weight: expected 0, because the weights of "
            f"model.attention.type {config.model.attention.type} are not over source "
            f"tokens, found {config.training.guided_alignment.weight}"
        )


def _links(
    config: Config,
    run: Run,
    tokenizers: tuple[Tokenizer, Tokenizer],
    corpora: list[EncodedCorpus],
) -> list[Side] | None:
    """The word links of the training corpora, when they guide the attention."""
    if config.training.guided_alignment.weight == 0.0:
        return None
    return prepare_links(config, tokenizers, corpora, run.encoded_dir)


def _write_manifest(
    run: Run,
    device: devices.Device,
    corpora: list[EncodedCorpus],
    command: Sequence[str],
    resumes: bool,
) -> None:
    data = [corpus.meta["fingerprint"] for corpus in corpora]
    known = resumes and run.manifest_file.is_file()
    if known and read_sealed(run.manifest_file).get("data") != data:
        say(
            "warning: the training text is not what it was when this training began "
            f"(see data in {run.manifest_file}): from here on it is other data"
        )
    manifest = {
        "format": 2,
        "attnmt": __version__,
        "python": platform.python_version(),
        "packages": {name: version(name) for name in _PACKAGES},
        "git": _git_revision(),
        "command": list(command),
        "device": device.description,
        "data": data,
        "config_sha256": file_sha256(run.config_file),
    }
    write_atomically(run.manifest_file, sealed(manifest))


def _git_revision() -> str | None:
    """The revision of the working directory, if it is under git."""
    try:
        found = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=12"],
            capture_output=True,
            text=True,
            timeout=10,
        )
    except OSError:
        return None
    return found.stdout.strip() or None
