"""Whether all that a run folder holds is what the training wrote."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from attnmt import checkpoint
from attnmt.errors import AttnmtError, DataError
from attnmt.exported import Export, exports_in
from attnmt.run import EXPORT_HEADER, Run, check_plain
from attnmt.sealed import file_sha256, read_sealed
from attnmt.shortlist import load_shortlist
from attnmt.text.tokenizer import load_tokenizers

# Made one by one: what comes later is not looked at where an earlier one ends it.
Checks = Iterator[tuple[Path, Callable[[], object]]]


def verify(run: Run) -> Iterator[tuple[Path, str | None]]:
    """Each part of a run, and what is wrong with it or None; nothing is changed.

    A run may also be an export that is to take its place.
    """
    yield from _checked(run.path, _of_export(run) if run.is_export else _of_run(run))


def _checked(folder: Path, checks: Checks) -> Iterator[tuple[Path, str | None]]:
    for path, check in checks:
        try:
            check()
            yield path, None
        except (AttnmtError, OSError) as error:
            yield path, str(error)
            if path == folder:  # what is in it must not even be opened
                return


def _of_export(run: Run) -> Checks:
    yield run.path, partial(check_plain, run.path)
    yield run.path / EXPORT_HEADER, partial(_check_export, run.path)


def _of_run(run: Run) -> Checks:
    yield run.path, partial(check_plain, run.path)
    checkpoints = checkpoint.all_in(run.checkpoints_dir)
    yield run.manifest_file, partial(read_sealed, run.manifest_file)
    yield run.config_file, partial(_check_config, run)
    yield run.tokenizer_dir, partial(_check_tokenizers, run, checkpoints)
    for path in _pointers(run):
        yield path, partial(_check_pointer, run, path.name)
    for path in checkpoints:
        yield path, partial(checkpoint.load_state, path)
    for path in exports_in(run):
        yield path, partial(_check_export, path)
    for path in _shortlists(run):
        yield path, partial(_check_shortlist, run)


def _pointers(run: Run) -> list[Path]:
    """`last`, which every trained run has, and `best` where a validation chose it."""
    last, best = run.path / "last", run.path / "best"
    return [last, best] if best.is_file() or _has_best(run) else [last]


def _has_best(run: Run) -> bool:
    """Whether the state that goes on speaks of a best checkpoint that is there."""
    try:
        step = checkpoint.load_state(run.pointed("last")).best_step
    except (AttnmtError, OSError):  # told where that is checked
        return False
    return step > 0 and run.checkpoint_dir(step).is_dir()


def _check_pointer(run: Run, name: str) -> None:
    if not (run.path / name).is_file():
        raise DataError(
            f"{run.path / name}: missing: expected a file that names a checkpoint"
        )
    if not (folder := run.pointed(name)).is_dir():
        raise DataError(f"{run.path / name}: damaged: there is no {folder}")


def _check_config(run: Run) -> None:
    run.load_config()
    try:
        expected = read_sealed(run.manifest_file).get("config_sha256")
    except DataError:  # told where the manifest itself is checked
        return
    if expected not in (None, file_sha256(run.config_file)):
        raise DataError(f"{run.config_file}: changed since the training wrote it")


def _check_tokenizers(run: Run, checkpoints: list[Path]) -> None:
    tokenizers = load_tokenizers(run.load_config(), run.tokenizer_dir)
    found = [tokenizer.fingerprint for tokenizer in tokenizers]
    for path in checkpoints:
        try:
            state = checkpoint.load_state(path)
        except DataError:  # told where the checkpoint itself is checked
            continue
        checkpoint.check_tokenizers(state, found, run.tokenizer_dir)


def _shortlists(run: Run) -> list[Path]:
    return [run.shortlist_dir] if run.shortlist_dir.exists() else []


def _check_shortlist(run: Run) -> None:
    load_shortlist(run, load_tokenizers(run.load_config(), run.tokenizer_dir))


def _check_export(path: Path) -> None:
    Export(path).check_files()
