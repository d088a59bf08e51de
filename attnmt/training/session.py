"""From a configuration to a trained run folder."""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from attnmt import checkpoint, devices
from attnmt.config.loading import dump_config
from attnmt.config.schema import Config
from attnmt.errors import ConfigError, DataError
from attnmt.model import Seq2Seq, build_model
from attnmt.run import Run, check_plain, write_atomically
from attnmt.text.encoded import EncodedCorpus, prepare_corpus, prepare_training
from attnmt.text.id_files import Side
from attnmt.text.tokenizer import Tokenizer, prepare_tokenizers
from attnmt.training.draws import Draws
from attnmt.training.early import check_files, check_model, check_start, check_text
from attnmt.training.guidance import prepare_links
from attnmt.training.initial import freeze, take_slots, take_weights, with_tokenizers_of
from attnmt.training.loop import Loop, point
from attnmt.training.manifest import write_manifest
from attnmt.training.progress import clock, say
from attnmt.training.resampling import corpora_by_epoch
from attnmt.training.resuming import Resume, check_own, check_parent, check_resume
from attnmt.training.step import Trainer
from attnmt.training.validation import Validator

Tokenizers = tuple[Tokenizer, Tokenizer]
Found = tuple[Path, checkpoint.State] | None  # the checkpoint to go on from


def train(
    config: Config,
    resume: Resume = "auto",
    command: Sequence[str] = (),
    init_from: Path | None = None,
) -> Run:
    """Train until the end, from where an earlier command left off.

    A new training begins with the weights of the run `init_from`. Raises ConfigError
    when the run folder holds another training, DataError for unusable text,
    DivergedError when the loss is no longer a number.
    """
    with prepared(config, resume, command, init_from) as loop:
        _finish(loop)
        return loop.run


@contextmanager
def prepared(
    config: Config,
    resume: Resume = "auto",
    command: Sequence[str] = (),
    init_from: Path | None = None,
) -> Iterator[Loop]:
    """All that `train` does before its first update; the run folder is locked within.

    Raises ConfigError and DataError as `train` does.
    """
    run = Run(config.run_dir)
    with ExitStack() as stack:
        known = run.path.is_dir()
        if known:
            _enter(run, stack)
        found = checkpoint.newest_valid(run.checkpoints_dir)
        if found is None and checkpoint.all_in(run.checkpoints_dir):
            raise DataError(
                f"{run.checkpoints_dir}: none of the checkpoints can be used: choose "
                "another run_dir, or remove the folder to begin anew"
            )
        check_resume(config, run, found is not None, resume)
        if init_from and found:
            check_parent(run, init_from)
        device = devices.prepare(config.runtime)
        check_model(config)
        check_start(config, anew=not (init_from or found))
        parent = Run(init_from) if init_from and found is None else None
        start = with_tokenizers_of(parent, config) if parent else config
        check_text(config)
        if found is None:
            check_files(config)
        say(f"device: {device.description}")
        if not known:
            _make_folder(run)
            _enter(run, stack)
            if run.checkpoints_dir.exists():
                raise ConfigError(f"{run.path}: another training has just begun here")
        if found is None:  # left by a training of other settings, stopped early
            shutil.rmtree(run.tokenizer_dir, ignore_errors=True)
        with _room(run):
            write_atomically(run.config_file, dump_config(config))
            tokenizers = prepare_tokenizers(start, run.tokenizer_dir)
            loop = _make_loop(config, run, device, tokenizers, found, parent, command)
        yield loop


@contextmanager
def _room(run: Run) -> Iterator[None]:
    """A disk that is full before the first update is told."""
    try:
        yield
    except OSError as error:
        raise DataError(
            f"{error.filename or run.path}: cannot be written: {error.strerror}: the "
            "same command begins again"
        ) from error


