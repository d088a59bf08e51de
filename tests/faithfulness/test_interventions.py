"""Other weights: nothing where nothing changes, much where all hangs on them."""

import numpy as np
import pytest

from attnmt.analysis.faithfulness.figures import find
from attnmt.errors import ConfigError
from attnmt.faithfulness.interventions import CHANGES, intervene
from attnmt.layers.attention import AdditiveAttention

pytestmark = pytest.mark.slow


def test_what_has_no_context_in_it_costs_nothing_and_stays(of_deaf) -> None:
    assert [one.name for one in of_deaf.interventions] == list(CHANGES)
    for one in of_deaf.interventions:
        assert one.cost.value == pytest.approx(0.0, abs=1e-5)
        assert (one.changed, one.chrf) == (0.0, pytest.approx(100.0))


def test_what_is_copied_from_where_it_is_attended_is_lost(
    of_copier, copier, lines
) -> None:
    found = of_copier.interventions
    own = find(found, "own")
    assert own.cost.value == pytest.approx(0.0, abs=1e-5) and own.changed == 0.0
    for name in ("uniform", "permuted", "frozen", "nothing"):
        other = find(found, name)
        assert other.cost.value > 1.0 and other.cost.value > 5 * other.cost.error
        assert other.changed > 0.7 and other.chrf < 70.0
    # Without a source all pieces are alike.
    own_log_prob = np.concatenate([r.log_probs for r in copier.force(lines, lines)])
    nothing = np.log(12) + own_log_prob.mean()
    assert find(found, "nothing").cost.value == pytest.approx(nothing, abs=1e-4)


def test_the_copier_copies(of_copier) -> None:
    for example in of_copier.examples:
        assert example.outputs["own"].startswith(example.source)
        assert not example.outputs["nothing"].startswith(example.source)


@pytest.mark.parametrize(
    ("attention", "decoder"),
    [
        ({"type": "monotonic"}, {"style": "bahdanau"}),
        ({"heads": 2, "coverage": "count"}, {"copy_source": True}),
    ],
    ids=str,
)
def test_every_kind_of_model_can_be_changed(
    make_translator, lines, attention, decoder
) -> None:
    translator = make_translator(attention, **decoder)
    before = translator.network.decoder.attention
    records = list(translator.force(lines, lines))
    found, _ = intervene(translator, records, print)
    assert find(found, "own").cost.value == pytest.approx(0.0, abs=1e-4)
    assert find(found, "own").changed == 0.0
    assert abs(find(found, "uniform").cost.value) > 1e-3
    assert translator.network.decoder.attention is before


class Doubled(AdditiveAttention):
    """Reads more than its weights tell."""

    def call(self, query, memory, state=()):
        context, weights, state = super().call(query, memory, state)
        return 2.0 * context, weights, state


def test_a_mechanism_that_does_not_read_by_its_weights_is_refused(
    make_translator, lines
) -> None:
    translator = make_translator({"type": "additive"})
    translator.network.decoder.attention = Doubled(8)
    records = list(translator.force(lines, lines))
    with pytest.raises(ConfigError, match="expected a context that is weights times"):
        intervene(translator, records, print)
