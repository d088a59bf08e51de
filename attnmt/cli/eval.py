"""`attnmt eval`: BLEU, chrF and TER of translations, AER of word alignments."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from attnmt.cli.translating import Device, Links, TrustOption
from attnmt.errors import ConfigError
from attnmt.evaluation import inputs, metrics
from attnmt.evaluation.alignment_error import AlignmentScore, alignment_error
from attnmt.evaluation.inputs import Inputs, Rows
from attnmt.evaluation.literature import literature_bleu
from attnmt.evaluation.metrics import Score
from attnmt.evaluation.report import HYPOTHESIS_FILE, Report
from attnmt.text.lines import write_lines

if TYPE_CHECKING:
    from attnmt.run import Run


def evaluate(
    run: Annotated[
        list[Path] | None,
        typer.Option(
            help="Run folder; several make an ensemble, which is kept in the first.",
            show_default="$ATTNMT_RUN, or the newest in runs",
        ),
    ] = None,
    source: Annotated[
        Path | None,
        typer.Option(help="Text to translate instead of the run's test set."),
    ] = None,
    reference: Annotated[
        Path | None,
        typer.Option(help="Its reference translations, or those of --hypothesis."),
    ] = None,
    hypothesis: Annotated[
        Path | None,
        typer.Option(help="Translations to score as they are, without a model."),
    ] = None,
    beam: Annotated[
        int | None,
        typer.Option(min=1, help="Beam size.", show_default="as configured"),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(
            help="Folder of the results in RUN/eval.",
            show_default="test, or the name of --source",
        ),
    ] = None,
    metric_names: Annotated[
        str, typer.Option("--metrics", help="Some of bleu, chrf and ter.")
    ] = ",".join(metrics.METRICS),
    tokenize: Annotated[
        str | None,
        typer.Option(
            help="sacreBLEU tokenizer of BLEU: none, intl, zh, ...",
            show_default="13a",
        ),
    ] = None,
    lowercase: Annotated[
        bool, typer.Option("--lowercase", help="BLEU and chrF without regard to case.")
    ] = False,
    with_literature: Annotated[
        bool,
        typer.Option(
            "--literature",
            help="Also the BLEU of the Multi30k papers: lower-cased, normalised, "
            "Moses-tokenised.",
        ),
    ] = False,
    literature_reference: Annotated[
        Path | None,
        typer.Option(
            help="References for --literature that are lower-cased, normalised and "
            "tokenised already.",
            show_default="made from the references",
        ),
    ] = None,
    lang: Annotated[
        str | None,
        typer.Option(
            help="Target language of --literature.", show_default="that of the run"
        ),
    ] = None,
    gold_alignment: Annotated[
        Path | None,
        typer.Option(
            help="Gold word alignments for AER: i-j is sure, ipj and i?j possible. "
            "A model is made to produce the references for it.",
        ),
    ] = None,
    gold_index: Annotated[
        int,
        typer.Option(min=0, max=1, help="Number of the first word in them."),
    ] = 0,
    links: Annotated[
        Links,
        typer.Option(
            help="Links of a model's attention: argmax, of each target word the source "
            "word that it reads most, strong, also those that it reads half as much."
        ),
    ] = Links.argmax,
    set: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="Change a setting of decoding, or one of model.attention that needs "
            "no training.",
        ),
    ] = None,
    alignment: Annotated[
        Path | None,
        typer.Option(
            help="Word alignments i-j, from 0, to compare with the gold ones, "
            "without a model."
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Write the figures to this JSON file."),
    ] = None,
    trust_code: TrustOption = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON instead of a table.")
    ] = False,
) -> None:
    """Score translations: the test set of a run, other text, or two files.

    With a model, the translations and the figures are kept in RUN/eval/NAME.
    """
    wanted = [metric.strip() for metric in metric_names.split(",")]
    metrics.build_metrics(wanted, tokenize, lowercase)
    free = hypothesis or alignment  # of a model
    _refuse(
        (
            free and (run or source or beam or name or set),
            "--run, --source, --beam, --name and --set are for a model: "
            "expected none of them with --hypothesis or --alignment",
        ),
        (hypothesis and not reference, "--hypothesis needs --reference FILE"),
        (
            source and not reference and not free,
            "--source needs --reference FILE",
        ),
        (
            reference and not (source or hypothesis),
            "--reference needs --hypothesis FILE, or --source FILE to translate",
        ),
        (
            hypothesis and gold_alignment and not alignment,
            "--gold-alignment with --hypothesis needs --alignment FILE",
        ),
        (
            alignment and not gold_alignment,
            "--alignment needs --gold-alignment FILE to compare with",
        ),
        (
            with_literature and alignment and not hypothesis,
            "--literature needs --hypothesis FILE and --reference FILE, or a model",
        ),
        (
            with_literature and hypothesis and not lang,
            "--literature with --hypothesis needs --lang CODE, as in de",
        ),
        (
            (lang or literature_reference) and not with_literature,
            "--lang and --literature-reference need --literature",
        ),
        (
            name is not None and name in ("", ".", "..") or "/" in (name or ""),
            f"--name: expected the name of a folder in RUN/eval, found {name!r}",
        ),
    )
    given = Inputs(
        hypothesis=inputs.text(hypothesis),
        source=inputs.text(source),
        reference=inputs.text(reference),
        literature_reference=inputs.text(literature_reference),
        alignment=inputs.links(alignment),
        gold_alignment=inputs.gold(gold_alignment, gold_index),
    )
    if inputs.seems_one_indexed(given.gold_alignment):
        _say("no gold link names word 0: if words count from 1, pass --gold-index 1")
    origin: dict[str, object] = {}
    folder = None
    if free:
        given.check()
    else:
        from attnmt.run import Run, find_run

        runs = [Run(find_run(path)) for path in run or [None]]
        chosen, *others = runs
        default = inputs.default_name(source) + "-ensemble" * bool(others)
        folder = chosen.eval_dir(name or default)
        lang = lang or chosen.load_config().data.target_lang
        given = inputs.with_test_set(given, chosen)
        given, origin = _translate(
            given, runs, beam, set or [], links.value, trust_code
        )
    scores = _scores(given, wanted, tokenize, lowercase)
    if with_literature and lang:
        scores.append(_literature_score(given, lang))
    origin |= given.names()
    report = Report(given.sentences, scores, _alignment_score(given), origin)
    print(report.json() if as_json else report.table())
    if output is not None:
        write_lines(output, [report.json()])
    if folder is not None and given.hypothesis is not None:
        report.write(folder, given.hypothesis.rows)
        _say(f"written: {folder}")


def _refuse(*rules: tuple[object, str]) -> None:
    """Raise ConfigError with the message of every rule that is broken."""
    if messages := [message for broken, message in rules if broken]:
        raise ConfigError("\n".join(messages))


def _say(message: str) -> None:
    print(message, file=sys.stderr)


def _translate(
    given: Inputs,
    runs: Sequence["Run"],
    beam: int | None,
    settings: list[str],
    links: Literal["argmax", "strong"],
    trust_code: bool,
) -> tuple[Inputs, dict[str, object]]:
    """Add what the model makes of the sources, and say how it was made."""
    given.check()
    assert given.source is not None and given.reference is not None
    sources, references = given.source.rows, given.reference.rows
    steps = [int(run.best_checkpoint().name) for run in runs]

    from attnmt.cli.engines import load_ensemble

    translator = load_ensemble(
        [run.path for run in runs], settings, Device.auto, trust_code, beam_size=beam
    )
    made_by = ", ".join(
        f"run {run.path}, step {step}" for run, step in zip(runs, steps, strict=True)
    )
    _say(
        f"translating {len(sources)} sentences: {made_by}, "
        f"beam {translator.decoding.beam_size}"
    )
    found = [translation.text for translation in translator.translate(sources)]
    given = given._replace(hypothesis=Rows(HYPOTHESIS_FILE, found))
    if given.gold_alignment is not None and translator.align_kind == "slot":
        _say(
            "no alignment error: this model's attention is over memory slots, not words"
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


def _scores(
    given: Inputs, wanted: list[str], tokenize: str | None, lowercase: bool
) -> list[Score]:
    if given.hypothesis is None or given.reference is None:
        return []
    return metrics.score(
        given.hypothesis.rows,
        given.reference.rows,
        metrics=wanted,
        tokenize=tokenize,
        lowercase=lowercase,
    )


def _literature_score(given: Inputs, lang: str) -> Score:
    assert given.hypothesis is not None and given.reference is not None
    published = given.literature_reference
    reference = published or given.reference
    return literature_bleu(
        given.hypothesis.rows,
        reference.rows,
        lang,
        published=published is not None,
        reference_name=reference.name,
    )


def _alignment_score(given: Inputs) -> AlignmentScore | None:
    if given.alignment is None or given.gold_alignment is None:
        return None
    return alignment_error(given.alignment.rows, given.gold_alignment.rows)
