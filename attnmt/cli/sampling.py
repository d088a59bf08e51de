"""`attnmt translate --sample`: its options, and what contradicts it."""

from math import inf
from typing import Annotated

import typer

from attnmt.errors import ConfigError

SampleOption = Annotated[
    bool,
    typer.Option(
        "--sample",
        help="Draw translations at random; --n-best N draws as many of each line.",
    ),
]
TemperatureOption = Annotated[
    float | None,
    typer.Option(
        help="With --sample: below 1 likely pieces become more likely.",
        show_default="the run's, else 1",
    ),
]
TopKOption = Annotated[
    int | None,
    typer.Option(
        min=1, help="With --sample: only from so many of the likeliest pieces."
    ),
]
TopPOption = Annotated[
    float | None,
    typer.Option(
        help="With --sample: only from the fewest pieces that are this likely together."
    ),
]
SeedOption = Annotated[
    int | None,
    typer.Option(
        min=0,
        help="With --sample: the seed of the draws.",
        show_default="the run's, else 1",
    ),
]


def read_sampling(
    sample: bool,
    without: dict[str, object],
    temperature: float | None,
    top_k: int | None,
    top_p: float | None,
    seed: int | None,
) -> dict[str, object] | None:
    """The setting decoding.sampling that the options make; None without --sample.

    Raises ConfigError for a value out of range, for any of them without --sample, and
    for it with one of the options `without` which it does not go.
    """
    values = {"temperature": temperature, "top_k": top_k, "top_p": top_p, "seed": seed}
    given = {name: value for name, value in values.items() if value is not None}
    if not sample:
        for name in given:
            option = "--" + name.replace("_", "-")
            raise ConfigError(f"{option}: expected --sample with it, found none")
        return None
    for option, value in without.items():
        if value is not None:
            raise ConfigError(f"--sample: does not search: leave out {option}")
    if temperature is not None and not 0.0 < temperature < inf:
        raise ConfigError(
            f"--temperature: expected a number above 0, found {temperature:g}: without "
            "chance is --beam 1"
        )
    if top_p is not None and not 0.0 < top_p <= 1.0:
        raise ConfigError(f"--top-p: expected above 0, at most 1, found {top_p:g}")
    return given
