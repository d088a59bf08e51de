"""Ctrl-C and SIGTERM end a training after the update that is running."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager


class Interrupted(SystemExit):
    """The training was stopped by a signal; its state is saved.

    The exit code is a shell's for that signal: 130 for Ctrl-C, 143 for SIGTERM.
    """

    def __init__(self, number: int) -> None:
        super().__init__(128 + number)


class Interruption:
    """Remembers that a signal asked for the end; a second one ends at once."""

    def __init__(self) -> None:
        self.asked = 0  # the number of the signal

    @contextmanager
    def watched(self) -> Iterator["Interruption"]:
        """Take the signals over while the block runs."""
        signals = (signal.SIGINT, signal.SIGTERM)
        before = {number: signal.signal(number, self._note) for number in signals}
        try:
            yield self
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _note(self, number: int, frame: object) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = number
