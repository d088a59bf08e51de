"""What the logs of attnmt and the toolkits tell is found in them."""

import pytest
from speed_bench import marian_toolkit
from speed_bench.as_they_come import figures_of
from speed_bench.commands import Ended, Printed
from speed_bench.settings import Job, Shape
from speed_bench.toolkits import ATTNMT, TOOLKITS

from attnmt.config.schema import Tokenizer
from attnmt.text.spm import train_model, write_model

LOGS = {
    "attnmt": "epoch 0.42 step 50: loss 5.4, rate 0.001, 1,234 tokens/s, 1:02",
    "onmt": "[2026-11-25 19:00:00,000 INFO] Step  5/100000; acc: 5.7; ppl: 7012.1; "
    "xent: 8.9; lr: 0.00100; sents:     291; bsz: 3344/3350/291; 1000/1026 tok/s;     "
    "16 sec;",
    "joeynmt": "2026-11-25 19:00:00,000 - INFO - joeynmt.training - Epoch   1, Step:  "
    "      7, Batch Loss:     8.012345, Batch Acc: 0.034500, Tokens per Sec:      476, "
    "Lr: 0.001",
    "marian": "[2026-11-27 09:08:41] Ep. 1 : Up. 3 : Sen. 1,021 : Cost 8.88117886 : "
    "Time 25.66s : 154.90 words/s : gNorm 0.3219",
}
RATES = {"attnmt": 1234.0, "onmt": 1026.0, "joeynmt": 476.0, "marian": 154.9}
TRAININGS = {"attnmt": ATTNMT, **{name: t.training for name, t in TOOLKITS.items()}}


@pytest.mark.parametrize("name", TRAININGS)
def test_the_rate_is_read_from_a_report_and_from_nothing_else(name):
    assert TRAININGS[name].rate(LOGS[name]) == RATES[name]
    others = [line for other, line in LOGS.items() if other != name]
    assert all(TRAININGS[name].rate(line) is None for line in others)


def test_the_length_of_marian_s_translations_is_a_beginning_that_is_given(tmp_path):
    text = tmp_path / "text.en"
    text.write_text("a b\nc\n", "utf-8")
    model = tmp_path / "m.model"
    pieces = train_model(lambda: ["a b c d e f g h"], Tokenizer(vocab_size=280))
    write_model(model, pieces)
    (tmp_path / "model.npz").touch()
    job = Job(text, tmp_path / "out", beam=5, batch=64, length=3)
    shape = Shape(model)
    words = marian_toolkit.translate("python", tmp_path, shape, job)
    assert words[:4] == ["python", "-m", "pymarian", "decode"]
    assert words[words.index("--beam-size") + 1] == "5"
    lines = (tmp_path / "text.tsv").read_text("utf-8").splitlines()
    assert [line.split("\t")[0] for line in lines] == ["▁a ▁b", "▁c"]
    assert {len(line.split("\t")[1].split()) for line in lines} == {3}
    assert "--force-decode" in words
    free = marian_toolkit.translate(
        "python", tmp_path, shape, job._replace(length=None)
    )
    assert "--force-decode" not in free and str(tmp_path / "text") in free
    assert marian_toolkit.pieces_of(["x y z", ""]) == 5


def test_the_first_report_tells_of_the_start_only():
    times = ((9.0, 50), (10.0, 100), (12.0, 300), (13.0, 200))
    reports = [Printed(s, f"epoch 1 step 1: x, {n} tokens/s") for s, n in times]
    figures = figures_of(Ended(20.0, 30.0, 512.0, reports), ATTNMT, reports)
    assert figures["tokens_per_second"] == 200
    assert figures["first_update"] == 9.0
    assert figures["cores"] == 1.5
