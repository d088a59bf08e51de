"""The company in which a line is translated, threads and repetition change nothing."""

from pathlib import Path

import pytest

from attnmt import Translation, Translator

pytestmark = pytest.mark.slow
DATA = Path(__file__).parents[2] / "data"
LINES = 70
TIE = 1e-4  # of scores, that float arithmetic may swap


@pytest.fixture(scope="module")
def lines() -> list[str]:
    lines = (DATA / "test.en").read_text("utf-8").split("\n")[:LINES]
    return [*lines[:9], "", *lines[9:]]


def translations(run: Path, lines: list[str], batch_size: int) -> list[Translation]:
    translator = Translator.load(run)
    size = {"batch_size": batch_size}
    translator.decoding = translator.decoding.model_copy(update=size)
    return list(translator.translate(lines))


def count_ties(ours: list[Translation], theirs: list[Translation]) -> int:
    """How many texts differ; each by a tie."""
    pairs = zip(ours, theirs, strict=True)
    different = [(one, two) for one, two in pairs if one.text != two.text]
    for one, two in different:
        assert one.norm_score == pytest.approx(two.norm_score, abs=TIE), (one, two)
    return len(different)


def test_batches_and_order_change_no_text(trained: Path, lines: list[str]) -> None:
    run = trained / "runs/tiny"
    alone = translations(run, lines, 1)
    ties = {
        f"{size} lines": count_ties(alone, translations(run, lines, size))
        for size in (7, 64)
    }
    turned = translations(run, lines[::-1], 7)[::-1]
    ties["reversed"] = count_ties(alone, turned)
    print("ties against one line at a time:", ties)
    assert max(ties.values()) <= LINES // 20


def test_threads_change_no_text_and_a_second_run_no_byte(
    trained: Path, lines: list[str], attnmt, tmp_path: Path
) -> None:
    (tmp_path / "text").write_text("\n".join(lines), "utf-8")

    def printed(threads: int, format: str) -> str:
        names = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
        arguments = ("translate", "text", "--run", trained / "runs/tiny")
        options = ("--format", format, "--engine", "tensorflow")
        env = dict.fromkeys(names, str(threads))
        done = attnmt(*arguments, *options, cwd=tmp_path, env=env)
        assert done.returncode == 0, done.stderr
        return done.stdout

    once = printed(2, "jsonl")
    assert printed(2, "jsonl") == once
    assert printed(1, "text") == printed(2, "text")
