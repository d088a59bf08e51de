"""What there is for `model.attention`: names, first lines of docstrings, options."""

import inspect
from collections.abc import Iterator, Mapping

from attnmt.layers.attention.build import COVERAGES, MECHANISMS, NORMALISERS

KEYS: tuple[tuple[str, Mapping[str, type]], ...] = (
    ("type", MECHANISMS),
    ("normaliser", NORMALISERS),
    ("coverage", COVERAGES),
)


def describe() -> str:
    """All built-in parts, one paragraph a key of `model.attention`."""
    parts = [
        f"model.attention.{key}\n" + "\n".join(_entries(kinds)) for key, kinds in KEYS
    ]
    return "\n\n".join(parts)


def _entries(kinds: Mapping[str, type]) -> Iterator[str]:
    names: dict[type, list[str]] = {}
    for name, kind in kinds.items():
        names.setdefault(kind, []).append(name)
    for kind, same in names.items():
        yield f"  {', '.join(same)}: {_first_line(kind)}"
        if options := list(_options(kind)):
            yield f"      options: {', '.join(options)}"


def _first_line(kind: type) -> str:
    return (inspect.getdoc(kind) or "").partition("\n")[0]


def _options(kind: type) -> Iterator[str]:
    for name, parameter in inspect.signature(kind).parameters.items():
        if name == "units":
            yield "units (model.decoder.units)"
        elif name != "name":
            yield f"{name} ({_plain(parameter.default)})"


def _plain(value: object) -> str:
    """A value as YAML has it."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)
