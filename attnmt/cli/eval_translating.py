"""The part of `attnmt eval` that needs a model."""

import sys
from typing import Literal

from attnmt.evaluation.inputs import HYPOTHESIS_FILE, Inputs, Rows
from attnmt.run import Run


def translate(
    given: Inputs,
    run: Run,
    beam: int | None,
    settings: list[str],
    links: Literal["argmax", "strong"],
    trust_code: bool,
) -> tuple[Inputs, dict[str, object]]:
    """Add what the model makes of the sources, and say how it was made."""
    given.check()
    assert given.source is not None and given.reference is not None
    sources, references = given.source.rows, given.reference.rows
    step = int(run.best_checkpoint().name)

    from attnmt import devices

    devices.load_tensorflow()
    from attnmt.translating import with_decoding
    from attnmt.translator import Translator

    decoding = with_decoding(run.load_config(settings), beam_size=beam)
    translator = Translator.load(
        run.path, decoding=decoding, settings=settings, trust_code=trust_code
    )
    print(
        f"translating {len(sources)} sentences: run {run.path}, step {step}, "
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
        "run": str(run.path),
        "step": step,
        "decoding": translator.decoding.model_dump(),
    }
    return given, origin
