import subprocess
import sys
from collections.abc import Iterable
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import sacrebleu

from attnmt.evaluation.metrics import score

REFERENCES = [f"The dog number {n} runs over the green grass." for n in range(12)]
BETTER = [line.replace("green", "x" * (n % 3)) for n, line in enumerate(REFERENCES)]
WORSE = [line.replace("runs over", "is" * (n % 2)) for n, line in enumerate(BETTER)]


def by_command(folder: Path, samples: int) -> str:
    """What the sacrebleu command prints of WORSE (the baseline) and BETTER."""
    texts = {"ref": REFERENCES, "worse": WORSE, "better": BETTER}
    for name, lines in texts.items():
        (folder / name).write_text("".join(f"{x}\n" for x in lines), "utf-8")
    return subprocess.run(
        [sys.executable, "-m", "sacrebleu", "ref", "-i", "worse", "better"]
        + ["-m", "bleu", "chrf", "-f", "text", "--paired-bs"]
        + ["--paired-bs-n", str(samples), "-w", "4"],
        capture_output=True,
        check=True,
        cwd=folder,
        encoding="utf-8",
        env={"PYTHONUTF8": "1", "NO_COLOR": "1"},
    ).stdout


def test_intervals_and_p_values_are_those_of_the_sacrebleu_command(
    tmp_path: Path,
) -> None:
    bootstrap = by_command(tmp_path, 500)
    found = score(
        *(BETTER, REFERENCES), metrics=["bleu", "chrf"], resamples=500, baseline=WORSE
    )
    for s in found:
        assert s.interval is not None and s.versus is not None
        for value, (low, high) in (
            (s.value, s.interval),
            (s.versus.value, s.versus.interval),
        ):
            middle, half = (low + high) / 2, (high - low) / 2
            assert f"{value:.4f} ({middle:.4f} ± {half:.4f})" in bootstrap
        assert s.versus.value < s.value
        assert f"(p = {s.versus.p_bootstrap:.4f})" in bootstrap


def test_equal_translations_differ_by_chance_only() -> None:
    (bleu,) = score(
        *(BETTER, REFERENCES), metrics=["bleu"], resamples=100, baseline=BETTER
    )
    assert bleu.versus is not None and bleu.versus.value == bleu.value
    assert (bleu.versus.p_bootstrap, bleu.versus.p_randomisation) == (1.0, 1.0)


def test_an_interval_alone_needs_no_baseline() -> None:
    (bleu,) = score(BETTER, REFERENCES, metrics=["bleu"], resamples=200)
    assert bleu.versus is None and bleu.interval is not None
    assert bleu.interval.low <= bleu.value <= bleu.interval.high
    assert "|bs:200|" in bleu.signature


def test_swapped_lines_make_such_a_difference_as_often_as_among_all_ways_to_swap() -> (
    None
):
    lines, pairs = REFERENCES[:8], list(zip(WORSE[:8], BETTER[:8], strict=True))

    def value(hypotheses: Iterable[str]) -> float:
        return sacrebleu.corpus_chrf([*hypotheses], [lines]).score

    apart = []
    for swaps in product((0, 1), repeat=8):
        one = value(pair[swap] for pair, swap in zip(pairs, swaps, strict=True))
        other = value(pair[1 - swap] for pair, swap in zip(pairs, swaps, strict=True))
        apart.append(abs(one - other))
    exact = np.mean(np.array(apart) >= apart[0] - 1e-9)
    (chrf,) = score(
        *(BETTER[:8], lines), metrics=["chrf"], resamples=100, baseline=WORSE[:8]
    )
    assert chrf.versus is not None and 0.0 < exact < 0.5
    assert chrf.versus.p_randomisation == pytest.approx(exact, abs=0.01)


def test_a_single_line_is_no_difference_between_systems() -> None:
    other = ["Another sentence.", *BETTER[1:]]
    (bleu,) = score(
        *(BETTER, REFERENCES), metrics=["bleu"], resamples=100, baseline=other
    )
    assert bleu.versus is not None and bleu.versus.value < bleu.value
    assert bleu.versus.p_randomisation == 1.0


def test_right_lines_are_compared_as_by_a_sign_test() -> None:
    ours, theirs = 20 * ["a"] + 10 * ["b"], 20 * ["b"] + 10 * ["a"]
    (exact,) = score(
        *(ours, 30 * ["a"]), metrics=["exact"], resamples=100, baseline=theirs
    )
    assert exact.versus is not None
    # Twice the chance of 20 heads or more of 30 coins.
    assert exact.versus.p_randomisation == pytest.approx(0.0987, abs=0.01)