def _enter(run: Run, stack: ExitStack) -> None:
    """Lock a run folder, see that it is safe to write into, clear left-overs away."""
    if not os.access(run.path, os.W_OK):
        raise ConfigError(f"run_dir: {run.path}: cannot be written: permission denied")
    stack.enter_context(run.locked())
    check_plain(run.path)
    check_own(run)
    _clear(run)


def _clear(run: Run) -> None:
    """Remove what a killed training left half-written, and nothing of others."""
    names = (run.config_file.name, run.manifest_file.name, "best", "last")
    left_over = [run.path / f".{name}.tmp" for name in names]
    for folder in (run.encoded_dir, run.validation_dir):
        left_over.extend(folder.rglob(".*.tmp"))
    for path in left_over:
        checkpoint.remove(path)


def _make_loop(
    config: Config,
    run: Run,
    device: devices.Device,
    tokenizers: Tokenizers,
    found: Found,
    parent: Run | None,
    command: Sequence[str],
) -> Loop:
    corpora, valid = _encode(config, run, tokenizers)
    write_manifest(run, config, device, corpora, command, parent, found is not None)
    model = _make_model(config, tokenizers, parent)
    refines = config.training.minimum_risk.samples > 0
    draws = Draws(config, model, tokenizers) if refines else None
    trainer = Trainer(model, config.training, device.precision, draws)
    if parent:
        take_slots(parent, trainer, tokenizers)
    state = _restore(run, trainer, tokenizers, found)
    validator = Validator(config, model, tokenizers, valid) if valid else None
    links = _links(config, run, tokenizers, corpora)
    by_epoch = corpora_by_epoch(config, run, tokenizers, corpora)
    return Loop(config, run, trainer, by_epoch, validator, state, links)


def _finish(loop: Loop) -> None:
    if loop.state.finished and loop.is_over():
        say(
            f"nothing left to do: the training ended at step {loop.state.step}; raise "
            f"{loop.calendar.ended_by(loop.state)} to go on"
        )
        return
    loop.run_to_end()
    state, ended_by = loop.state, loop.calendar.ended_by(loop.state)
    say(
        f"trained {state.step} steps in {clock(state.seconds)}, ended by {ended_by}: "
        f"{loop.run.path}"
    )


def _make_model(config: Config, tokenizers: Tokenizers, parent: Run | None) -> Seq2Seq:
    devices.seed_everything(config.seed)
    model = build_model(config.model, *map(len, tokenizers))
    if parent:
        take_weights(parent, model, tokenizers)
    freeze(model, config.training.freeze)
    say(f"model: {model.count_params():,} parameters")
    return model


def _make_folder(run: Run) -> None:
    try:
        run.path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"run_dir: {run.path}: cannot be made: {error.strerror}"
        ) from error


def _encode(
    config: Config, run: Run, tokenizers: Tokenizers
) -> tuple[list[EncodedCorpus], EncodedCorpus | None]:
    data = config.data
    corpora = prepare_training(data, *tokenizers, run.encoded_dir)
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


def _restore(
    run: Run,
    trainer: Trainer,
    tokenizers: Tokenizers,
    found: Found,
) -> checkpoint.State:
    """Where the training goes on, or begins, with the weights of there."""
    state = checkpoint.State()
    fingerprints = [tokenizer.fingerprint for tokenizer in tokenizers]
    if found is not None:
        folder, state = found
        checkpoint.check_tokenizers(state, fingerprints, run.tokenizer_dir)
        checkpoint.restore(folder, trainer.named_weights(), trainer.named_state())
        point(run, state)  # a killed training may have saved it and not come so far
        say(f"resumed from step {state.step} (epoch {state.epoch})")
    state.tokenizers = fingerprints
    return state


def _links(
    config: Config,
    run: Run,
    tokenizers: Tokenizers,
    corpora: list[EncodedCorpus],
) -> list[Side] | None:
    """The word links of the training corpora, when they guide the attention."""
    if config.training.guided_alignment.weight == 0.0:
        return None
    return prepare_links(config, tokenizers, corpora, run.encoded_dir)
