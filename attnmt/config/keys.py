"""The keys of a configuration and their types in plain words, from the JSON schema."""

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from functools import cache
from typing import Any

from attnmt.config.schema import Config

Node = dict[str, Any]
ROOT = "the top level"


@cache
def json_schema() -> Node:
    """The JSON schema of a configuration file."""
    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return dialect | Config.model_json_schema()


def find(key: Sequence[str]) -> Node | None:
    """The schema of a key, None when there is no such key; () is the whole file."""
    node: Node | None = json_schema()
    for name in key:
        node = fields(node).get(name) if node is not None else None
    return node


def fields(node: Node) -> dict[str, Node]:
    """The keys of a section, of the sections in a list; none for any other value."""
    return section(node).get("properties", {})


def section(node: Node) -> Node:
    """The section that a node refers to, holds in a list or takes beside null."""
    for inner in [node.get("items"), *node.get("anyOf", ())]:
        if inner and fields(inner):
            return section(inner)
    if "$ref" in node:
        return json_schema()["$defs"][node["$ref"].rpartition("/")[2]]
    return node


def takes_any_key(node: Node) -> bool:
    """Whether a section takes keys that the schema does not name."""
    return section(node).get("additionalProperties") is True


def type_of(node: Node) -> str:
    """What a value has to be, as in 'a whole number (1 or more)' or 'lstm or gru'."""
    if "anyOf" in node:
        kinds = [type_of(kind) for kind in node["anyOf"] if kind != {"type": "null"}]
        return " or ".join(kinds)
    if "$ref" in node or "properties" in node:
        return f"a section with {', '.join(fields(node))}"
    if "enum" in node or "const" in node:
        return _one_of(node.get("enum") or [node["const"]])
    if node["type"] == "array":
        return "a list of " + type_of(node["items"]).replace("a section", "sections")
    if node["type"] == "string" and "examples" in node:
        return f"text like {_one_of(node['examples'])}"
    return _simple_type(node)


def unknown_key(section: Sequence[str], name: str) -> str:
    """Say that a section has no such key, and which one may have been meant."""
    places = list(_places())
    here = [known for place, known in places if place == ".".join(section)]
    if not here:
        return f"unknown key, {'.'.join(section)} has no keys"
    advice = []
    if near := get_close_matches(name, here, n=1, cutoff=0.55):
        advice.append(f"did you mean {near[0]}?")
    known = dict.fromkeys(key for _, key in places)
    for misplaced in get_close_matches(name, known, n=1, cutoff=0.8):
        if misplaced not in here:
            there = [place or ROOT for place, key in places if key == misplaced]
            advice.append(f"{misplaced} belongs in {_one_of(there)}")
    return "unknown key, " + (" ".join(advice) or f"expected {_one_of(here)}")


def _places(node: Node | None = None, place: str = "") -> Iterator[tuple[str, str]]:
    for name, child in fields(node or json_schema()).items():
        yield place, name
        yield from _places(child, f"{place}.{name}".strip("."))


def _one_of(names: Sequence[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last


def _simple_type(node: Node) -> str:
    if node.get("format") == "path":
        return "a path"
    name = {
        "integer": "a whole number",
        "number": "a number",
        "boolean": "true or false",
        "string": "text",
    }[node["type"]]
    limits = [
        form.format(node[limit])
        for limit, form in (
            ("minimum", "{:g} or more"),
            ("exclusiveMinimum", "above {:g}"),
            ("maximum", "{:g} or less"),
            ("exclusiveMaximum", "below {:.10g}"),
        )
        if limit in node
    ]
    return f"{name} ({', '.join(limits)})" if limits else name
