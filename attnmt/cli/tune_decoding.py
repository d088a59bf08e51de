"""`attnmt tune-decoding`: beam size and penalties, chosen on the validation text."""

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from attnmt.cli.translating import (
    BatchOption,
    Device,
    DeviceOption,
    RunOption,
    TrustOption,
    load_translator,
)
from attnmt.errors import ConfigError

if TYPE_CHECKING:
    from attnmt.evaluation.tuning import Candidate, Choice, Tried
    from attnmt.translator import Translator

BEAMS = "1,3,5,8,12"


def tune_decoding(
    run: RunOption = None,
    beams: Annotated[str, typer.Option(help="Beam sizes to try.")] = BEAMS,
    metric: Annotated[
        Literal["bleu", "chrf", "exact"], typer.Option(help="What is to be highest.")
    ] = "bleu",
    write: Annotated[
        bool,
        typer.Option("--write", help="Make the best the decoding of the run."),
    ] = False,
    batch_size: BatchOption = None,
    device: DeviceOption = Device.auto,
    trust_code: TrustOption = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON instead of a table.")
    ] = False,
) -> None:
    """Find the beam size and the penalties that translate best.

    The validation text of the run is translated once for each beam size; the length
    and coverage penalties rank what was found. The test set is not looked at.
    """
    from attnmt.evaluation.inputs import validation_set
    from attnmt.evaluation.metrics import tokenizer_for
    from attnmt.evaluation.tuning import Choice, best_of, grid, keep, table, tune
    from attnmt.run import Run, find_run

    sizes = _sizes(beams)
    chosen = Run(find_run(run))
    source, reference = validation_set(chosen)
    config = chosen.load_config()
    decoding = config.decoding
    if decoding.sampling is not None:
        raise ConfigError(
            f"{chosen.config_file}: decoding.sampling: expected none, as a search is "
            "what is tuned: leave it out"
        )
    present = Choice(**decoding.model_dump(include={*Choice._fields}))
    plain = Choice(beam_size=1, length_penalty=0.0, coverage_penalty=0.0)
    translator = load_translator(
        *(chosen.path, None, device, trust_code),
        **plain._asdict(),
        batch_size=batch_size,
    )
    covers = translator.align_kind == "token"
    if not covers:  # there is none of slots, whatever the run says
        present = present._replace(coverage_penalty=0.0)
    how = tokenizer_for(config.data.target_lang), config.tokenizer.lowercase
    tried: list[Tried] = []
    for size in sorted({*sizes, present.beam_size}):
        _say(f"translating {len(source.rows)} sentences of {source.name}, beam {size}")
        found = _candidates(translator, source.rows, size, covers)
        choices = grid(size, present, covers)
        tried += tune(found, reference.rows, metric, choices, *how)
    best, before = best_of(tried), dict(tried)[present]
    if as_json:
        print(_json(metric, tried, best, before))
    else:
        print(table(tried))
        print(f"\nbest {metric} {best.score:.2f}, as the run has it {before:.2f}:")
        print(" ".join(f"--set decoding.{k}={v:g}" for k, v in _items(best.choice)))
        print("decoding:", *(f"  {k}: {v:g}" for k, v in _items(best.choice)), sep="\n")
    if write:
        keep(chosen, best.choice)
        _say(f"written: {chosen.config_file}")


def _sizes(beams: str) -> list[int]:
    parts = [part.strip() for part in beams.split(",")]
    if not all(part.isdecimal() and 0 < int(part) <= 1000 for part in parts):
        raise ConfigError(f"--beams: expected sizes, as in {BEAMS}, found {beams!r}")
    return [int(part) for part in parts]


def _candidates(
    translator: "Translator", lines: Sequence[str], size: int, coverage: bool
) -> list[list["Candidate"]]:
    """All that the search finds for each line, without the weights."""
    from attnmt.evaluation.tuning import candidate

    return [
        [candidate(hypothesis, coverage) for hypothesis in hypotheses]
        for hypotheses in translator.n_best(lines, size)
    ]


def _items(choice: "Choice") -> list[tuple[str, float]]:
    return [*choice._asdict().items()]


def _json(metric: str, tried: list["Tried"], best: "Tried", before: float) -> str:
    content = {
        "metric": metric,
        "best": best.choice._asdict() | {"score": best.score},
        "score_before": before,
        "tried": [t.choice._asdict() | {"score": t.score} for t in tried],
    }
    return json.dumps(content, indent=2)


def _say(message: str) -> None:
    print(message, file=sys.stderr)
