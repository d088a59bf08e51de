"""`attnmt eval`: BLEU, chrF and TER of translations, AER of word alignments."""

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from attnmt.cli import eval_options as options
from attnmt.cli.gold import GoldIndex, check_gold, read_gold_rows
from attnmt.cli.outputs import check_inputs, check_inputs_stay
from attnmt.cli.translating import (
    BatchOption,
    Device,
    DeviceOption,
    Links,
    TrustOption,
)
from attnmt.errors import ConfigError, DataError
from attnmt.evaluation import inputs, metrics
from attnmt.evaluation.evaluating import Wanted
from attnmt.evaluation.evaluating import evaluate as evaluated
from attnmt.evaluation.inputs import Inputs, Rows
from attnmt.evaluation.significance import RESAMPLES
from attnmt.text.lines import STANDARD_OUTPUT, STANDARD_STREAM, write_lines

if TYPE_CHECKING:
    from attnmt.run import Run


def evaluate(
    run: options.Runs = None,
    source: options.Source = None,
    reference: options.Reference = None,
    hypothesis: options.Hypothesis = None,
    beam: options.Beam = None,
    name: options.Name = None,
    metric_names: options.Metrics = options.ALL_METRICS,
    tokenize: options.Tokenize = None,
    lowercase: options.Lowercase = False,
    bootstrap: options.Bootstrap = None,
    baseline: options.Baseline = None,
    details: options.WithDetails = False,
    with_literature: options.Literature = False,
    literature_reference: options.LiteratureReference = None,
    lang: options.Lang = None,
    gold_alignment: options.GoldAlignment = None,
    gold_index: GoldIndex = None,
    links: options.AttentionLinks = Links.argmax,
    set: options.Settings = None,
    batch_size: BatchOption = None,
    device: DeviceOption = Device.auto,
    alignment: options.Alignment = None,
    output: options.Output = None,
    trust_code: TrustOption = False,
    as_json: options.AsJson = False,
) -> None:
    """Score translations: the test set of a run, other text, or two files.

    With a model, the translations and the figures are kept in RUN/eval/NAME.
    """
    names = [metric.strip() for metric in metric_names.split(",")]
    read = (source, reference, hypothesis, baseline, literature_reference)
    read += (gold_alignment, alignment)
    check_inputs(*read)
    metrics.build_metrics(names, tokenize, lowercase)
    free = hypothesis or alignment  # of a model
    on_device = batch_size or device is not Device.auto
    _refuse(
        (
            free and (run or source or beam or name or set or on_device),
            "--run, --source, --beam, --name, --set, --batch-size and --device are for "
            "a model: expected none of them with --hypothesis or --alignment",
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
            (tokenize or lowercase or metric_names != options.ALL_METRICS)
            and alignment
            and not hypothesis,
            "--metrics, --tokenize and --lowercase are for translations: expected "
            "none of them with --alignment alone",
        ),
        (
            tokenize and "bleu" not in names,
            "--tokenize is for BLEU: expected bleu among --metrics",
        ),
        (
            output in STANDARD_OUTPUT,
            "--output: expected a file; --json prints the figures as JSON",
        ),
        (
            with_literature and alignment and not hypothesis,
            "--literature needs --hypothesis FILE and --reference FILE, or a model",
        ),
        (
            (bootstrap or baseline or details) and alignment and not hypothesis,
            "--bootstrap, --baseline and --details need --hypothesis FILE and "
            "--reference FILE, or a model",
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
    check_gold(gold_alignment, gold_index)
    if output is not None:
        # Its place may be a folder that is made on the way.
        check_inputs_stay(output, *read)
    alone = name or inputs.default_name(source)
    called = alone + "-ensemble" if run and len(run) > 1 and not name else alone
    given = Inputs(
        hypothesis=inputs.text(hypothesis),
        source=inputs.text(source),
        reference=inputs.text(reference),
        baseline=inputs.baseline(baseline, called, alone),
        literature_reference=inputs.text(literature_reference),
        alignment=inputs.links(alignment),
        gold_alignment=read_gold_rows(gold_alignment, gold_index)
        if gold_alignment
        else None,
    )
    origin: dict[str, object] = {}
    folder = training = None
    if free:
        given.check()
        _check_baseline(given, baseline)
    else:
        from attnmt.cli.engines import load_ensemble
        from attnmt.cli.eval_translating import translate
        from attnmt.run import Run, find_run

        runs = [Run(find_run(path)) for path in run or [None]]
        chosen = runs[0]
        folder = chosen.eval_dir(called)
        lang = lang or chosen.load_config().data.target_lang
        given = inputs.with_test_set(given, chosen)
        assert given.reference is not None
        if source is not None:  # the test set itself may have become another
            inputs.check_same_text(
                folder, given.reference.rows, "choose another name for this (--name)"
            )
        _check_baseline(given, baseline)
        if not lowercase and chosen.load_config().tokenizer.lowercase:
            lowercase = True
            _say("case is ignored, because the model writes lower case")
        load = partial(
            load_ensemble,
            *([each.path for each in runs], set or [], device, trust_code),
            beam_size=beam,
            batch_size=batch_size,
        )
        given, origin = translate(given, runs, load, links.value)
        training = _training_text(chosen) if details else None
    wanted = Wanted(
        metrics=names,
        tokenize=tokenize or (metrics.tokenizer_for(lang) if lang else None),
        lowercase=lowercase,
        resamples=bootstrap or (RESAMPLES if baseline else 0),
        literature=lang if with_literature else None,
        details=details,
    )
    if given.reference is not None:
        origin |= {"text": inputs.fingerprint(given.reference.rows)}
    report = evaluated(given, wanted, origin, training)
    try:
        if folder is not None and given.hypothesis is not None:
            report.write(folder, given.hypothesis.rows)
            _say(f"written: {folder}")
    finally:  # the figures are told even where they cannot be kept
        write_lines(STANDARD_STREAM, [report.json() if as_json else report.table()])
        if output is not None:
            write_lines(output, [report.json()])


def _check_baseline(given: Inputs, path: Path | None) -> None:
    """Raise DataError when the evaluation of a run `path` is of other text."""
    if path is not None and path.is_dir() and given.baseline and given.reference:
        folder = Path(given.baseline.name).parent
        again = f"evaluate {path} anew, on the text of this one"
        inputs.check_same_text(folder, given.reference.rows, again)


def _refuse(*rules: tuple[object, str]) -> None:
    """Raise ConfigError with the message of every rule that is broken."""
    if messages := [message for broken, message in rules if broken]:
        raise ConfigError("\n".join(messages))


def _say(message: str) -> None:
    """Tell something that is no result."""
    print(message, file=sys.stderr)


def _training_text(run: "Run") -> Rows[str] | None:
    """What makes a word frequent or rare; None, said, when it is not there."""
    try:
        return inputs.training_text(run)
    except DataError as error:
        _say(f"words are counted in the references: {error}")
        return None
