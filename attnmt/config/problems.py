"""What is wrong with a configuration, a line per problem, in plain words."""

from collections.abc import Iterator
from itertools import groupby
from typing import NamedTuple

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from attnmt.config.keys import Node, find, section, type_of, unknown_key
from attnmt.config.parsing import Key, Place, Tree, Value
from attnmt.config.schema import Misfit


class Problem(NamedTuple):
    """One thing that is wrong, and where."""

    place: Place
    key: Key
    message: str

    def __str__(self) -> str:
        key = ".".join(map(str, self.key))
        return (
            f"{self.place}: {key}: {self.message}"
            if key
            else (f"{self.place}: {self.message}")
        )


def problems_of(tree: Tree, error: ValidationError | None = None) -> list[Problem]:
    """All problems in the order of the file, those of the command line last."""
    found = [Problem(tree.place(key), key, text) for key, text in tree.problems.items()]
    for problem in _explained(tree, error) if error else ():
        if not any(problem.key[: len(key)] == key for key in tree.problems):
            found.append(problem)
    return sorted(found, key=lambda problem: problem.place.line or float("inf"))


def misfits(section: str, error: ValidationError) -> list[str]:
    """The problems of a section whose values stand in no file, a line each."""
    lines = []
    for detail in error.errors(include_url=False):
        key = _with_misfit((section, *detail["loc"]), detail)
        message = _message(detail, key, detail["input"])
        lines.append(f"{'.'.join(map(str, key))}: {message}")
    return lines


def _explained(tree: Tree, error: ValidationError) -> Iterator[Problem]:
    # A value that may be of two types has an error for each; one line tells both.
    details = error.errors(include_url=False)
    for key, same in groupby(details, lambda detail: _key(tree, detail)):
        detail = next(same)
        key = _with_misfit(key, detail)
        yield Problem(tree.place(key), key, _message(detail, key, _at(tree, key)))


def _with_misfit(key: Key, detail: ErrorDetails) -> Key:
    """The key that does not fit, where the problem is that of a whole section."""
    misfit = detail.get("ctx", {}).get("error")
    return (*key, *misfit.key.split(".")) if isinstance(misfit, Misfit) else key


def _key(tree: Tree, detail: ErrorDetails) -> Key:
    # Beyond the value itself a location goes on with the name of the type tried.
    key, value = (), tree.value
    for part in detail["loc"]:
        if not isinstance(value, dict | list):
            break
        key = (*key, part)
        value = _item(value, part)
    return key


def _at(tree: Tree, key: Key) -> Value:
    value = tree.value
    for part in key:
        value = _item(value, part)
    return value


def _item(value: Value, part: str | int) -> Value:
    if isinstance(value, dict):
        return value.get(str(part))
    if isinstance(value, list) and isinstance(part, int) and part < len(value):
        return value[part]
    return None


def _message(detail: ErrorDetails, key: Key, found: Value) -> str:
    names = [part for part in key if isinstance(part, str)]
    if error := detail.get("ctx", {}).get("error"):
        return str(error)
    if detail["type"] == "extra_forbidden":
        return unknown_key(names[:-1], names[-1])
    node = find(names)
    if node is None:
        return f"{detail['msg']}, found {_shown(found)}"
    if key and isinstance(key[-1], int):
        node = node["items"]
    if detail["type"] == "missing":
        return f"missing, expected {type_of(node)} ({_meaning(node)})"
    return f"expected {type_of(node)}, found {_shown(found)}"


def _meaning(node: Node) -> str:
    return (node.get("description") or section(node)["description"]).rstrip(".")


def _shown(value: Value) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return f"a section with {', '.join(value) or 'nothing in it'}"
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}..."
