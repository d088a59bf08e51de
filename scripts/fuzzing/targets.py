"""What is fuzzed: a target reads bytes, and may refuse them only by an AttnmtError.

A folder is one text: the names of its files in lines that begin with `=== `, and their
contents between.
"""

import contextlib
import json
import re
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from attnmt import checkpoint, sealed, tensor_header
from attnmt.analysis.dump import Dump, DumpWriter
from attnmt.analysis.record import Record
from attnmt.config.loading import dump_config, load_config
from attnmt.errors import AttnmtError

CONFIGS = Path(__file__).parents[2] / "configs"
MEMORY = Path("/dev/shm")  # files in it cost little
WORK = Path(tempfile.mkdtemp(prefix="fuzz-", dir=MEMORY if MEMORY.is_dir() else None))


def config(data: bytes) -> None:
    """What is accepted loads back equal."""
    file = WORK / "config.yaml"
    file.write_bytes(data)
    found = load_config(file)
    file.write_text(dump_config(found), "utf-8")
    assert load_config(file) == found


def dump(data: bytes) -> None:
    for record in Dump(unpacked(data, "dump")):
        record.links("strong")
        record.between_spaces().to_json()


def tensors(data: bytes) -> None:
    """What the header check accepts has the shapes that it told."""
    file = WORK / "weights.safetensors"
    file.write_bytes(data)
    shapes = tensor_header.read_shapes(file)
    found = checkpoint.load_arrays(file)
    assert {name: array.shape for name, array in found.items()} == shapes


def manifest(data: bytes) -> None:
    folder = unpacked(data, "checkpoint")
    with contextlib.suppress(AttnmtError):
        sealed.read_sealed(folder / checkpoint.STATE)
    checkpoint.load_state(folder)


def packed(folder: Path) -> bytes:
    """A folder as one text."""
    files = sorted(folder.iterdir())
    return b"".join(b"\n=== %s\n%s" % (f.name.encode(), f.read_bytes()) for f in files)


def unpacked(data: bytes, name: str) -> Path:
    """The folder of a text; only the files that the target reads are written."""
    folder = WORK / name
    folder.mkdir(exist_ok=True)
    for file in folder.iterdir():
        file.unlink()
    parts = re.split(rb"\n=== ([A-Za-z.]{1,30})\n", data)
    for file, content in zip(parts[1::2], parts[2::2], strict=True):
        if file.strip(b"."):
            (folder / file.decode()).write_bytes(content)
    return folder


def _configs() -> list[bytes]:
    return [file.read_bytes() for file in sorted(CONFIGS.glob("*.yaml"))]


def _dumps() -> list[bytes]:
    record = Record(
        id=0,
        rank=0,
        n_best=1,
        source="a b",
        hypothesis="\u6771",
        score=-1.0,
        norm_score=-0.5,
        source_pieces=["\u2581a", "\u2581b", "</s>"],
        target_pieces=["\u2581\u6771", "</s>"],
        source_ids=[4, 5, 3],
        target_ids=[6, 3],
        source_spans=[(0, 1), (1, 3), (3, 3)],
        target_spans=[(0, 3), (3, 3)],
        log_probs=[-0.5, -0.5],
        extras={"p_gen": np.ones((2, 1), np.float32)},
        weights=np.full((1, 1, 2, 3), 0.5, np.float32),
    )
    folder = WORK / "whole"
    with DumpWriter(folder, {"attention": {"name": "dot"}}) as writer:
        writer.write(record)
    finished = packed(folder)
    (folder / "DONE.json").unlink()
    return [finished, packed(folder)]


def _checkpoints() -> list[bytes]:
    arrays = {"a": np.zeros((2, 3), np.float32), "b": np.ones((), np.int32)}
    folder = checkpoint.save(WORK / "saved", arrays, arrays, checkpoint.State(step=7))
    whole = packed(folder)
    state = folder / checkpoint.STATE
    values = sealed.read_sealed(state) | {"format": sealed.UNSEALED}
    del values["validated"]
    state.write_text(json.dumps(values), "utf-8")
    return [whole, packed(folder)]


def _tensors() -> list[bytes]:
    folder = checkpoint.save(
        WORK / "tensors",
        {"a": np.zeros((2, 3), np.float32), "b": np.ones((), np.int64)},
        {},
        checkpoint.State(),
    )
    files = (checkpoint.WEIGHTS, checkpoint.OPTIMIZER)
    return [(folder / name).read_bytes() for name in files]


Target = Callable[[bytes], None]
TARGETS: dict[str, tuple[Target, Callable[[], list[bytes]]]] = {
    "config": (config, _configs),
    "dump": (dump, _dumps),
    "tensors": (tensors, _tensors),
    "manifest": (manifest, _checkpoints),
}


def run(target: Target, data: bytes) -> None:
    """Read the bytes; everything but a clear refusal is raised."""
    with contextlib.suppress(AttnmtError):
        target(data)
