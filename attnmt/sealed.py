"""Hashes of what a run folder holds; its JSON is read strictly, and seals itself."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from attnmt.errors import DataError

MAX_BYTES = 2**20
SEAL = "seal"  # the SHA-256 of the object without this key
UNSEALED = 1  # the format that had no seal yet


def sealed(values: Mapping[str, Any]) -> str:
    """An object as text with its seal, as `read_sealed` expects it."""
    seal = hashlib.sha256(json.dumps(values, indent=1).encode()).hexdigest()
    return json.dumps({**values, SEAL: seal}, indent=1) + "\n"


def read_sealed(path: Path) -> dict[str, Any]:
    """A sealed object; every other text, though it be JSON, raises DataError."""
    values = read_json(path)
    seal = values.pop(SEAL, None)
    if seal is None and values.get("format") == UNSEALED:
        return values
    if path.read_text("utf-8") != sealed(values):
        raise DataError(f"{path}: damaged (its seal, a SHA-256 of the rest, is broken)")
    return values


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object. Raises DataError when it is missing, broken or over 1 MB."""
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise DataError(f"{path}: expected a JSON file: {error.strerror}") from error
    if len(data) > MAX_BYTES:
        raise DataError(f"{path}: expected a small JSON file, found over 1 MB")
    return parse_object(data, str(path))


def parse_object(data: bytes, name: str) -> dict[str, Any]:
    """A JSON object with no key twice and no NaN; DataError, by `name`, for others."""
    try:
        value = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_without_twins,
            parse_constant=_refuse_constant,
        )
    except (ValueError, RecursionError) as error:
        raise DataError(f"{name}: expected a JSON file: {error}") from error
    if not isinstance(value, dict):
        raise DataError(f"{name}: expected a JSON object, found {type(value).__name__}")
    return value


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        raise ValueError("a key is given twice")
    return values


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")
