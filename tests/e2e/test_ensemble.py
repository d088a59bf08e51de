"""Several runs translate as one."""

import json
from pathlib import Path

import numpy as np
import pytest

from attnmt.analysis.dump import Dump
from attnmt.ensemble import EnsembleTranslator
from attnmt.errors import ConfigError
from attnmt.translator import Translator

pytestmark = pytest.mark.slow
SOURCES = ["My aunts go to the town hall.", "", "She washed the old red shirt."]
TARGETS = ["Meine Tanten gehen.", "", "Sie wäscht das Hemd im Rathaus."]


@pytest.fixture(scope="module")
def members(trained: Path) -> list[Translator]:
    """A trained model, and the same one a little beside itself."""
    one, other = (Translator.load(trained / "runs/tiny") for _ in range(2))
    draw = np.random.default_rng(4)
    for variable in other.network.trainable_weights:
        variable.assign_add(draw.normal(size=variable.shape) * 0.05)
    return [one, other]


def test_probabilities_and_weights_are_the_means_of_the_members(members) -> None:
    together = EnsembleTranslator(members)
    forced = [list(each.force(SOURCES, TARGETS)) for each in (*members, together)]
    for first, second, both in zip(*forced, strict=True):
        probabilities = np.exp([first.log_probs, second.log_probs])
        np.testing.assert_allclose(
            np.exp(both.log_probs), probabilities.mean(axis=0), atol=1e-6
        )
        weights = (first.weights + second.weights) / 2
        np.testing.assert_allclose(both.weights, weights, atol=1e-6)
    assert np.abs(forced[0][0].weights - forced[1][0].weights).max() > 1e-3


def test_the_search_chooses_by_these_probabilities(members) -> None:
    together = EnsembleTranslator(members)
    for found in together.translate(SOURCES):
        if "unfinished" in found.flags or not found.text:
            continue
        (forced,) = together.force([found.source], [found.text])
        if forced.target_ids == found.target_ids:
            np.testing.assert_allclose(forced.log_probs, found.log_probs, atol=1e-4)
            np.testing.assert_allclose(forced.weights, found.weights, atol=1e-5)


def test_one_run_twice_is_the_run(trained, attnmt, tmp_path) -> None:
    (tmp_path / "text").write_text("".join(f"{x}\n" for x in SOURCES), "utf-8")
    run = ("--run", trained / "runs/tiny")
    found = []
    for name, runs in (("one", run), ("two", run * 2)):
        options = ("--attention", name, "--attention-dtype", "f4")
        done = attnmt("translate", "text", *runs, *options, cwd=tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
        found.append((done.stdout, Dump(tmp_path / name)))
    assert found[0][0] == found[1][0]
    names = [dump.header["attention"]["name"] for _, dump in found]
    assert names[1] == f"{names[0]} + {names[0]}"
    for one, two in zip(found[0][1], found[1][1], strict=True):
        np.testing.assert_allclose(one.weights, two.weights, atol=1e-5)
        assert one.norm_score == pytest.approx(two.norm_score, abs=1e-4)


def test_an_ensemble_is_evaluated_beside_its_first_run(work, attnmt) -> None:
    run = ("--run", "runs/tiny")
    done = attnmt("eval", *run, *run, "--metrics", "chrf", "--json", cwd=work)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["run"] == "runs/tiny + runs/tiny"
    assert done.stderr.endswith("written: runs/tiny/eval/test-ensemble\n")


def test_other_tokenizers_and_litert_are_refused(trained, attnmt) -> None:
    one, other = (Translator.load(trained / "runs/tiny") for _ in range(2))
    other.target_tokenizer = other.source_tokenizer
    with pytest.raises(ConfigError, match="the same target tokenizer, found"):
        EnsembleTranslator([one, other])
    run = ("--run", "runs/tiny")
    options = ("--engine", "litert")
    done = attnmt("translate", "config.yaml", *run, *run, *options, cwd=trained)
    assert (done.returncode, done.stdout) == (2, "")
    assert "more than one --run needs TensorFlow" in done.stderr
