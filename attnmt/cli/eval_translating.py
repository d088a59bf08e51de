"""The part of `attnmt eval` that needs a model."""

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal

from attnmt.evaluation.inputs import HYPOTHESIS_FILE, Inputs, Rows
from attnmt.run import Run

if TYPE_CHECKING:
    from attnmt.translator import Translator


def translate(
    given: Inputs,
    runs: Sequence[Run],
    load: Callable[[], "Translator"],
    links: Literal["argmax", "strong"],
) -> tuple[Inputs, dict[str, object]]:
    """Add what the model of `runs` makes of the sources, and say how it was made."""
    given.check()
    assert given.source is not None and given.reference is not None
    sources, references = given.source.rows, given.reference.rows
    steps = [int(run.best_checkpoint().name) for run in runs]
    translator = load()
    made_by = ", ".join(
        f"run {run.path}, step {step}" for run, step in zip(runs, steps, strict=True)
    )
    print(
        f"translating {len(sources)} sentences: {made_by}, "
        f"beam {translator.decoding.beam_size}",
        file=sys.stderr,
    )
    found = [translation.text for translation in translator.translate(sources)]
    given = given._replace(hypothesis=Rows(HYPOTHESIS_FILE, found))
    if given.gold_alignment is not None and translator.align_kind == "slot":
        print(
            "no alignment error: this model's attention is over memory slots, "
            "not words",
            file=sys.stderr,
        )
    elif given.gold_alignment is not None:
        # The gold links are of the reference's words, as spaces part them.
        forced = translator.force(sources, references)
        rows = [{*found.between_spaces().links(links)} for found in forced]
        given = given._replace(alignment=Rows("attention to the references", rows))
    origin: dict[str, object] = {
        "run": " + ".join(str(run.path) for run in runs),
        "step": steps[0] if len(steps) == 1 else steps,
        "decoding": translator.decoding.model_dump(),
    }
    return given, origin
