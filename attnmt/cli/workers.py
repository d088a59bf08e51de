"""`--workers`: translating in this process or in several."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from attnmt.cli.engines import Engine, load_engine
from attnmt.cli.translating import Device
from attnmt.errors import ConfigError

if TYPE_CHECKING:
    from attnmt.translating import BaseTranslator

WorkersOption = Annotated[
    str,
    typer.Option(
        metavar="N",
        help="Processes that translate, each on one processor core with a model of its "
        "own; auto: as many as there are cores.",
    ),
]


@contextmanager
def open_engine(
    workers: str,
    engine: Engine,
    folders: Sequence[Path],
    settings: list[str] | None,
    device: Device,
    trust_code: bool,
    tensorflow_for: str | None = None,
    **decoding: object,
) -> Iterator["BaseTranslator"]:
    """As `load_engine`, in as many processes as are asked for while the block runs."""
    count = _count(workers)
    common = (folders, settings)
    if count == 1:
        yield load_engine(
            engine, *common, device, trust_code, tensorflow_for, "auto", **decoding
        )
        return
    obstacle = "--device gpu" if device is Device.gpu else tensorflow_for
    if obstacle:
        raise ConfigError(
            f"--workers {workers}: {obstacle} is for one process: leave out one of the "
            "two"
        )
    from attnmt.workers import translating

    load = partial(
        load_engine, engine, *common, Device.cpu, trust_code, threads=1, **decoding
    )
    with translating(load, count) as translator:
        yield translator


def _count(workers: str) -> int:
    if workers == "auto":
        from attnmt.devices import processors

        return processors()
    if not (workers.isascii() and workers.isdigit() and 1 <= int(workers) <= 1024):
        raise ConfigError(
            f"--workers: expected a number from 1 to 1024, or auto, found {workers!r}"
        )
    return int(workers)
