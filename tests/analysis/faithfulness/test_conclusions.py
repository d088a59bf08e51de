"""The sentences follow from the figures, and tell them."""

import pytest

from attnmt.analysis.faithfulness.conclusions import AGREES, CLEARLY, GAIN, HARDLY


@pytest.mark.parametrize(
    ("cost", "verdict"),
    [
        (-0.2, "Attention hardly matters to this model"),
        (HARDLY - 1e-6, "Attention hardly matters to this model"),
        (HARDLY, "Attention matters somewhat to this model"),
        (CLEARLY - 1e-6, "Attention matters somewhat to this model"),
        (CLEARLY, "Attention matters to this model"),
    ],
)
def test_what_uniform_weights_cost_says_whether_attention_matters(
    make_report, cost, verdict
):
    first, _ = make_report(cost=cost).conclusions()
    assert first.startswith(f"{verdict}: ")


def test_the_first_sentence_has_the_figure_and_its_controls(make_report):
    first, _ = make_report(cost=1.25).conclusions()
    assert first.endswith(
        "reading the source with uniform weights costs 1.25 nats per target piece (its "
        "own weights 0.00, reading nothing 3.50) and changes 31% of the greedy "
        "translations."
    )


@pytest.mark.parametrize(
    ("figures", "verdict"),
    [
        ({"gain": GAIN - 1e-6, "gain_error": 0.0}, "do not tell better than chance"),
        ({"gain": -0.7}, "do not tell better than chance"),
        ({"gain": 0.8, "gain_error": 0.41}, "do not tell better than chance"),
        ({"gain": 0.8, "gain_error": 0.39, "tau": AGREES}, "tell"),
        ({"gain": GAIN, "gain_error": 0.0, "tau": 0.1}, "tell in part"),
    ],
)
def test_erasure_and_gradients_say_whether_weights_explain(
    make_report, figures, verdict
):
    _, second = make_report(**figures).conclusions()
    assert second.startswith(f"Its weights {verdict} which source positions")


def test_the_second_sentence_has_the_figures_and_their_controls(make_report):
    _, second = make_report(gain=0.8, tau=0.4).conclusions()
    assert second.endswith(
        "erasing the most attended ones costs 1.30 nats, erasing random ones 0.50; "
        "Kendall's tau with integrated gradients is 0.40, that of shuffled weights "
        "0.00."
    )
