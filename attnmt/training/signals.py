"""Ctrl-C and SIGTERM end a training after the update that is running."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

SIGNALS = (signal.SIGINT, signal.SIGTERM)


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
        self._raises = False

    @contextmanager
    def watched(self) -> Iterator["Interruption"]:
        """Take the signals over while the block runs."""
        before = {number: signal.signal(number, self._note) for number in SIGNALS}
        try:
            yield self
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Let a signal, past or to come, end the block: it can be done again."""
        self._raises = True
        try:
            if self.asked:
                raise Interrupted(self.asked)
            yield
        finally:
            self._raises = False

    def _note(self, number: int, frame: object) -> None:
        self.asked = number
        for each in SIGNALS:  # the next one ends the process, whatever it computes
            signal.signal(each, signal.SIG_DFL)
        if self._raises:
            raise Interrupted(number)
