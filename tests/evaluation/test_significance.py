import json
import subprocess
import sys
from pathlib import Path

import pytest

from attnmt.evaluation.metrics import score

REFERENCES = [f"The dog number {n} runs over the green grass." for n in range(12)]
BETTER = [line.replace("green", "brown") for line in REFERENCES]
WORSE = [line.replace("runs over", "is on") for line in BETTER]


def by_command(folder: Path, kind: str, samples: int) -> list[dict]:
    """What the sacrebleu command says of WORSE (the baseline) and BETTER."""
    texts = {"ref": REFERENCES, "worse": WORSE, "better": BETTER}
    for name, lines in texts.items():
        (folder / name).write_text("".join(f"{x}\n" for x in lines), "utf-8")
    printed = subprocess.run(
        [sys.executable, "-m", "sacrebleu", "ref", "-i", "worse", "better"]
        + ["-m", "bleu", "chrf", "-f", "json", f"--paired-{kind}"]
        + [f"--paired-{kind}-n", str(samples), "-w", "8"],
        capture_output=True,
        check=True,
        cwd=folder,
        env={"PYTHONUTF8": "1"},
    ).stdout
    return json.loads(printed)


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
        own, other = bootstrap[1][s.name], bootstrap[0][s.name]
        assert sum(s.interval) / 2 == pytest.approx(own["mean"], abs=1e-6)
        half = (s.interval.high - s.interval.low) / 2
        assert half == pytest.approx(own["ci"], abs=1e-6)
        assert s.versus.value == pytest.approx(other["score"], abs=1e-6)
        assert s.versus.p_bootstrap == pytest.approx(own["p_value"], abs=1e-6)
        expected = shuffled[1][s.name]["p_value"]
        assert s.versus.p_randomisation == pytest.approx(expected, abs=1e-6)


def test_equal_translations_differ_by_chance_only() -> None:
    (bleu,) = score(
        *(BETTER, REFERENCES), metrics=["bleu"], resamples=100, baseline=BETTER
    )
    assert bleu.versus is not None
    assert bleu.versus.value == bleu.value
    assert bleu.versus.p_randomisation == pytest.approx(
        1 / 10001
    )  # as sacreBLEU has it


def test_an_interval_alone_needs_no_baseline() -> None:
    (bleu,) = score(BETTER, REFERENCES, metrics=["bleu"], resamples=200)
    assert bleu.versus is None and bleu.interval is not None
    assert bleu.interval.low <= bleu.value <= bleu.interval.high
    assert "|bs:200|" in bleu.signature
