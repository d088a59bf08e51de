import json
import subprocess
import sys
from pathlib import Path

import pytest

from attnmt.errors import ConfigError, DataError
from attnmt.evaluation.metrics import score, sentence_metric, tokenizer_for

HYPOTHESES = [
    "A dog runs over the green grass .",
    "two Men are sitting at a table, talking.",
    "the little house",
    "",
    "She said: “yes”, and left — at 5.30 p.m.",
]
REFERENCES = [
    "A brown dog runs across the grass.",
    "Two men sit at a table and are talking.",
    "a little house",
    "Nothing was said.",
    "She said: “yes” and left at 5.30 p.m.",
]


def by_command(folder: Path, *options: str) -> dict[str, tuple[float, str]]:
    """Scores and signatures that the sacrebleu command itself gives."""
    hypothesis, reference = folder / "hypothesis", folder / "reference"
    hypothesis.write_text("\n".join([*HYPOTHESES, ""]), "utf-8")
    reference.write_text("\n".join([*REFERENCES, ""]), "utf-8")
    printed = subprocess.run(
        [sys.executable, "-m", "sacrebleu", str(reference), "-i", str(hypothesis)]
        + ["-m", "bleu", "chrf", "ter", "-f", "json", "-w", "12", *options],
        capture_output=True,
        check=True,
        env={"PYTHONUTF8": "1"},
    ).stdout
    return {s["name"]: (s["score"], s["signature"]) for s in json.loads(printed)}


@pytest.mark.parametrize(
    ("options", "arguments"),
    [
        ([], {}),
        (["-tok", "none"], {"tokenize": "none"}),
        (["-tok", "intl"], {"tokenize": "intl"}),
        (["-lc", "--chrf-lowercase"], {"lowercase": True}),
    ],
)
def test_values_and_signatures_are_those_of_the_sacrebleu_command(
    tmp_path: Path, options: list[str], arguments: dict
) -> None:
    expected = by_command(tmp_path, *options)
    found = score(HYPOTHESES, REFERENCES, **arguments)
    assert [s.name for s in found] == ["BLEU", "chrF2", "TER"]
    for s in found:
        assert s.value == pytest.approx(expected[s.name][0], abs=1e-9)
        assert s.signature == expected[s.name][1]


def test_perfect_text_scores_full_marks() -> None:
    lines = ["the dog runs over the grass", "a man sits at a table"]
    values = {s.name: s.value for s in score(lines, lines)}
    assert values == pytest.approx({"BLEU": 100, "chrF2": 100, "TER": 0})


def test_only_the_metrics_asked_for_come_in_their_order() -> None:
    found = score(HYPOTHESES, REFERENCES, metrics=["chrf", "bleu"])
    assert [s.name for s in found] == ["chrF2", "BLEU"]


def test_the_line_of_sacrebleu_comes_along() -> None:
    (bleu,) = score(HYPOTHESES, REFERENCES, metrics=["bleu"])
    assert f" = {bleu.value:.2f} " in bleu.text
    assert bleu.signature in bleu.text


def test_unequal_counts_are_refused_with_both() -> None:
    with pytest.raises(DataError, match="5 lines.* 4 lines"):
        score(HYPOTHESES, REFERENCES[:4])


def test_nothing_to_score_is_an_error() -> None:
    with pytest.raises(DataError, match="no lines"):
        score([], [])


def test_unknown_names_are_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="'blue'.*bleu, chrf, ter"):
        score(HYPOTHESES, REFERENCES, metrics=["blue"])
    with pytest.raises(ConfigError, match="'14a'.*13a"):
        score(HYPOTHESES, REFERENCES, tokenize="14a")


def test_exact_counts_lines_that_are_right_as_a_whole() -> None:
    hypotheses = ["K AE T", "D AO  G ", "B ER D", "k ae t", ""]
    references = ["K AE T", "D AO G", "B ER", "K AE T", ""]
    (exact,) = score(hypotheses, references, metrics=["exact"])
    assert (exact.name, exact.value) == ("Exact", pytest.approx(60.0))
    assert exact.signature.startswith("nrefs:1|case:mixed|version:")
    (exact,) = score(hypotheses, references, metrics=["exact"], lowercase=True)
    assert exact.value == pytest.approx(80.0)
    assert "|case:lc|" in exact.signature


def test_exact_has_an_interval_and_a_significance() -> None:
    references = [str(i) for i in range(200)]
    worse = [line if i % 2 else "wrong" for i, line in enumerate(references)]
    (exact,) = score(
        references[:-20] + ["wrong"] * 20,
        references,
        metrics=["exact"],
        resamples=200,
        baseline=worse,
    )
    assert exact.value == pytest.approx(90.0)
    assert exact.interval is not None and exact.versus is not None
    assert 84.0 < exact.interval.low < 90.0 < exact.interval.high < 96.0
    assert exact.versus.value == pytest.approx(50.0)
    assert exact.versus.p_bootstrap < 0.01 and exact.versus.p_randomisation < 0.01


@pytest.mark.parametrize("name", ["bleu", "chrf"])
def test_a_short_sentence_can_be_perfect(name: str) -> None:
    metric = sentence_metric(name)
    assert metric.sentence_score("Ja !", ["Ja !"]).score == pytest.approx(100.0)
    assert 0.0 < metric.sentence_score("Ja !", ["Ja , ja !"]).score < 100.0
    assert metric.sentence_score("", ["Ja !"]).score == 0.0


def test_languages_without_spaces_are_scored_by_characters() -> None:
    names = ("de", "zh", "zh-CN", "ja", "th_TH")
    assert [*map(tokenizer_for, names)] == [None, "zh", "zh", "char", "char"]
    hypothesis, reference = "我昨天去了学校。", "我今天去了学校。"
    spaced, characters = (
        score([hypothesis], [reference], metrics=["bleu"], tokenize=tokenize)[0].value
        for tokenize in (None, tokenizer_for("zh"))
    )
    assert spaced == 0.0 and characters > 40.0
    assert (
        sentence_metric("bleu", "zh").sentence_score(hypothesis, [reference]).score > 40
    )
