"""`attnmt config`: the effective configuration, the schema, the meaning of keys."""

import json
from typing import Annotated

import typer

from attnmt.cli.config_options import Changes, ConfigFile

app = typer.Typer(
    help="Show the effective configuration, its schema, its keys.",
    no_args_is_help=True,
)


@app.command()
def show(
    config: ConfigFile,
    settings: Changes = None,
) -> None:
    """Print the configuration with every default spelled out."""
    from attnmt.config.loading import dump_config, load_config

    print(dump_config(load_config(config, settings or ())), end="")


@app.command()
def schema() -> None:
    """Print the JSON schema, with which editors complete and check a file."""
    from attnmt.config.keys import json_schema

    print(json.dumps(json_schema(), indent=2))


@app.command()
def explain(
    key: Annotated[
        str, typer.Argument(help="A key or section, as in training.batch_tokens.")
    ] = "",
) -> None:
    """Say what a key means, its type and default; without KEY, list the sections."""
    from attnmt.config.explain import explain

    print(explain(key))
    if key == "model.attention":  # its further keys depend on the mechanism
        from attnmt.cli.attention import list_

        print()
        list_()
