"""`attnmt config explain`: type, default and meaning of a key."""

from attnmt.config.keys import (
    Node,
    fields,
    find,
    json_schema,
    section,
    takes_any_key,
    type_of,
    unknown_key,
)
from attnmt.errors import ConfigError


def explain(key: str = "") -> str:
    """Explain a key; a section also lists its keys, no key lists the top level.

    Raises ConfigError for a key that does not exist.
    """
    names = [name for name in key.split(".") if name and not name.isdigit()]
    node = find(names)
    if node is None:
        return _explain_unknown(names)
    entries = [] if not names else [_entry(names, node)]
    entries += [_entry([*names, name], child) for name, child in fields(node).items()]
    return "\n".join(entries)


def _explain_unknown(names: list[str]) -> str:
    key = ".".join(names)
    depth = next(n for n in range(len(names)) if find(names[: n + 1]) is None)
    parent = find(names[:depth])
    if parent is not None and takes_any_key(parent):
        return (
            f"{key}: an option of what {'.'.join(names[:depth])}.type names; "
            "`attnmt attention list` tells the options"
        )
    raise ConfigError(f"{key}: {unknown_key(names[:depth], names[depth])}")


def _entry(names: list[str], node: Node) -> str:
    parent = find(names[:-1]) or json_schema()
    if names[-1] in section(parent).get("required", ()):
        default = "; required"
    elif "default" in node:
        default = f"; default {_plain(node['default'])}"
    else:
        default = ""
    meaning = node.get("description") or section(node)["description"]
    return f"{'.'.join(names)}: {meaning}\n    {type_of(node)}{default}"


def _plain(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(map(_plain, value))}]"
    return str(value)
