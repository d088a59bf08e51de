"""The `attnmt` command: one small module per subcommand, nothing heavy at their top."""

import errno
import io
import os
import sys
import traceback
from typing import Annotated

import typer

from attnmt import __version__
from attnmt.cli.commands import LazyGroup, add_summaries
from attnmt.errors import AttnmtError, DataError

app = typer.Typer(
    cls=LazyGroup,
    help="Train, run, measure and explain translation models with attention.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"attnmt {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            help="Print the version and exit.",
            callback=_print_version,
            is_eager=True,
        ),
    ] = False,
    debug: Annotated[
        bool,
        typer.Option(
            "--debug", help="Show the traceback of an error; may stand anywhere."
        ),
    ] = False,
) -> None:
    """Only for `--help`: `main` has taken --debug before a command is parsed."""


add_summaries(app)


def main() -> None:
    """Run the command; an error ends in a message and an exit code, no traceback."""
    _open_closed()
    _use_utf8()
    arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
    try:
        _run(arguments)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        _close_stdout()
        sys.exit(1)
    except Exception as error:
        if len(arguments) < len(sys.argv) - 1:
            traceback.print_exc()
        print(_printable(_message(error)), file=sys.stderr)
        sys.exit(_exit_code(error))


def _run(arguments: list[str]) -> None:
    try:
        app(args=arguments, prog_name="attnmt")
    except SystemExit:
        if sys.stdout:
            sys.stdout.flush()  # here, where a closed pipe can still be handled
        raise


def _exit_code(error: Exception) -> int:
    if isinstance(error, AttnmtError):
        return error.exit_code
    if isinstance(error, OSError) and (error.filename or error.errno == errno.ENOSPC):
        return DataError.exit_code
    return 1


def _message(error: Exception) -> str:
    if isinstance(error, AttnmtError):
        return str(error)
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return f"attnmt: {error}: make room, then run the command again"
    if isinstance(error, OSError) and error.filename is not None:
        return (
            f"attnmt: {error.filename}: {error.strerror} "
            "(--debug shows where that was met)"
        )
    return (
        f"attnmt: unexpected {type(error).__name__}: {error}\n"
        "run again with --debug for the traceback"
    )


def _printable(message: str) -> str:
    from attnmt.text.printable import printable_lines

    return printable_lines(message)


def _open_closed() -> None:
    # Who closes a stream wants nothing from it; files must not take its number.
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            mode = "w" if number else "r"
            stream = open(os.devnull, mode, encoding="utf-8")
            if stream.fileno() != number and not _is_open(number):
                os.dup2(stream.fileno(), number)
            setattr(sys, name, stream)


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def _use_utf8() -> None:
    # Not the locale decides what a translation looks like in a file or a pipe.
    for stream, errors in ((sys.stdout, "strict"), (sys.stderr, "backslashreplace")):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors=errors, newline="\n")


def _close_stdout() -> None:
    # Python flushes standard output once more at exit; let that go nowhere.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
