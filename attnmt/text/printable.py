"""Text that steers no terminal."""

import re
import unicodedata

_JOINERS = "\u200c\u200d"  # invisible, but letters and emoji take their form by them


def printable(text: str) -> str:
    """The text with a replacement character for what could steer a terminal.

    Control characters, line separators, invisible format characters such as the
    bidirectional overrides, surrogates and noncharacters are replaced.
    """
    return "".join("\N{REPLACEMENT CHARACTER}" if _steers(c) else c for c in text)


def _steers(char: str) -> bool:
    if ord(char) & 0xFFFE == 0xFFFE:
        return True
    category = unicodedata.category(char)
    return category in ("Cc", "Cf", "Cs", "Zl", "Zp") and char not in _JOINERS


def printable_lines(text: str) -> str:
    """The same, but for tabs and line ends, which stay."""
    return re.sub(r"[^\t\n]+", lambda part: printable(part[0]), text)
