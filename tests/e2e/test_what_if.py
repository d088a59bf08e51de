"""`attnmt translate --force-attention`: what if something else had been read?"""

import json
from pathlib import Path

import numpy as np
import pytest

from attnmt.analysis.dump import Dump
from attnmt.analysis.words import piece_words

pytestmark = pytest.mark.slow
LINES = [
    "My aunts go to the town hall.",
    "She washed the shirt.",
    "",
    "The shirt is old and my aunts are in the town hall.",
]
EDITS = [
    {"id": 3, "target": 1, "weights": {"0": 1.0, "12": 3}},  # 12: </s>
    {"id": 0, "target": 2, "level": "piece", "weights": {"1": 0.5}},
    {"id": 0, "target": 0, "weights": {"3": 1}},
    {"id": 1, "target": 70, "weights": {"3": 1}},
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("what_if")
    (folder / "in").write_text("".join(f"{line}\n" for line in LINES), "utf-8")
    (folder / "edits.json").write_text(json.dumps(EDITS, indent=1), "utf-8")
    return folder


def test_pinned_rows_are_in_every_hypothesis_and_the_rest_decodes_on(
    folder, trained, attnmt
) -> None:
    options = ("--run", trained / "runs/tiny", "--attention-dtype", "f4", "--n-best", 2)
    plain = attnmt("translate", "in", *options, "--attention", "plain", cwd=folder)
    assert plain.returncode == 0, plain.stderr
    options = (*options, "--force-attention", "edits.json", "--attention", "forced")
    done = attnmt("translate", "in", *options, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "target 70 was not reached" in done.stderr and done.stderr.count("\n") == 1
    assert done.stdout != plain.stdout

    before, after = Dump(folder / "plain"), Dump(folder / "forced")
    assert [edit["id"] for edit in after.header["forced"]] == [3, 0, 0, 1]
    assert after.header["attention"] == before.header["attention"]
    for record in after:
        steps = {edit["target"] for edit in EDITS if edit["id"] == record.id}
        assert ("forced" in record.flags) == bool(steps)
        if record.target_ids:
            told = np.flatnonzero(record.extras["pinned"])
            assert set(told) == {s for s in steps if s < len(record.target_ids)}
            np.testing.assert_allclose(record.weights.sum(-1), 1.0, atol=1e-5)
    for record in after.select([0]):
        assert record.weights[0, 0, 2, 1] == 1.0
        words = np.array(piece_words(record.source_spans, record.source_words))
        shares = record.weights[0, 0, 0]
        assert shares[words == 3].sum() == pytest.approx(1.0)
    for record in after.select([3]):
        assert record.weights[0, 0, 1, -1] == pytest.approx(0.75)


def test_a_translation_pinned_to_its_own_weights_stays_as_it_is(
    trained, tmp_path
) -> None:
    from attnmt import Translator
    from attnmt.config.schema import Decoding
    from attnmt.edits import Edits
    from attnmt.what_if import PinnedTranslator

    # In a wider beam other hypotheses are made to read the same, and one may win.
    greedy = Decoding(beam_size=1)
    translator = Translator.load(trained / "runs/tiny", decoding=greedy)
    own = list(translator.translate(LINES))
    edits = [
        {
            "id": record.id,
            "target": step,
            "level": "piece",
            "weights": {str(i): float(x) for i, x in enumerate(row)},
        }
        for record in own
        for step, row in enumerate(record.weights[0, 0])
        if step % 2
    ]
    path = tmp_path / "own.json"
    path.write_text(json.dumps(edits), "utf-8")
    pinned = PinnedTranslator(translator, Edits(path), LINES)
    for found, expected in zip(pinned.translate(LINES), own, strict=True):
        assert found.text == expected.text
        np.testing.assert_allclose(found.weights, expected.weights, atol=1e-4)
        np.testing.assert_allclose(found.log_probs, expected.log_probs, atol=1e-3)


def test_wrong_edits_are_told_before_anything_is_translated(
    folder, trained, attnmt, tmp_path
) -> None:
    (folder / "wrong.json").write_text('[{"id": 9, "target": 0,\n"weights": {"0": 1}}]')
    options = ("--run", trained / "runs/tiny", "--force-attention", "wrong.json")
    done = attnmt("translate", "in", *options, "-o", tmp_path / "out", cwd=folder)
    assert (done.returncode, done.stderr) == (
        2,
        "wrong.json:1: id: expected less than 4 lines, found 9\n",
    )
    assert not list(tmp_path.iterdir())
