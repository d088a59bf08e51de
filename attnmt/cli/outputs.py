"""Files that a command must not mistake for each other."""

from collections.abc import Iterable
from pathlib import Path

from attnmt.errors import ConfigError
from attnmt.text.lines import STANDARD_STREAM, check_place, is_stream
from attnmt.text.partial import partial_path


def check_output(output: Path, *files: Path | None) -> None:
    """Raise for an output that would replace one of these inputs, or cannot be written.

    ConfigError the former, DataError the latter, which is better known before the work.
    """
    check_inputs_stay(output, *files)
    if not is_stream(output):
        check_place(output)


def check_growing(
    output: Path, *files: Path | None, attention: Path | None = None
) -> None:
    """As `check_output`, for one that grows beside its place, and a dump of its own."""
    if attention is not None and attention.resolve() == output.resolve():
        raise ConfigError(
            f"--attention {attention}: expected another name than that of the output"
        )
    partial = partial_path(output)
    if _is_among(partial, files):
        raise ConfigError(
            f"{output}: expected an output that is not the input: it is first written "
            f"to {partial}"
        )
    check_output(output, *files)


def check_inputs_stay(output: Path, *files: Path | None) -> None:
    """Raise ConfigError for an output that would replace one of these inputs."""
    if _is_among(output, files):
        raise ConfigError(f"{output}: expected an output that is not the input")


def check_inputs(*files: Path | None) -> None:
    """Raise ConfigError where more than one input is to come from standard input."""
    if sum(file == STANDARD_STREAM for file in files) > 1:
        raise ConfigError(
            "-: standard input can be read once, expected one input that is -"
        )


def _is_among(written: Path, files: Iterable[Path | None]) -> bool:
    # A terminal or another device may be both: it is not replaced.
    if written == STANDARD_STREAM or not written.is_file():
        return False
    named = [file for file in files if file is not None and file != STANDARD_STREAM]
    return any(file.exists() and written.samefile(file) for file in named)
