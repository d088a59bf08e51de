"""`attnmt check`: a configuration and its text, before a training finds out."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from attnmt.cli.config_options import Changes, ConfigFile

if TYPE_CHECKING:
    from attnmt.text.preflight import Checked

SHOWN = 5  # lines that are named


def check(
    config: ConfigFile,
    settings: Changes = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON, with all line numbers.")
    ] = False,
) -> None:
    """Read a configuration and all its text, and list what may be wrong with them.

    Wrong keys, a model that cannot be, files that cannot be read or do not fit each
    other are errors. The rest is only listed, and may be intended: empty, equal, uneven
    and repeated pairs, and validation or test text that is also trained on. To build
    the model, code of yours that the configuration names is run.
    """
    from attnmt.config.loading import load_config, located
    from attnmt.errors import ConfigError
    from attnmt.text.preflight import check_text

    loaded = load_config(config, settings or ())
    for checked in check_text(loaded.data):
        print(_json(checked) if as_json else _table(checked), flush=True)
    from attnmt import devices

    devices.load_tensorflow(own_process=True)
    devices.leave_gpus()
    from attnmt.training.early import check_files, check_model

    try:
        check_model(loaded)
    except ConfigError as error:
        raise ConfigError(located(str(error), config, settings or ())) from error
    check_files(loaded)


def _table(checked: "Checked") -> str:
    source, target = checked.characters
    rows = [
        f"{checked.key}: {checked.name.replace(f'{Path.cwd()}/', '')}",
        f"{checked.pairs:>9,}  pairs, of {source:.0f} and {target:.0f} characters",
    ]
    for what, lines in checked.findings:
        first = ", ".join(map(str, lines[:SHOWN]))
        more = ", ..." if len(lines) > SHOWN else ""
        name = "line" if len(lines) == 1 else "lines"
        rows.append(f"{len(lines):>9,}  {what} ({name} {first}{more})")
    return "\n".join(rows)


def _json(checked: "Checked") -> str:
    found = {what: lines.tolist() for what, lines in checked.findings}
    return json.dumps({**checked._asdict(), "findings": found})
