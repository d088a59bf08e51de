"""Writing into a run folder that may be full."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from attnmt.errors import DataError


class Disk:
    """Lets a training go on when nothing can be written, and says so once."""

    def __init__(self, folder: Path, tell: Callable[[str], None]) -> None:
        self.folder, self.tell = folder, tell
        self._reason: str | None = None  # why the last checkpoint was not written

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Catch what says that there is no room, or no permission, to write."""
        try:
            yield
        except (OSError, DataError) as error:
            cause = error if isinstance(error, OSError) else error.__cause__
            if not isinstance(cause, OSError):
                raise
            if self._reason is None:
                self.tell(
                    f"{self.folder}: cannot be written: {cause.strerror}: the training "
                    "goes on, and what was saved before stays"
                )
            self._reason = str(cause.strerror)

    def saved(self) -> None:
        """A checkpoint was written: there is room again."""
        self._reason = None

    def lost(self, step: int) -> str | None:
        """What to say at the end of a training whose last step was not saved."""
        if self._reason is None:
            return None
        return (
            f"{self.folder}: step {step} could not be saved: {self._reason}; make "
            "room, and the same command goes on from the last checkpoint"
        )
