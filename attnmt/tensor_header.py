"""What a safetensors file says it holds, checked against what it can hold.

Eight bytes tell the length of a JSON object, which tells the type, shape and place of
every tensor; their bytes follow, without gaps.
"""

import math
import os
from pathlib import Path
from typing import Any

from attnmt.errors import DataError
from attnmt.sealed import parse_object

MAX_HEADER = 4 * 2**20
MAX_AXES = 32
SIZES = {"BOOL": 1, "I8": 1, "U8": 1, "I16": 2, "U16": 2, "F16": 2} | {
    name: int(name[1:]) // 8 for name in ("I32", "U32", "F32", "I64", "U64", "F64")
}
Shapes = dict[str, tuple[int, ...]]


def read_shapes(path: Path) -> Shapes:
    """The shape of every tensor. Raises DataError unless they fill the file exactly."""
    try:
        with open(path, "rb") as file:
            total = os.fstat(file.fileno()).st_size
            length = int.from_bytes(file.read(8), "little")
            if not 2 <= length <= min(MAX_HEADER, total - 8):
                raise DataError(f"{path}: damaged (its header does not fit)")
            header = parse_object(file.read(length), f"{path}: its header")
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}") from error
    header.pop("__metadata__", None)
    try:
        parts = sorted(_part(entry) + (name,) for name, entry in header.items())
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path}: damaged (no tensors in its header)") from error
    end = 0
    for begin, stop, _, name in parts:
        if "/" in name:  # no layer of Keras and no attribute has one in its name
            raise DataError(f"{path}: damaged (a tensor is called {name!r})")
        if begin != end:
            raise DataError(f"{path}: damaged ({name} overlaps or leaves a gap)")
        end = stop
    if 8 + length + end != total:
        raise DataError(
            f"{path}: damaged (its tensors take {8 + length + end} bytes, it has "
            f"{total})"
        )
    return {name: shape for _, _, shape, name in parts}


def _part(entry: Any) -> tuple[int, int, tuple[int, ...]]:
    """Begin, end and shape of an entry of the header."""
    begin, end = entry["data_offsets"]
    shape = tuple(entry["shape"])
    if any(type(number) is not int or number < 0 for number in (begin, end, *shape)):
        raise ValueError("not a natural number")
    if len(shape) > MAX_AXES or any(number >= 2**31 for number in shape):
        raise ValueError("more than an array can have")
    if end - begin != SIZES[entry["dtype"]] * math.prod(shape):
        raise ValueError("another size than its shape")
    return begin, end, shape
