"""Settings of the command line, `--set a.b=c`, laid over a configuration."""

from collections.abc import Sequence

from attnmt.config.parsing import Key, Place, Tree, Value, parse
from attnmt.errors import ConfigError


def override(tree: Tree, setting: str) -> None:
    """Set one value of the tree, given as KEY=VALUE with VALUE in YAML.

    Raises ConfigError when it is not that, or when nothing can have this key.
    """
    place = Place(f"--set {setting}")
    name, equals, text = setting.partition("=")
    names = name.strip().split(".")
    if not equals or not all(names):
        example = "training.batch_tokens=2048"
        raise ConfigError(f"{place}: expected KEY=VALUE, as in {example}")
    new = parse(text, lambda line: place)
    try:
        key = _put(tree.value, names, new.value)
    except ValueError as error:
        raise ConfigError(f"{place}: {error}") from error
    _forget(tree, key)
    tree.places[key] = place
    tree.problems |= {(*key, *inner): text for inner, text in new.problems.items()}


def _put(holder: Value, names: Sequence[str], new: Value) -> Key:
    name, *rest = names
    if isinstance(holder, dict):
        if not rest:
            holder[name] = new
            return (name,)
        if holder.get(name) is None:
            holder[name] = {}
        return (name, *_put(holder[name], rest, new))
    if isinstance(holder, list):
        if not name.isdecimal() or int(name) >= len(holder):
            raise ValueError(
                f"expected the number of an item, below {len(holder)}, found {name}"
            )
        if not rest:
            holder[int(name)] = new
            return (int(name),)
        return (int(name), *_put(holder[int(name)], rest, new))
    raise ValueError(f"expected a section that can have the key {name}, found {holder}")


def _forget(tree: Tree, key: Key) -> None:
    for known in (tree.places, tree.problems):
        for inner in [inner for inner in known if inner[: len(key)] == key]:
            del known[inner]
