"""Checks of a mechanism's options, which come as plain values from the YAML file.

Each returns the value and raises ConfigError naming the option when it is a wrong one.
"""

import math
from collections.abc import Collection

from attnmt.errors import ConfigError


def whole(option: str, value: object) -> int:
    """A whole number above zero."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise _wrong(option, "a whole number above 0", value)
    return value


def odd(option: str, value: object) -> int:
    """An odd whole number above zero."""
    if whole(option, value) % 2 == 0:
        raise _wrong(option, "an odd number, as many on either side", value)
    return whole(option, value)


def number(option: str, value: object) -> float:
    """A finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _wrong(option, "a number", value)
    if not math.isfinite(value):
        raise _wrong(option, "a finite number", value)
    return float(value)


def positive(option: str, value: object) -> float:
    """A finite number above zero."""
    if number(option, value) <= 0.0:
        raise _wrong(option, "a number above 0", value)
    return number(option, value)


def one_of(option: str, value: object, choices: Collection[str]) -> str:
    """One of some words."""
    if not isinstance(value, str) or value not in choices:
        raise _wrong(option, f"one of {', '.join(choices)}", value)
    return value


def _wrong(option: str, expected: str, found: object) -> ConfigError:
    return ConfigError(
        f"model.attention.{option}: expected {expected}, found {found!r}"
    )
