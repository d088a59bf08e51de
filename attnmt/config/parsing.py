"""YAML 1.2 as plain values, with the place of each value for messages."""

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    NodeEvent,
)
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from attnmt.errors import ConfigError

Key = tuple[str | int, ...]
Value: TypeAlias = "None | bool | int | float | str | list[Value] | dict[str, Value]"

MAX_DEPTH = 20
MAX_VALUES = 3000  # keys and values
UNUSABLE = re.compile("[\0\ud800-\udfff]")  # no file name or UTF-8 can hold these
LINE_END = re.compile("\r\n|[\n\r\x85\u2028\u2029]")  # that the reader counts
REFERENCE = re.compile(r"\$(\$?)\{([^{}]*)(\}?)")
VARIABLE = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?", re.DOTALL)


class Place(NamedTuple):
    """Where a value was given: a line of a file, or an argument without lines."""

    name: str
    line: int | None = None

    def __str__(self) -> str:
        return self.name if self.line is None else f"{self.name}:{self.line}"


@dataclass
class Tree:
    """Plain values; where each stands; what is already known to be wrong with some."""

    value: Value = None
    places: dict[Key, Place] = field(default_factory=dict)
    problems: dict[Key, str] = field(default_factory=dict)

    def place(self, key: Key) -> Place:
        """Where a key stands, or the nearest section around it that was given."""
        while key and key not in self.places:
            key = key[:-1]
        return self.places[key]


def parse(
    text: str, place: Callable[[int], Place], most_values: int = MAX_VALUES
) -> Tree:
    """Read one YAML document; `place` makes a place of a line number.

    Expands ${NAME} and ${NAME:-default} from the environment; $${ stands for ${.
    Raises ConfigError for what is not YAML; for tags, anchors, deep nesting and size.
    """
    try:
        for line, message in _refused(_yaml().parse(text), most_values):
            raise ConfigError(f"{place(line)}: {message}")
        return _Builder(place).build(_yaml().compose(text))
    except YAMLError as error:
        line, message = _syntax_error(error, text)
        raise ConfigError(f"{place(line)}: not YAML: {message}") from error


def _yaml() -> YAML:
    return YAML(typ="safe", pure=True)


def _refused(events: Iterator[Event], most: int) -> Iterator[tuple[int, str]]:
    # Everything that could make a value differ from what the line says.
    depth = 0
    for number, event in enumerate(events):
        line = event.start_mark.line + 1
        if number > 2 * most:  # events of the reader
            yield line, f"expected at most {most} keys and values, found more"
        depth += isinstance(event, CollectionStartEvent)
        depth -= isinstance(event, CollectionEndEvent)
        if depth > MAX_DEPTH:
            yield line, f"nested more than {MAX_DEPTH} levels deep"
        if isinstance(event, AliasEvent):
            yield line, f"expected a value, found the YAML alias *{event.anchor}"
        elif isinstance(event, NodeEvent) and event.anchor is not None:
            yield line, f"expected a value, found the YAML anchor &{event.anchor}"
        elif isinstance(event, DocumentStartEvent) and event.version:
            yield line, "expected no %YAML line: YAML 1.2 is read"
        elif (tag := getattr(event, "tag", None)) is not None:
            yield line, f"expected a value, found the YAML tag {tag}"


def _syntax_error(error: YAMLError, text: str) -> tuple[int, str]:
    if not isinstance(error, MarkedYAMLError):
        line = text.count("\n", 0, getattr(error, "position", 0)) + 1
        return line, str(error).splitlines()[0]
    message = error.problem or "unreadable"
    if error.context and error.context_mark:
        message += f" ({error.context} from line {error.context_mark.line + 1})"
    line = error.problem_mark.line + 1 if error.problem_mark else 1
    if "${" in LINE_END.split(text)[line - 1]:
        message += "; inside braces or brackets, put quotes around ${...}"
    return line, message


class _Builder:
    """Turns nodes into values, filling a tree."""

    def __init__(self, place: Callable[[int], Place]) -> None:
        self.place = place
        self.tree = Tree()
        self.yaml = _yaml()

    def build(self, root: Node | None) -> Tree:
        self.tree.places[()] = self.place(1)
        self.tree.value = None if root is None else self._value(root, ())
        return self.tree

    def _value(self, node: Node, key: Key) -> Value:
        if isinstance(node, MappingNode):
            return self._mapping(node, key)
        if isinstance(node, SequenceNode):
            return [
                self._child((*key, index), item, item)
                for index, item in enumerate(node.value)
            ]
        assert isinstance(node, ScalarNode)
        try:
            return self._scalar(node)
        except ValueError as error:
            self.tree.problems[key] = str(error)
            return node.value.encode(errors="replace").decode()

    def _mapping(self, node: MappingNode, key: Key) -> dict[str, Value]:
        values: dict[str, Value] = {}
        for name, item in node.value:
            child = (*key, str(name.value))
            if not isinstance(name, ScalarNode):
                self.tree.problems[key] = (
                    "expected words as keys, found a list or braces"
                )
            elif name.value in values:
                again = name.start_mark.line + 1
                self.tree.problems[child] = f"given twice, again in line {again}"
            else:
                values[name.value] = self._child(child, name, item)
        return values

    def _child(self, key: Key, start: Node, node: Node) -> Value:
        self.tree.places[key] = self.place(start.start_mark.line + 1)
        return self._value(node, key)

    def _scalar(self, node: ScalarNode) -> Value:
        text, tag = REFERENCE.sub(_expand, node.value), node.tag
        if node.style is None and text != node.value:
            # Unquoted, so ${BATCH} may become a number, as any unquoted text may.
            tag = self.yaml.resolver.resolve(ScalarNode, text, (True, False))
        kind = str(tag).rpartition(":")[2]
        if kind == "null":
            return None
        if kind in ("bool", "int", "float"):
            if len(text) > 400:
                raise ValueError(f"expected a number, found {len(text)} digits")
            construct = getattr(self.yaml.constructor, f"construct_yaml_{kind}")
            return construct(ScalarNode(tag, text))
        if broken := UNUSABLE.search(text):
            raise ValueError(f"expected text, found {broken[0]!r} in it")
        return text


def _expand(reference: re.Match[str]) -> str:
    whole, escape, inside, end = reference[0], *reference.groups()
    if escape:
        return whole[1:]
    variable = VARIABLE.fullmatch(inside)
    if not variable or not end:
        raise ValueError(f"expected ${{NAME}} or ${{NAME:-default}}, found {whole}")
    name, default = variable.groups()
    value = os.environ.get(name)
    if value is None and default is None:
        raise ValueError(
            f"the environment variable {name} is not set; "
            f"set it, or give a default: ${{{name}:-default}}"
        )
    return default if default is not None and not value else value or ""
