"""`attnmt init`: a commented configuration to begin with."""

import sys
from enum import StrEnum
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer


class Preset(StrEnum):
    """The configurations in attnmt/presets: translation, the quickest first; others."""

    tiny = "tiny"
    small_data = "small-data"
    low_resource = "low-resource"
    iwslt = "iwslt"
    nematus = "nematus"
    luong = "luong"
    gnmt = "gnmt"
    g2p = "g2p"


def init(
    config: Annotated[
        Path, typer.Argument(help="File to write; - is standard output.")
    ] = Path("config.yaml"),
    preset: Annotated[Preset, typer.Option(help="What to begin with.")] = Preset.tiny,
    list_: Annotated[
        bool, typer.Option("--list", help="Say what each preset is for.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Replace a file that exists.")
    ] = False,
) -> None:
    """Write a commented configuration to fill in: languages, files, run folder."""
    from attnmt.errors import ConfigError
    from attnmt.text.lines import is_stream, write_lines

    if list_:
        for each in Preset:
            print(f"{each:<14}{_lines(each)[0].removeprefix('# ')}")
        return
    if config.is_file() and not is_stream(config) and not force:
        raise ConfigError(
            f"{config}: expected a new file, found one: give another name, or --force "
            "to replace it"
        )
    write_lines(config, _lines(preset))
    print(
        f"{config}: the preset {preset} (attnmt init --list names all)\n"
        "next: put your languages, your files and a run_dir of your own into it, then\n"
        f"attnmt check {config} and attnmt train {config}",
        file=sys.stderr,
    )


def _lines(preset: Preset) -> list[str]:
    text = files("attnmt").joinpath("presets", f"{preset}.yaml").read_text("utf-8")
    return text.rstrip("\n").split("\n")
