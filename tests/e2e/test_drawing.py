"""`attnmt translate --sample` and n-gram blocking with a trained model."""

import json
import re
import resource
import subprocess
from pathlib import Path

import numpy as np
import pytest

from attnmt.analysis.dump import Dump
from attnmt.run import Run
from attnmt.translating import Translation, with_decoding
from attnmt.translator import Translator

pytestmark = pytest.mark.slow
DATA = Path(__file__).parents[2] / "data"
LINES = (DATA / "valid.en").read_text("utf-8").split("\n")[:15]
TEXT = [*LINES[:4], "", *LINES[4:]]
SAMPLING = {"temperature": 0.7, "top_k": 30, "top_p": 0.95, "seed": 3}
OPTIONS = ("--temperature", 0.7, "--top-k", 30, "--top-p", 0.95, "--seed", 3)
SAMPLE = ("--sample", *OPTIONS)


@pytest.fixture(scope="module")
def folder(trained: Path) -> Path:
    return trained / "runs/tiny"


def translator(folder: Path, **decoding: object) -> Translator:
    wanted = with_decoding(Run(folder).load_config(), **decoding)
    return Translator.load(folder, decoding=wanted)


def texts(found: list[list[Translation]]) -> list[list[str]]:
    return [[each.text for each in translations] for translations in found]


def test_a_draw_hangs_on_its_seed_and_line_alone(folder: Path) -> None:
    one, seven = (
        translator(folder, sampling=SAMPLING, batch_size=size) for size in (1, 7)
    )
    found = list(seven.n_best(TEXT, 3))
    assert texts(found) == texts(list(one.n_best(TEXT, 3)))
    assert [len(each) for each in found] == [1 if not text else 3 for text in TEXT]
    later = list(seven.n_best(TEXT[9:], 3, first=9))
    assert texts(later) == texts(found[9:])
    elsewhere = list(seven.n_best(TEXT[9:], 3))
    assert texts(elsewhere) != texts(found[9:])
    (fewer,) = seven.n_best(TEXT[:1], 1)
    assert fewer[0].text in texts(found)[0]
    other = translator(folder, sampling={**SAMPLING, "seed": 4})
    assert texts(list(other.n_best(TEXT, 3))) != texts(found)
    assert any(len({*each}) > 1 for each in texts(found))


def test_the_scores_and_weights_of_a_draw_are_those_of_forcing_it(folder) -> None:
    drawing = translator(folder, sampling=SAMPLING, length_penalty=0.0)
    checked = 0
    for found in drawing.translate(TEXT):
        (forced,) = drawing.force([found.source], [found.text])
        if found.finished and forced.target_ids == found.target_ids:
            checked += 1
            np.testing.assert_allclose(found.log_probs, forced.log_probs, atol=1e-3)
            np.testing.assert_allclose(found.weights, forced.weights, atol=1e-4)
            assert found.norm_score == pytest.approx(forced.score, abs=1e-3)
    assert checked > 1


def test_a_temperature_towards_zero_is_greedy_search(folder: Path) -> None:
    greedy = translator(folder, beam_size=1)
    cold = translator(folder, sampling={"temperature": 1e-6})
    found = [[each.text for each in one.translate(TEXT)] for one in (greedy, cold)]
    assert found[0] == found[1]


def test_no_n_gram_comes_twice(folder: Path) -> None:
    def repeated(found: list[list[Translation]]) -> int:
        """How many pairs of pieces come again, counted in all translations."""
        ids = [each.target_ids for translations in found for each in translations]
        pairs = [[*zip(row, row[1:], strict=False)] for row in ids]
        return sum(len(row) - len({*row}) for row in pairs)

    for more in ({}, {"sampling": {"temperature": 0.5}}):
        free, blocked = (
            list(translator(folder, no_repeat_ngram=size, **more).n_best(TEXT, 2))
            for size in (0, 2)
        )
        assert repeated(free) > 0
        assert repeated(blocked) == 0
        assert [len(each) for each in blocked] == [len(each) for each in free]


