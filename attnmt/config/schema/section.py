"""What the sections of a configuration are made of."""

import os
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


def _in_home(path: Path) -> Path:
    return Path(os.path.expanduser(path))


def _absolute(path: Path) -> Path:
    return _in_home(path).absolute()


def _absolute_folder(name: str) -> str:
    path = _absolute(Path(name))
    return str(path) if path.is_dir() else name


InputPath = Annotated[Path, AfterValidator(_absolute)]
OutputPath = Annotated[Path, AfterValidator(_in_home)]
NameOrFolder = Annotated[str, AfterValidator(_absolute_folder)]
Rate = Annotated[float, Field(ge=0.0, lt=1.0)]
Count = Annotated[int, Field(ge=1)]
Few = Annotated[int, Field(ge=1, le=256)]


class Misfit(ValueError):
    """A value that does not fit another; `key` is dotted, from the raising section."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key


class Section(BaseModel):
    """A group of fields; an unknown key is an error, a loaded value never changes."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        protected_namespaces=(),
        allow_inf_nan=False,
        ser_json_inf_nan="constants",
    )
