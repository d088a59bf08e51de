import subprocess
import sys
from pathlib import Path

from attnmt.evaluation.metrics import score

REFERENCES = [f"The dog number {n} runs over the green grass." for n in range(12)]
BETTER = [line.replace("green", "x" * (n % 3)) for n, line in enumerate(REFERENCES)]
WORSE = [line.replace("runs over", "is" * (n % 2)) for n, line in enumerate(BETTER)]


def by_command(folder: Path, kind: str, samples: int) -> str:
    """What the sacrebleu command prints of WORSE (the baseline) and BETTER."""
    texts = {"ref": REFERENCES, "worse": WORSE, "better": BETTER}
    for name, lines in texts.items():
        (folder / name).write_text("".join(f"{x}\n" for x in lines), "utf-8")
    return subprocess.run(
        [sys.executable, "-m", "sacrebleu", "ref", "-i", "worse", "better"]
        + ["-m", "bleu", "chrf", "-f", "text", f"--paired-{kind}"]
        + [f"--paired-{kind}-n", str(samples), "-w", "4"],
        capture_output=True,
        check=True,
        cwd=folder,
        encoding="utf-8",
        env={"PYTHONUTF8": "1", "NO_COLOR": "1"},
    ).stdout


def test_intervals_and_p_values_are_those_of_the_sacrebleu_command(
    tmp_path: Path,
) -> None:
    bootstrap = by_command(tmp_path, "bs", 500)
    shuffled = by_command(tmp_path, "ar", 10000)
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
        assert f"(p = {s.versus.p_randomisation:.4f})" in shuffled


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
