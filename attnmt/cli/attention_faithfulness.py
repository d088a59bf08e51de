"""`attnmt attention faithfulness`: does attention matter to a model?"""

import sys
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from attnmt.cli.translating import TrustOption
from attnmt.errors import ConfigError, DataError

if TYPE_CHECKING:
    from attnmt.analysis.faithfulness.report import Report
    from attnmt.config.schema import Corpus
    from attnmt.run import Run


def faithfulness(
    run: Annotated[
        Path | None,
        typer.Option(
            help="Run folder.", show_default="$ATTNMT_RUN, or the newest in runs"
        ),
    ] = None,
    source: Annotated[
        Path | None,
        typer.Option(
            help="Text to read.", show_default="the run's test set, or validation set"
        ),
    ] = None,
    target: Annotated[
        Path | None, typer.Option(help="Its translations, which are forced.")
    ] = None,
    lines: Annotated[
        int, typer.Option(min=1, help="Take that many lines, the first ones.")
    ] = 200,
    seeds: Annotated[
        list[Path] | None,
        typer.Option(
            help="Another run of the same recipe, to compare its attention; may be "
            "given repeatedly."
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="Folder of report.json and report.html.",
            show_default="RUN/faithfulness",
        ),
    ] = None,
    trust_code: TrustOption = False,
) -> None:
    """Does attention matter to a model, and do its weights explain what it writes?

    What uniform, permuted and frozen weights cost; what it costs to erase the source
    positions that are attended most; whether gradients, value norms and other runs
    agree. Every figure stands beside its control.
    """
    from attnmt.run import Run, find_run
    from attnmt.text.corpora import read_pairs

    chosen = Run(find_run(run))
    others = seeds or []
    for each in map(Run, [chosen.path, *others]):
        each.load_config()
        each.best_checkpoint()
    name, corpus = _corpus(chosen, source, target)
    data = chosen.load_config().data
    pairs = read_pairs(corpus, data.source_lang, data.target_lang)
    first = list(islice(pairs, lines))
    if not first:
        raise DataError(f"{name}: expected text, found no lines")

    from attnmt import devices

    devices.load_tensorflow(own_process=True)
    from attnmt.faithfulness.measure import measure
    from attnmt.translator import Translator

    report = measure(
        Translator.load(chosen.path, trust_code=trust_code),
        first,
        lambda message: print(message, file=sys.stderr, flush=True),
        others,
        {"run": str(chosen.path), "text": name},
        trust_code=trust_code,
    )
    _write(report, output or chosen.path / "faithfulness")


def _corpus(
    run: "Run", source: Path | None, target: Path | None
) -> tuple[str, "Corpus"]:
    """What the text is called, and where it is."""
    from attnmt.config.schema import Corpus

    if (source is None) != (target is None):
        raise ConfigError("--source and --target: expected both or none, found one")
    if source is not None:
        return f"{source}, {target}", Corpus(source=source, target=target)
    data = run.load_config().data
    for name, corpus in (("test", data.test), ("validation", data.valid)):
        if corpus is not None:
            return f"{name} set of the run", corpus
    raise ConfigError(
        f"{run.config_file}: expected a test or validation set (data.test, "
        "data.valid), found none: pass --source FILE --target FILE"
    )


def _write(report: "Report", folder: Path) -> None:
    """Print the figures and write both files; report.json comes last."""
    from attnmt.analysis.faithfulness.page import page
    from attnmt.analysis.faithfulness.report import text
    from attnmt.text.lines import write_lines

    print(text(report))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "report.json").unlink(missing_ok=True)
    except OSError as error:
        raise DataError(f"{folder}: cannot be written: {error.strerror}") from error
    write_lines(folder / "report.html", [page(report)])
    write_lines(folder / "report.json", [report.json()])
    print(f"written: {folder}/report.html, report.json", file=sys.stderr)
