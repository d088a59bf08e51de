"""Files that a command must not mistake for each other."""

from pathlib import Path

from attnmt.errors import ConfigError
from attnmt.text.lines import STANDARD_STREAM, check_place, is_stream
from attnmt.text.partial import partial_path


def check_output(
    output: Path, *files: Path | None, attention: Path | None = None
) -> None:
    """Raise ConfigError for an output that would take the place of something else.

    And DataError for one that could not be written when all is done.
    """
    if not is_stream(output) or output.is_dir():
        check_place(output)
    if attention is not None and attention.resolve() == output.resolve():
        raise ConfigError(
            f"--attention {attention}: expected another name than that of the output"
        )
    for path in (output, partial_path(output)):
        for file in files:
            if file and file.exists() and path.exists() and path.samefile(file):
                raise ConfigError(
                    f"{output}: expected an output that is not the input"
                    f"{'' if path is output else f': it is first written to {path}'}"
                )


def check_inputs(*files: Path | None) -> None:
    """Raise ConfigError where more than one input is to come from standard input."""
    if sum(file == STANDARD_STREAM for file in files) > 1:
        raise ConfigError(
            "-: standard input can be read once, expected one input that is -"
        )
