"""The options of `attnmt eval`."""

from pathlib import Path
from typing import Annotated

import typer

from attnmt.cli.translating import Links
from attnmt.evaluation.metrics import METRICS

ALL_METRICS = ",".join(METRICS)

Runs = Annotated[
    list[Path] | None,
    typer.Option(
        "--run",
        help="Run folder; several make an ensemble, which is kept in the first.",
        show_default="$ATTNMT_RUN, or the newest in runs",
    ),
]
Source = Annotated[
    Path | None,
    typer.Option(help="Text to translate instead of the run's test set."),
]
Reference = Annotated[
    Path | None,
    typer.Option(help="Its reference translations, or those of --hypothesis."),
]
Hypothesis = Annotated[
    Path | None,
    typer.Option(help="Translations to score as they are, without a model."),
]
Beam = Annotated[
    int | None, typer.Option(min=1, help="Beam size.", show_default="as configured")
]
Name = Annotated[
    str | None,
    typer.Option(
        help="Folder of the results in RUN/eval.",
        show_default="test, or the name of --source",
    ),
]
Metrics = Annotated[
    str,
    typer.Option(
        "--metrics",
        help="Some of bleu, chrf, ter and exact (lines that equal their reference).",
    ),
]
Tokenize = Annotated[
    str | None,
    typer.Option(
        help="sacreBLEU tokenizer of BLEU: none, intl, zh, ...",
        show_default="13a; where a model writes a language without spaces zh or char",
    ),
]
Lowercase = Annotated[
    bool,
    typer.Option("--lowercase", help="Without regard to case; TER has none anyway."),
]
Bootstrap = Annotated[
    int | None,
    typer.Option(
        min=100,
        help="95 % intervals of the metrics from so many bootstrap resamples.",
        show_default="1000 with --baseline, else none",
    ),
]
Baseline = Annotated[
    Path | None,
    typer.Option(
        help="Other translations, or a run that was evaluated under the same name: "
        "how likely is it that the difference is chance (paired bootstrap, "
        "approximate randomisation)?"
    ),
]
WithDetails = Annotated[
    bool,
    typer.Option(
        "--details",
        help="Also quality by length and by frequency of words, the worst sentences "
        "and, with --baseline, those that changed most.",
    ),
]
Literature = Annotated[
    bool,
    typer.Option(
        "--literature",
        help="Also the BLEU of the Multi30k papers: lower-cased, normalised, "
        "Moses-tokenised.",
    ),
]
LiteratureReference = Annotated[
    Path | None,
    typer.Option(
        help="References for --literature that are lower-cased, normalised and "
        "tokenised already.",
        show_default="made from the references",
    ),
]
Lang = Annotated[
    str | None,
    typer.Option(
        help="Target language of --literature.", show_default="that of the run"
    ),
]
GoldAlignment = Annotated[
    Path | None,
    typer.Option(
        help="Gold word alignments for AER: i-j is sure, ipj and i?j possible. "
        "A model is made to produce the references for it.",
    ),
]
AttentionLinks = Annotated[
    Links,
    typer.Option(
        help="Links of a model's attention: argmax, of each target word the source "
        "word that it reads most, strong, also those that it reads half as much."
    ),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        help="Change a setting of decoding, or one of model.attention that needs "
        "no training.",
    ),
]
Alignment = Annotated[
    Path | None,
    typer.Option(
        help="Word alignments i-j, from 0, to compare with the gold ones, "
        "without a model."
    ),
]
Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="Write the figures to this JSON file."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
