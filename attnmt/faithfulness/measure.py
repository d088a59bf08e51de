"""All measures of a model on a text, to a report."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from attnmt.analysis.faithfulness.erasure import DRAWS, erasures, keep_masks
from attnmt.analysis.faithfulness.figures import (
    ATTENTION,
    GRADIENT,
    INTEGRATED,
    NORMS,
    Agreement,
    Erasure,
    SeedAgreement,
    mean_of,
)
from attnmt.analysis.faithfulness.ranks import kendall_tau
from attnmt.analysis.faithfulness.report import Report
from attnmt.analysis.faithfulness.seeds import seed_agreement
from attnmt.analysis.record import Record
from attnmt.errors import DataError
from attnmt.faithfulness.attending import require_tokens
from attnmt.faithfulness.interventions import intervene
from attnmt.faithfulness.probes import SHORTEST, Probe, Prober, sample
from attnmt.translator import Translator

PROBES = 500  # target pieces at most that erasure and gradients look at
SEED = 1  # of the probes, random orders and shuffles
_BATCH = 16  # probes at a time
_POSITIONS = 640  # and source and target positions of them, at most

Say = Callable[[str], None]
Orders = dict[str, np.ndarray]  # scores [source] of a target piece, by name


def measure(
    translator: Translator,
    pairs: Sequence[tuple[str, str]],
    say: Say,
    seeds: Sequence[Path] = (),
    origin: dict[str, object] | None = None,
    *,
    trust_code: bool = False,
) -> Report:
    """Force the targets of the pairs, and change, erase, derive and compare.

    Raises ConfigError for a mechanism that cannot be changed, DataError when there is
    too little text.
    """
    require_tokens(translator.network, "this run")
    for run in seeds:  # what is wrong with one is told before all the work
        _loaded(run, trust_code)
    attention = type(translator.network.decoder.attention).__name__
    random = np.random.default_rng(SEED)
    pairs = [(s, t) for s, t in pairs if s.strip() and t.strip()]
    say(f"forcing the targets of {len(pairs)} sentences")
    records = [r for r in translator.force(*_sides(pairs)) if r.target_ids]
    probes = sample(records, PROBES, random)
    if not probes:
        raise DataError(
            "expected a sentence with a translation and at least "
            f"{SHORTEST - 1} source pieces, found none in {len(pairs)} lines with text"
        )
    interventions, examples = intervene(translator, records, say)
    prober = Prober(translator.network, heads=records[0].weights.shape[1])
    orders, gap = _orders(prober, probes, say)
    sentences = np.array([probe.sentence for probe in probes])
    log_probs = np.concatenate([record.log_probs for record in records])
    return Report(
        origin={**(origin or {}), "attention": attention, **translator.origin},
        sentences=len(records),
        pieces=len(log_probs),
        probes=len(probes),
        log_prob=float(log_probs.mean()),
        interventions=interventions,
        erasures=_erasures(prober, probes, orders, random, say),
        agreements=_agreements(orders, sentences, random),
        completeness_gap=gap,
        seeds=[_compare(records, run, random, say, trust_code) for run in seeds],
        examples=examples,
    )


def _sides(pairs: Sequence[tuple[str, str]]) -> tuple[list[str], list[str]]:
    return [source for source, _ in pairs], [target for _, target in pairs]


def _batches(probes: Sequence[Probe], what: str, say: Say) -> Iterator[slice]:
    """Slices of the probes, which are sorted by length; tells how far it is."""
    begin = 0
    while begin < len(probes):
        if begin // 100 > (begin - _BATCH) // 100:
            say(f"{what}: {begin} of {len(probes)} target pieces")
        end = begin + 1
        while end < min(begin + _BATCH, len(probes)) and _fit(probes[begin : end + 1]):
            end += 1
        yield slice(begin, end)
        begin = end


def _orders(
    prober: Prober, probes: Sequence[Probe], say: Say
) -> tuple[list[Orders], float]:
    """The scores of the source pieces of each probe; gradients by their size.

    Also the mean distance of integrated gradients from what they should sum to.
    """
    found: list[Orders] = []
    gaps: list[float] = []
    for part in _batches(probes, "gradients and value norms", say):
        norms = prober.norms(probes[part])
        gradient, integrated, goal = prober.gradients(probes[part])
        gaps += np.abs(integrated.sum(axis=1) - goal).tolist()
        for i, probe in enumerate(probes[part]):
            size = len(probe.record.source_ids)
            found.append(
                {
                    ATTENTION: probe.attention,
                    NORMS: norms[i, :size],
                    GRADIENT: np.abs(gradient[i, :size]),
                    INTEGRATED: np.abs(integrated[i, :size]),
                }
            )
    return found, float(np.mean(gaps))


def _fit(probes: Sequence[Probe]) -> bool:
    lengths = [len(probe.record.source_ids) + probe.position + 1 for probe in probes]
    return max(lengths) * len(lengths) <= _POSITIONS


def _erasures(
    prober: Prober,
    probes: Sequence[Probe],
    orders: Sequence[Orders],
    random: np.random.Generator,
    say: Say,
) -> list[Erasure]:
    names = [ATTENTION, NORMS]
    keeps = [keep_masks({name: o[name] for name in names}, random) for o in orders]
    log_probs = [
        prober.erased(probes[part], keeps[part])
        for part in _batches(probes, f"erasure, {DRAWS} random orders", say)
    ]
    sentences = np.array([probe.sentence for probe in probes])
    return erasures(np.concatenate(log_probs), names, sentences)


def _agreements(
    orders: Sequence[Orders], sentences: np.ndarray, random: np.random.Generator
) -> list[Agreement]:
    pairs = [(ATTENTION, name) for name in (GRADIENT, INTEGRATED, NORMS)]
    pairs += [(NORMS, INTEGRATED), (GRADIENT, INTEGRATED)]
    found = []
    for one, other in pairs:
        taus = [kendall_tau(o[one], o[other]) for o in orders]
        shuffled = [kendall_tau(random.permuted(o[one]), o[other]) for o in orders]
        means = (mean_of(np.array(x), sentences) for x in (taus, shuffled))
        found.append(Agreement(one, other, *means))
    return found


def _loaded(run: Path, trust_code: bool) -> Translator:
    other = Translator.load(run, trust_code=trust_code)
    require_tokens(other.network, str(run))
    return other


def _compare(
    records: Sequence[Record],
    run: Path,
    random: np.random.Generator,
    say: Say,
    trust_code: bool,
) -> SeedAgreement:
    """Force the same targets with another run."""
    say(f"attention of {run}")
    other = _loaded(run, trust_code)
    sources, targets = _sides([(r.source, r.hypothesis) for r in records])
    return seed_agreement(
        records, list(other.force(sources, targets)), str(run), random
    )
