"""Run folders and configurations made to harm whoever opens them.

Each function changes a copy of a sound run folder; `ATTACKS` names them all.
"""

import json
import os
import pickle
import struct
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import yaml_attacks

from attnmt.sealed import read_sealed, sealed

STEP = "000000001"
CANARY = "canary"  # the file that code from a run folder would make
EVIL = f"open({CANARY!r}, 'w').close()\n"
Header = dict[str, Any]


def weights(run: Path) -> Path:
    return run / "checkpoints" / STEP / "weights.safetensors"


def reseal(run: Path, **changes: Any) -> None:
    """Change the state of the checkpoint, hashes included, as an attacker can."""
    import hashlib

    path = run / "checkpoints" / STEP / "state.json"
    values = read_sealed(path) | changes
    for name in values["sha256"]:
        file = path.with_name(name)
        if file.is_file() and file.stat().st_size < 2**24:
            values["sha256"][name] = hashlib.sha256(file.read_bytes()).hexdigest()
    path.write_text(sealed(values), "utf-8")


def write_header(run: Path, header: bytes, length: int | None = None) -> None:
    file = weights(run)
    old = file.read_bytes()
    (size,) = struct.unpack("<Q", old[:8])
    length = len(header) if length is None else length
    file.write_bytes(struct.pack("<Q", length) + header + old[8 + size :])
    reseal(run)


def header_of(run: Path) -> Header:
    data = weights(run).read_bytes()
    (size,) = struct.unpack("<Q", data[:8])
    return json.loads(data[8 : 8 + size])


def with_header(change: Callable[[Header, str, str], None], run: Path) -> None:
    """Change the header; the names are those of its first two tensors."""
    header = header_of(run)
    names = sorted(header.keys() - {"__metadata__"})
    names.sort(key=lambda name: header[name]["data_offsets"])
    change(header, names[0], names[1])
    write_header(run, json.dumps(header).encode())


def huge_shape(header: Header, first: str, second: str) -> None:
    header[first]["shape"] = [2**40, 2**40]


def huge_offsets(header: Header, first: str, second: str) -> None:
    header[first] = {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 2**42]}


