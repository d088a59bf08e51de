"""Reading and writing a configuration file."""

import io
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML

from attnmt.config.overrides import override
from attnmt.config.parsing import Place, parse
from attnmt.config.problems import problems_of
from attnmt.config.schema import Config
from attnmt.errors import ConfigError

MAX_BYTES = 2**17


def load_config(path: Path, overrides: Sequence[str] = ()) -> Config:
    """Read a YAML file, apply settings such as "training.batch_tokens=2048", check it.

    Raises ConfigError with a line for every problem, as in
    "config.yaml:14: training.batch_token: unknown key, did you mean batch_tokens?".
    """
    tree = parse(_read(path), lambda line: Place(str(path), line))
    tree.value = {} if tree.value is None else tree.value
    lines = []
    for setting in overrides:
        try:
            override(tree, setting)
        except ConfigError as error:
            lines.append(str(error))
    try:
        # JSON, because strict checking takes text for a path only there.
        config = Config.model_validate_json(json.dumps(tree.value), strict=True)
        problems = problems_of(tree)
    except ValidationError as error:
        config, problems = None, problems_of(tree, error)
    lines = [*map(str, problems), *lines]
    if config is None or lines:
        raise ConfigError("\n".join(lines))
    return config


def located(message: str, path: Path, overrides: Sequence[str] = ()) -> str:
    """A message that begins with a key, as in "model.cell: ...", with its place.

    For what only the model finds out. Any other message stays as it is.
    """
    tree = parse(_read(path), lambda line: Place(str(path), line))
    for setting in overrides:
        override(tree, setting)
    key = tuple(message.partition(":")[0].split("."))
    return f"{tree.place(key)}: {message}" if key[:1] in tree.places else message


def dump_config(config: Config) -> str:
    """YAML with every default spelled out; loads back equal, from any folder."""
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    setattr(yaml, "sort_base_mapping_type_on_output", False)  # noqa: B010, typed None
    yaml.width = 2**16
    values = _escaped(config.model_dump(mode="json"))
    # Characters that end a line in YAML have to be written as escapes, then all are.
    yaml.allow_unicode = not re.search(
        "[\x85\u2028\u2029\ufeff]", json.dumps(values, ensure_ascii=False)
    )
    text = io.StringIO()
    yaml.dump(values, text)
    return text.getvalue()


def flattened(config: Config) -> dict[str, object]:
    """Settings by their dotted names, as in training.batch_tokens; lists stay whole."""
    flat: dict[str, object] = {}

    def walk(prefix: str, values: dict[str, object]) -> None:
        for key, value in values.items():
            if isinstance(value, dict):
                walk(f"{prefix}{key}.", value)
            else:
                flat[f"{prefix}{key}"] = value

    walk("", config.model_dump(mode="json"))
    return flat


def _read(path: Path) -> str:
    try:
        with open(path, "rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    if len(content) > MAX_BYTES:
        raise ConfigError(f"{path}: expected a configuration, found over 128 KB")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError(
            f"{path}:{line}: not UTF-8: byte {content[error.start]:#04x}"
        ) from error


def _escaped(value: Any) -> Any:
    # What looks like a reference to the environment has to survive loading.
    if isinstance(value, dict):
        return {key: _escaped(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_escaped(inner) for inner in value]
    return value.replace("${", "$${") if isinstance(value, str) else value
