from pathlib import Path

import numpy as np
import pytest

from attnmt import search
from attnmt.analysis.record import Record
from attnmt.config.loading import dump_config
from attnmt.config.schema import Config
from attnmt.evaluation.tuning import (
    Candidate,
    Choice,
    Tried,
    best_of,
    candidate,
    grid,
    keep,
    table,
    tune,
)
from attnmt.run import Run, write_atomically
from attnmt.sealed import file_sha256, read_sealed, sealed
from attnmt.sentences import SourceLine, to_translation
from attnmt.text.tokenizer import Encoding

TIMES, BEAM, HEADS, SOURCE, END = 6, 3, 2, 4, 1


def trace_of(seed: int) -> search.Trace:
    """What a search of one sentence may leave behind, with two heads."""
    draw = np.random.default_rng(seed)
    shape = (TIMES, 1, BEAM)
    return search.Trace(
        tokens=draw.integers(1, 5, shape),
        parents=draw.integers(0, BEAM, shape),
        log_probs=-np.cumsum(draw.random(shape), axis=0).astype(np.float32),
        seen=search.Seen(draw.random((TIMES, BEAM, HEADS, SOURCE)) / 3, {}),
    )


def record_of(hypothesis: search.Hypothesis) -> Record:
    """A hypothesis as a translator tells it; its text is that of its tokens."""
    length = len(hypothesis.tokens) - hypothesis.finished
    target = Encoding([3] * length, ["x"] * length, [(0, 1)] * length)
    source = Encoding([3] * SOURCE, ["y"] * SOURCE, [(0, 1)] * SOURCE)
    line = SourceLine(0, "yyyy", source, [])
    return to_translation(line, str(hypothesis.tokens), target, hypothesis, "token")


@pytest.mark.parametrize("seed", range(5))
def test_candidates_are_ranked_as_the_search_ranks_them(seed: int) -> None:
    trace = trace_of(seed)

    def ranked(alpha: float, beta: float, n: int) -> list[search.Hypothesis]:
        limits = {"source_length": SOURCE, "max_length": TIMES, "end": END}
        return search.hypotheses(trace, 0, **limits, n_best=n, alpha=alpha, beta=beta)

    found = [candidate(record_of(h)) for h in ranked(0.0, 0.0, 99)]
    winners = set()
    for choice in grid(BEAM, Choice(BEAM, 0.3, 0.9), coverage=True):
        (expected,) = ranked(choice.length_penalty, choice.coverage_penalty, 1)
        best = max(found, key=lambda c: c.score(choice))
        assert best.text == str(expected.tokens)
        assert best.score(choice) == pytest.approx(expected.score, rel=1e-5)
        winners.add(best.text)
    assert len(winners) > 1  # the penalties do change the ranking


def test_a_choice_is_scored_by_what_it_picks() -> None:
    short = Candidate("a man", 3, -1.0, -9.0)
    whole = Candidate("a man sits at a table", 7, -1.5, 0.0)
    choices = [Choice(2, 0.0, 0.0), Choice(2, 2.0, 0.0), Choice(2, 0.0, 0.4)]
    tried = tune([[short, whole]], ["a man sits at a table"], "bleu", choices)
    assert [t.choice for t in tried] == choices
    assert tried[0].score < 50
    assert [t.score for t in tried[1:]] == pytest.approx([100, 100])


def test_among_equals_the_plainest_wins() -> None:
    tried = [
        Tried(Choice(*c), 5.0) for c in ((3, 0.4, 0.0), (2, 1.0, 0.1), (2, 0.8, 0.1))
    ]
    assert best_of(tried).choice == Choice(2, 0.8, 0.1)
    assert best_of([*tried, Tried(Choice(9, 2.0, 0.4), 5.1)]).score == 5.1


def test_what_the_run_has_is_among_the_choices() -> None:
    present = Choice(4, 0.7, 0.0)
    assert present in grid(4, present, coverage=True)
    assert {c.coverage_penalty for c in grid(4, present, coverage=False)} == {0.0}


def test_the_table_has_a_column_for_each_length_penalty() -> None:
    choices = grid(3, Choice(3, 1.0, 0.0), coverage=False)
    lines = table([Tried(c, 10 + c.length_penalty) for c in choices]).split("\n")
    assert len(lines) == 2
    assert lines[1].split() == "3 0 10.00 10.40 10.80 11.00 11.20 11.60 12.00".split()


def test_a_choice_becomes_the_decoding_of_a_run_and_its_seal_holds(
    tmp_path: Path,
) -> None:
    data = {"source_lang": "en", "target_lang": "de", "train": [{"tsv": "t.tsv"}]}
    decoding = {"beam_size": 7, "max_length_ratio": 3.0}
    run = Run(tmp_path)
    config = Config.model_validate(
        {"run_dir": tmp_path, "data": data, "decoding": decoding}
    )
    write_atomically(run.config_file, dump_config(config))
    manifest = {"format": 2, "config_sha256": file_sha256(run.config_file), "git": "x"}
    write_atomically(run.manifest_file, sealed(manifest))
    keep(run, Choice(2, 0.4, 0.1))
    found = run.load_config().decoding
    assert (found.beam_size, found.length_penalty, found.coverage_penalty) == (
        2,
        0.4,
        0.1,
    )
    assert found.max_length_ratio == 3.0
    assert run.load_config().data == config.data
    kept = read_sealed(run.manifest_file)
    assert kept == manifest | {"config_sha256": file_sha256(run.config_file)}