def negative_shape(header: Header, first: str, second: str) -> None:
    header[first]["shape"] = [-1, -header[first]["data_offsets"][1] // 4]


def overlap(header: Header, first: str, second: str) -> None:
    header[second] = {**header[first]}


def gap(header: Header, first: str, second: str) -> None:
    del header[first]


def unknown_type(header: Header, first: str, second: str) -> None:
    header[first]["dtype"] = "O"


def text_shape(header: Header, first: str, second: str) -> None:
    header[first]["shape"] = "12"


def path_as_name(header: Header, first: str, second: str) -> None:
    header["../../../../tmp/planted"] = header.pop(first)


def raw_header(header: bytes, length: int | None, run: Path) -> None:
    write_header(run, header, length)


def long_header(run: Path) -> None:
    write_header(run, b"{" + b" " * 100_000_000 + b"}")


def weights_are(content: bytes, run: Path) -> None:
    weights(run).write_bytes(content)
    reseal(run)


def weights_are_a_zip(run: Path) -> None:
    with zipfile.ZipFile(weights(run), "w") as archive:
        archive.writestr("config.json", '{"class_name": "Lambda"}')
    reseal(run)


class Payload:
    def __reduce__(self) -> tuple[Any, tuple[str, str]]:
        return open, (CANARY, "w")


def config(run: Path, old: str, new: str) -> None:
    path = run / "config.yaml"
    text = path.read_text("utf-8")
    assert old in text, old
    path.write_text(text.replace(old, new, 1), "utf-8")


def setting(old: str, new: str, run: Path) -> None:
    config(run, old, new)


def code(old: str, new: str, run: Path) -> None:
    config(run, old, new)
    for folder in (run, run.parent):
        (folder / "evil.py").write_text(EVIL + "class Mine: pass\n", "utf-8")


def pointer(name: str, run: Path) -> None:
    (run / "best").write_text(name, "utf-8")


def link(name: str, target: str, run: Path) -> None:
    """Put a link in the place of a part of the run."""
    place = run / name
    if place.is_dir():
        place.rename(run.parent / "moved")
    else:
        place.unlink()
    os.symlink(target, place)


def pipe(name: str, run: Path) -> None:
    """A pipe: whoever opens it waits for ever."""
    (run / name).unlink()
    os.mkfifo(run / name)


def content(name: str, data: bytes, run: Path) -> None:
    (run / name).write_bytes(data)


def sparse(name: str, size: int, run: Path) -> None:
    """A file that takes no room on the disk and all of memory."""
    with open(run / name, "r+b") as file:
        file.truncate(size)


def state(changes: dict[str, Any], run: Path) -> None:
    reseal(run, **changes)


def checkpoint_is_a_file(run: Path) -> None:
    folder = run / "checkpoints" / STEP
    folder.rename(run.parent / "moved")
    folder.write_bytes(b"")


_STATE = f"checkpoints/{STEP}/state.json"
_DEEP = b'{"a":' * 100_000
_TYPE, _NORMALISER, _COVERAGE = (
    "type: additive",
    "normaliser: softmax",
    "coverage: none",
)

ATTACKS: dict[str, Callable[[Path], None]] = {
    **{
        change.__name__: partial(with_header, change)
        for change in (
            *(huge_shape, huge_offsets, negative_shape, overlap, gap),
            *(unknown_type, text_shape, path_as_name),
        )
    },
    "header_longer_than_the_file": partial(raw_header, b"{}", 2**63),
    "header_of_100_mb": long_header,
    "deep_header": partial(raw_header, _DEEP, None),
    "header_with_a_key_twice": partial(raw_header, b'{"a":1,"a":2}', None),
    "header_is_a_list": partial(raw_header, b"[1]", None),
    "weights_are_four_bytes": partial(weights_are, b"\xff" * 4),
    "weights_are_a_pickle": partial(weights_are, pickle.dumps(Payload())),
    "weights_are_a_zip": weights_are_a_zip,
    "weights_are_a_terabyte": partial(
        sparse, f"checkpoints/{STEP}/weights.safetensors", 2**40
    ),
    "weights_are_a_pipe": partial(pipe, f"checkpoints/{STEP}/weights.safetensors"),
    "model_without_end": partial(setting, "units: 5", "units: 2000000"),
    "layers_without_end": partial(setting, "layers: 1", "layers: 1000000000"),
    "vectors_without_end": partial(setting, " size: 3", " size: 1000000000"),
    "beam_without_end": partial(setting, "beam_size: 5", "beam_size: 1000000000"),
    "length_without_end": partial(
        setting, "max_length_ratio: 2.0", "max_length_ratio: 1e300"
    ),
    "slots_without_end": partial(
        setting, _TYPE, "type: linformer\n    slots: 1000000000"
    ),
    "class_of_the_system": partial(code, _TYPE, "type: os:system"),
    "class_beside_the_run": partial(code, _TYPE, "type: evil:Mine"),
    "normaliser_of_its_own": partial(code, _NORMALISER, "normaliser: evil:Mine"),
    "coverage_of_its_own": partial(code, _COVERAGE, "coverage: evil:Mine"),
    "pointer_upwards": partial(pointer, "../../../../../../etc"),
    "pointer_from_the_root": partial(pointer, "/etc"),
    "pointer_with_an_escape": partial(pointer, "\x1b]52;c;ZXZpbA==\x07"),
    "pointer_is_a_link": partial(link, "best", "/etc/passwd"),
    "config_is_a_link": partial(link, "config.yaml", "/etc/passwd"),
    "checkpoints_are_elsewhere": partial(link, "checkpoints", "../moved"),
    "tokenizer_is_a_device": partial(link, "tokenizer/shared.model", "/dev/zero"),
    "state_is_a_pipe": partial(pipe, _STATE),
    "state_is_deep": partial(content, _STATE, _DEEP),
    "state_is_a_terabyte": partial(sparse, _STATE, 2**40),
    "step_is_text": partial(state, {"step": "1; rm"}),
    "step_is_huge": partial(state, {"step": 10**300}),
    "state_with_a_stranger": partial(state, {"__class__": "os.system"}),
    "checkpoint_is_a_file": checkpoint_is_a_file,
    "tokenizer_is_noise": partial(content, "tokenizer/shared.model", b"\n\xff" * 999),
    "tokenizer_is_a_terabyte": partial(sparse, "tokenizer/shared.model", 2**40),
    **{
        f"config_{name}": partial(content, "config.yaml", text)
        for name, text in yaml_attacks.TEXTS.items()
    },
}
