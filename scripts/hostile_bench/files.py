"""Text files as a person, a program or an enemy may make them."""

import gzip
import random
from typing import NamedTuple

WORDS = ("the dog sleeps ", "the old bridge. ", "a|||b\t", "\u6771\u4eac\u306f\u3002")
ODD = ("\r", "\x85", "\u2028", "\u2029", "\v", "\f", "\x1c", "\0", "\ufeff", "\x1b[2J")
ODD += ("\u202e", "e\u0301", "\U0001f469\u200d\U0001f680", "\u2581", "<s>", "  ", "\t")
ENDS = (b"\n", b"\r\n", b"\n\n\n", b"\n \t\n", b"\r")
INVALID = (b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc0\xaf")
BOM = b"\xef\xbb\xbf"
LONG = 2000  # repetitions


class Hostile(NamedTuple):
    """A file, and how it is handed to the command."""

    text: bytes
    way: str  # file, gzip, stdin or damaged (gzip)
    replace: bool  # --invalid-utf8 replace
    output: bool  # -o

    @property
    def lines(self) -> int:
        """How many lines `wc -l` counts, and one without an end."""
        ended = self.text.endswith(b"\n") or not self.text
        return self.text.count(b"\n") + (not ended)

    @property
    def valid(self) -> bool:
        """Whether it has to be translated, and not refused."""
        try:
            self.text.decode()
        except UnicodeDecodeError:
            return self.replace and self.way != "damaged"
        return self.way != "damaged"

    @property
    def content(self) -> bytes:
        """The bytes that are handed over."""
        if self.way not in ("gzip", "damaged"):
            return self.text
        packed = gzip.compress(self.text, mtime=0)
        return packed[:-5] if self.way == "damaged" else packed


def hostile(draw: random.Random) -> Hostile:
    """A file at random."""
    lines = [_line(draw) + draw.choice(ENDS) for _ in range(draw.choice((0, 1, 3, 9)))]
    text = b"".join(lines)
    text = text.rstrip(b"\n") if draw.random() < 0.3 else text
    text = BOM + text if draw.random() < 0.2 else text
    ways = draw.choices(("file", "stdin", "gzip", "damaged"), (4, 3, 3, 1))
    return Hostile(text, ways[0], draw.random() < 0.5, draw.random() < 0.5)


def _line(draw: random.Random) -> bytes:
    some = [draw.choice(WORDS + ODD).encode() for _ in range(draw.randint(0, 9))]
    if draw.random() < 0.03:
        some.append(draw.choice(INVALID))
    if draw.random() < 0.03:
        some.append(draw.choice(WORDS + ODD).encode() * LONG)
    draw.shuffle(some)
    return b"".join(some)
