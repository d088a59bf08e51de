"""Bits flipped and ends cut off in the files of the newest checkpoint."""

import io
import random
from contextlib import redirect_stderr
from pathlib import Path
from typing import NamedTuple

from attnmt import checkpoint


class Damages(NamedTuple):
    """How many there were, and of how many all went well."""

    flips: int
    cuts: int
    named: int  # the damaged file stood in the message
    older_used: int

    @property
    def fine(self) -> bool:
        return self.named == self.older_used == self.flips + self.cuts

    def __str__(self) -> str:
        return (
            f"damages: {self.flips} flipped bits and {self.cuts} truncations over all "
            f"files of a checkpoint; {self.named} detected and named, the older "
            f"checkpoint used {self.older_used} times"
        )


def damage(checkpoints: Path, count: int, draw: random.Random) -> Damages:
    """Damage a file of the newest checkpoint, load, mend it; `count` times."""
    older, newest = checkpoint.all_in(checkpoints)[-2:]
    files = sorted(newest.iterdir())
    flips = named = used = 0
    for number in range(count):
        file = files[number % len(files)]
        whole = file.read_bytes()
        place = draw.randrange(len(whole))
        damaged = bytearray(whole)
        if flip := draw.random() < 0.8:
            damaged[place] ^= 1 << draw.randrange(8)
        else:
            del damaged[place:]
        file.write_bytes(damaged)
        said = io.StringIO()
        with redirect_stderr(said):
            found = checkpoint.newest_valid(checkpoints)
        file.write_bytes(whole)
        flips += flip
        named += str(file) in said.getvalue()
        used += found is not None and found[0] == older
    return Damages(flips, count - flips, named, used)
