"""`attnmt score`: N pairs in, N lines out, and nothing for texts that do not match."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from attnmt.analysis.dump import Dump

Command = Callable[..., subprocess.CompletedProcess[str]]
PAIRS = [
    ("My aunts go to the town hall.", "Meine Tanten gehen zum Rathaus."),
    ("My aunts go to the town hall.", "Hund"),
    ("", "Ein Satz ohne Quelle."),
    ("She washed the shirt.", ""),
    ("a \u2028 b", "Ein \U0001f600\u2028 und \x85 漢字"),
]
BLANK = 2


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pairs")
    for name, lines in zip(("in.en", "in.de"), zip(*PAIRS, strict=True), strict=True):
        (folder / name).write_bytes("".join(f"{line}\n" for line in lines).encode())
    return folder


@pytest.fixture(scope="module")
def found(folder: Path, trained: Path, attnmt: Command) -> list[dict]:
    options = ("--format", "jsonl", "-o", folder / "out", "--attention-dtype", "f4")
    options = (*options, "--attention", folder / "dump", "--run", "runs/tiny")
    done = attnmt("score", folder / "in.en", folder / "in.de", *options, cwd=trained)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert f"in.en:{BLANK + 1}: blank" in done.stderr
    lines = (folder / "out").read_text("utf-8").split("\n")
    assert lines.pop() == ""
    return [json.loads(line) for line in lines]


def test_every_pair_has_its_probability_and_those_of_its_pieces(found) -> None:
    assert [fields["id"] for fields in found] == list(range(len(PAIRS)))
    for i, (fields, (source, target)) in enumerate(zip(found, PAIRS, strict=True)):
        assert fields["source"] == source
        assert fields["text"] == (target if i != BLANK else "")
        assert len(fields["pieces"]) == len(fields["log_probs"])
        assert (fields["pieces"][-1:] == ["</s>"]) == (i != BLANK)
        assert fields["log_prob"] == pytest.approx(sum(fields["log_probs"]), abs=1e-4)
        assert fields["score"] == fields["log_prob"]
        assert (fields["flags"] == ["empty_src"]) == (i == BLANK)
    assert found[0]["log_prob"] / len(found[0]["pieces"]) > (
        found[1]["log_prob"] / len(found[1]["pieces"])
    )


def test_probabilities_and_weights_are_those_of_the_model(
    found, folder, trained
) -> None:
    import tensorflow as tf

    from attnmt import Translator
    from attnmt.text.tokenizer import BOS

    network = Translator.load(trained / "runs/tiny").network
    dump = Dump(folder / "dump")
    assert dump.header["mode"] == "force" and dump.header["dtype"] == "<f4"
    assert len(dump) == len(PAIRS)
    for record, fields in zip(dump, found, strict=True):
        assert (record.id, record.log_probs) == (fields["id"], fields["log_probs"])
        if record.id == BLANK:
            continue
        target_in = np.array([[BOS, *record.target_ids[:-1]]])
        attentional, weights = network(np.array([record.source_ids]), target_in)
        np.testing.assert_allclose(weights[0], record.weights[0, 0], atol=1e-5)
        log_probs = tf.nn.log_softmax(network.logits(attentional))
        chosen = tf.gather(log_probs[0], record.target_ids, batch_dims=1)
        np.testing.assert_allclose(chosen, record.log_probs, atol=1e-4)


@pytest.mark.slow
def test_text_is_a_log_probability_a_line_and_the_alignment(
    found, folder, trained, attnmt
) -> None:
    files = (folder / "in.en", folder / "in.de", "--run", "runs/tiny")
    done = attnmt("score", *files, "--align", "--batch-size", 1, cwd=trained)
    assert done.returncode == 0, done.stderr
    rows = [line.split(" ||| ") for line in done.stdout.split("\n")[:-1]]
    for (score, links), fields in zip(rows, found, strict=True):
        assert float(score) == pytest.approx(fields["log_prob"], abs=1e-3)
        assert links == fields["alignment"]
    assert rows[0][1] and not rows[BLANK][1]


def test_unequal_files_are_told_with_both_counts_before_anything_is_written(
    folder, trained, attnmt, tmp_path
) -> None:
    (tmp_path / "short.de").write_text("Ein Satz.\nZwei.\n", "utf-8")
    options = ("--run", trained / "runs/tiny", "--attention", "dump")
    done = attnmt("score", folder / "in.en", "short.de", *options, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == (
        f"{folder / 'in.en'} has 5 lines but short.de has 2: line N of one must "
        "translate line N of the other\n"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["short.de"]


@pytest.mark.parametrize("name", ["-", "."])
def test_what_cannot_be_counted_first_is_refused(name, folder, trained, attnmt) -> None:
    done = attnmt("score", name, folder / "in.de", "--run", "runs/tiny", cwd=trained)
    assert done.returncode == 2 and done.stderr.startswith(f"{name}: expected a file")
