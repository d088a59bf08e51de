"""`attnmt info`: what a report of a problem should say about the installation."""

import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated

import typer

from attnmt import __version__
from attnmt.errors import ConfigError

PACKAGES = ("tensorflow", "keras", "numpy", "sentencepiece", "sacrebleu")


def info(
    device: Annotated[
        bool,
        typer.Option(
            "--device",
            help="Also the device, and why it is no GPU; imports TensorFlow.",
        ),
    ] = False,
) -> None:
    """Show versions and the newest run, with --device the device."""
    _say("attnmt", __version__)
    _say("python", f"{platform.python_version()} on {platform.platform()}")
    for package in PACKAGES:
        _say(package, _version(package))
    _say("newest run", _newest_run())
    if device:
        _say("device", _device())


def _say(name: str, value: str) -> None:
    print(f"{name:<14}{value}", flush=True)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _newest_run() -> str:
    from attnmt.run import find_run

    try:
        return str(find_run(None))
    except ConfigError as error:
        return str(error)


def _device() -> str:
    from attnmt.config.schema import Runtime
    from attnmt.devices import prepare

    return prepare(Runtime()).description
