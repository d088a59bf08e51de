"""`attnmt rerank`: another choice among the translations of each line."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, tee
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from attnmt.cli.outputs import check_output
from attnmt.cli.translating import (
    BatchOption,
    Device,
    DeviceOption,
    OutputOption,
    TrustOption,
    load_translator,
    refuse_export,
)
from attnmt.errors import ConfigError
from attnmt.text.lines import json_text, text_output

if TYPE_CHECKING:
    from attnmt.evaluation.candidates import Candidate
    from attnmt.translator import Translator

NOTHING_READ = -100.0  # nats a source piece: far below what any model says


def rerank(
    file: Annotated[
        Path,
        typer.Argument(
            help="What attnmt translate --n-best N --format jsonl wrote, with or "
            "without --sample; - is standard input."
        ),
    ],
    mbr: Annotated[
        Literal["chrf"] | None,
        typer.Option(help="Choose what is most like all others, by sentence chrF."),
    ] = None,
    by_probability: Annotated[
        bool,
        typer.Option(
            "--by-probability",
            help="With --mbr: likeness to a probable translation counts more; else all "
            "count alike.",
        ),
    ] = False,
    reverse: Annotated[
        Path | None,
        typer.Option(
            help="Run of the other direction, which gives the source a probability."
        ),
    ] = None,
    weight: Annotated[
        float | None,
        typer.Option(min=0.0, help="Of the --reverse score; 1 unless given."),
    ] = None,
    output: OutputOption = Path("-"),
    format: Annotated[
        Literal["text", "jsonl"],
        typer.Option(help="text: the best of each line; jsonl: all, best first."),
    ] = "text",
    batch_size: BatchOption = None,
    device: DeviceOption = Device.auto,
    trust_code: TrustOption = False,
) -> None:
    """Choose the best of several translations of each line (n-best lists or samples).

    --mbr: minimum Bayes risk, the score is the mean chrF. --reverse: the score is the
    log-probability of a translation per piece, plus the weight times that of the
    source, given the translation, by the other run.
    """
    from attnmt.evaluation.candidates import read_candidates
    from attnmt.run import find_run

    if (mbr is None) == (reverse is None):
        raise ConfigError("attnmt rerank: expected either --mbr chrf or --reverse RUN")
    if by_probability and mbr is None:
        raise ConfigError("--by-probability: expected --mbr with it, found --reverse")
    if weight is not None and reverse is None:
        raise ConfigError("--weight: expected --reverse with it, found --mbr")
    if mbr and (batch_size or trust_code or device is not Device.auto):
        raise ConfigError(
            "--batch-size, --device and --trust-code: expected --reverse with them, "
            "found --mbr"
        )
    check_output(output, file)
    lists = read_candidates(file)
    if reverse is None:
        chosen = (_by_mbr(candidates, by_probability) for candidates in lists)
    else:
        folder = find_run(reverse, "--reverse")
        refuse_export(folder, "--reverse")
        translator = load_translator(
            *(folder, None, device, trust_code),
            batch_size=batch_size,
            shortlist=0,  # which forcing does without
        )
        chosen = _by_reverse(lists, translator, 1.0 if weight is None else weight)
    with text_output(output) as stream:
        for candidates in chosen:
            best = candidates if format == "jsonl" else candidates[:1]
            for each in best:
                line = json_text(each.model_dump()) if format == "jsonl" else each.text
                stream.write(f"{line}\n")


def _by_mbr(
    candidates: Sequence["Candidate"], by_probability: bool
) -> list["Candidate"]:
    import numpy as np

    from attnmt.evaluation.candidates import reranked
    from attnmt.evaluation.mbr import expected_chrf

    log_probs = np.array([candidate.log_prob for candidate in candidates])
    weights = np.exp((log_probs - log_probs.max()) * by_probability)
    texts = [candidate.text for candidate in candidates]
    return reranked(candidates, expected_chrf(texts, weights).tolist())


def _by_reverse(
    lists: Iterable[list["Candidate"]], translator: "Translator", weight: float
) -> Iterator[list["Candidate"]]:
    from attnmt.evaluation.candidates import reranked

    lists, ahead = tee(lists)
    texts, sources = tee(candidate for candidates in ahead for candidate in candidates)
    back = translator.force((c.text for c in texts), (c.source for c in sources))
    for candidates in lists:
        told = [found.log_probs for found in islice(back, len(candidates))]
        scores = [
            _mean(candidate.log_probs, candidate.log_prob)
            + weight * _mean(log_probs, NOTHING_READ)
            for candidate, log_probs in zip(candidates, told, strict=True)
        ]
        yield reranked(candidates, scores)


def _mean(log_probs: Sequence[float], of_none: float) -> float:
    """Per piece; `of_none` when no pieces are told."""
    return sum(log_probs) / len(log_probs) if log_probs else of_none