def test_workers_a_dump_and_a_resumption_tell_the_same_draws(
    trained, attnmt, command, environment, tmp_path
) -> None:
    lines = (DATA / "valid.en").read_text("utf-8").split("\n")[:23]
    (tmp_path / "text").write_text("".join(f"{line}\n" for line in lines), "utf-8")

    def drawn(name: str, *more: object) -> tuple[object, ...]:
        run = ("--run", trained / "runs/tiny", "--n-best", 2, *SAMPLE)
        options = ("-o", name, "--format", "jsonl", "--batch-size", 1, *more)
        return ("translate", "text", *run, *options)

    def draw(name: str, *more: object) -> str:
        done = attnmt(*drawn(name, *more), cwd=tmp_path)
        assert (done.returncode, done.stdout) == (0, ""), done.stderr
        return (tmp_path / name).read_text("utf-8")

    whole = draw("whole", "--attention", "dump")
    assert draw("workers", "--workers", 2) == whole
    killed = whole.split('{"id": 20, "rank": 1')[0]  # after a window of twenty lines
    room = len(killed.encode()) + 5

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))

    broken = subprocess.run(
        [*command, *map(str, drawn("resumed"))],
        preexec_fn=limit,
        cwd=tmp_path,
        env=environment,
        capture_output=True,
    )
    assert broken.returncode != 0 and not (tmp_path / "resumed").exists()
    assert (tmp_path / "resumed.partial").read_text("utf-8") == whole[: len(killed) + 5]
    other = attnmt(*drawn("resumed", "--resume", "--temperature", 3), cwd=tmp_path)
    assert other.returncode == 3
    assert "decoding.sampling was" in other.stderr
    assert draw("resumed", "--resume") == whole
    dump = Dump(tmp_path / "dump")
    found = [json.loads(row)["text"] for row in whole.splitlines()]
    assert [record.text for record in dump] == found and len(found) == 46
    assert dump.header["decoding"]["sampling"] == SAMPLING


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--temperature", 2), "--temperature: expected --sample with it"),
        (("--top-k", 2), "--top-k: expected --sample with it"),
        (("--seed", 2), "--seed: expected --sample with it"),
        (("--sample", "--beam", 3), "--sample: does not search: leave out --beam"),
        (("--sample", "--force-attention", "x"), "leave out --force-attention"),
        (("--sample", "--temperature", 0), "--temperature: expected a number above 0"),
        (("--sample", "--temperature", "nan"), "--temperature: expected a number"),
        (("--sample", "--top-k", 0), "Invalid value for '--top-k'"),
        (("--sample", "--top-p", 1.5), "--top-p: expected above 0, at most 1"),
        (("--sample", "--engine", "litert"), "--engine litert: sampling needs Tens"),
        (
            ("--engine", "litert", "--set", "decoding.no_repeat_ngram=3"),
            "--engine litert: decoding.no_repeat_ngram needs TensorFlow",
        ),
    ],
    ids=str,
)
def test_what_contradicts_itself_is_refused(options, message, trained, attnmt) -> None:
    done = attnmt(
        *("translate", "config.yaml", "--run", "runs/tiny", *options), cwd=trained
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr and "Traceback" not in done.stderr


def test_exports_and_tuning_do_as_the_run_tells_or_say_why_not(work, attnmt) -> None:
    config = work / "runs/tiny/config.yaml"
    plain = config.read_text("utf-8")

    def told(new: str, *command: object) -> tuple[int, str]:
        """What a command says of the run when its decoding is another."""
        text = re.sub(rf"\n  {new.split(':')[0]}: (0|null)\n", f"\n  {new}\n", plain)
        assert text != plain
        config.write_text(text, "utf-8")
        done = attnmt(*command, "--run", "runs/tiny", cwd=work)
        assert "Traceback" not in done.stderr
        return done.returncode, done.stdout + done.stderr

    saved_model = ("export", "--format", "saved_model")
    code, text = told("no_repeat_ngram: 2", *saved_model)
    assert code == 0 and "20 of 20 translations equal" in text
    code, text = told("no_repeat_ngram: 2", "export")
    assert code == 2 and "decoding.no_repeat_ngram: the search of a LiteRT" in text
    code, text = told("sampling: {seed: 5}", *saved_model)
    assert code == 2 and "decoding.sampling: expected none for a SavedModel" in text
    code, text = told("sampling: {seed: 5}", "tune-decoding")
    assert code == 2 and "decoding.sampling: expected none" in text
    assert [path.name for path in (work / "runs/tiny/export").iterdir()] == [
        "saved_model"
    ]
