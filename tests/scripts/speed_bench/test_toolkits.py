"""What the logs of attnmt and the toolkits tell is found in them."""

import pytest
from speed_bench.as_they_come import figures_of
from speed_bench.commands import Ended, Printed
from speed_bench.toolkits import ATTNMT, TOOLKITS

LOGS = {
    "attnmt": "epoch 0.42 step 50: loss 5.4, rate 0.001, 1,234 tokens/s, 1:02",
    "onmt": "[2026-11-25 19:00:00,000 INFO] Step  5/100000; acc: 5.7; ppl: 7012.1; "
    "xent: 8.9; lr: 0.00100; sents:     291; bsz: 3344/3350/291; 1000/1026 tok/s;     "
    "16 sec;",
    "joeynmt": "2026-11-25 19:00:00,000 - INFO - joeynmt.training - Epoch   1, Step:  "
    "      7, Batch Loss:     8.012345, Batch Acc: 0.034500, Tokens per Sec:      476, "
    "Lr: 0.001",
}
RATES = {"attnmt": 1234.0, "onmt": 1026.0, "joeynmt": 476.0}
TRAININGS = {"attnmt": ATTNMT, **{name: t.training for name, t in TOOLKITS.items()}}


@pytest.mark.parametrize("name", TRAININGS)
def test_the_rate_is_read_from_a_report_and_from_nothing_else(name):
    assert TRAININGS[name].rate(LOGS[name]) == RATES[name]
    others = [line for other, line in LOGS.items() if other != name]
    assert all(TRAININGS[name].rate(line) is None for line in others)


def test_the_first_report_tells_of_the_start_only():
    times = ((9.0, 50), (10.0, 100), (12.0, 300), (13.0, 200))
    reports = [Printed(s, f"epoch 1 step 1: x, {n} tokens/s") for s, n in times]
    figures = figures_of(Ended(20.0, 30.0, 512.0, reports), ATTNMT, reports)
    assert figures["tokens_per_second"] == 200
    assert figures["first_update"] == 9.0
    assert figures["cores"] == 1.5
