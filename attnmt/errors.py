"""Errors that a user can cause; the command prints their message and no traceback."""


class AttnmtError(Exception):
    """Base of all errors with a message for the user and an exit code."""

    exit_code = 1


class ConfigError(AttnmtError):
    """A wrong command line or configuration; the message may hold several lines."""

    exit_code = 2


class DataError(AttnmtError):
    """Text, a tokenizer, a run folder or a dump that cannot be used."""

    exit_code = 3


class DivergedError(AttnmtError):
    """The training produced numbers that are not finite."""

    exit_code = 4
