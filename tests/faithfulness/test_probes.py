"""Erasure, gradients and norms of single target pieces."""

import numpy as np
import pytest

from attnmt.faithfulness.probes import SHORTEST, Prober, sample


def probes_of(translator, lines, count=1000):
    records = list(translator.force(lines, lines))
    return sample(records, count, np.random.default_rng(1))


def prober_of(translator, heads=1) -> Prober:
    return Prober(translator.network, heads)


def size(probe) -> int:
    return len(probe.record.source_ids)


MODELS = pytest.mark.parametrize(
    ("attention", "decoder"),
    [
        ({"type": "additive"}, {}),
        ({"type": "general", "heads": 2}, {"style": "bahdanau"}),
        ({"type": "location"}, {"copy_source": True}),
        ({"type": "linear"}, {"style": "gnmt_v2", "layers": 2}),
    ],
    ids=str,
)


def test_probes_are_seeded_and_leave_short_sources_out(deaf) -> None:
    lines = ["a b c", "d", "e f", "a a a a"]
    every = probes_of(deaf, lines)
    assert {probe.sentence for probe in every} == {0, 2, 3}  # "d" has 2 with </s>
    assert SHORTEST == 3 and len(every) == 4 + 3 + 5
    few = probes_of(deaf, lines, 6)
    places = [(p.sentence, p.position) for p in few]
    assert len({*places}) == 6
    assert places == [(p.sentence, p.position) for p in probes_of(deaf, lines, 6)]


@MODELS
def test_erasing_nothing_changes_nothing(make_translator, lines, attention, decoder):
    translator = make_translator(attention, **decoder)
    probes = probes_of(translator, lines)
    everything = [np.ones((1, size(probe)), bool) for probe in probes]
    heads = attention.get("heads", 1)
    found = prober_of(translator, heads).erased(probes, everything)[:, 0]
    forced = [probe.record.log_probs[probe.position] for probe in probes]
    np.testing.assert_allclose(found, forced, atol=2e-4)


def test_without_what_it_copies_the_copier_knows_nothing(copier, lines) -> None:
    probes = [p for p in probes_of(copier, lines) if p.position < size(p) - 1]
    here = [np.arange(size(probe)) == probe.position for probe in probes]
    keeps = [np.stack([~row, row]) for row in here]
    without, alone = prober_of(copier).erased(probes, keeps).T
    assert without.max() < -3.0 and alone.min() > -0.01


def test_erasure_costs_the_deaf_nothing(deaf, lines) -> None:
    probes = probes_of(deaf, lines)
    keeps = [
        np.stack([np.arange(size(p)) == 0, np.zeros(size(p), bool)]) for p in probes
    ]
    found = prober_of(deaf).erased(probes, keeps)
    forced = np.array([p.record.log_probs[p.position] for p in probes])
    np.testing.assert_allclose(found, np.stack([forced, forced], axis=1), atol=1e-4)


@MODELS
def test_integrated_gradients_sum_to_what_the_source_is_worth(
    make_translator, lines, attention, decoder
):
    translator = make_translator(attention, scale=0.4, **decoder)
    probes = probes_of(translator, lines)[:9]
    _, integrated, goal = prober_of(translator).gradients(probes)
    assert np.abs(goal).max() > 0.05
    np.testing.assert_allclose(integrated.sum(axis=1), goal, atol=2e-3)
    for row, probe in zip(integrated, probes, strict=True):
        assert not row[size(probe) :].any()


def test_gradient_times_input_is_the_slope_at_the_source(make_translator, lines):
    translator = make_translator({"type": "additive"}, scale=0.5)
    probe = probes_of(translator, lines)[4]
    prober = prober_of(translator)
    gradient, _, _ = prober.gradients([probe])
    # All vectors a little longer or shorter: the slope along the source itself.
    values, step = [], 0.01
    table = translator.network.source_embedding.table
    before = table.numpy()
    for factor in (1 + step, 1 - step):
        table.assign(before * factor)
        values.append(prober.erased([probe], [np.ones((1, size(probe)), bool)])[0, 0])
    table.assign(before)
    slope = (values[0] - values[1]) / (2 * step)
    assert gradient[0].sum() == pytest.approx(slope, abs=2e-3)


def test_the_gradient_of_the_copier_is_where_it_copies_from(copier, lines) -> None:
    probes = [p for p in probes_of(copier, lines) if p.position < size(p)]
    gradient, integrated, _ = prober_of(copier).gradients(probes)
    for row, other, probe in zip(gradient, integrated, probes, strict=True):
        assert np.abs(other).argmax() == probe.position, row


def test_norms_are_weights_times_the_length_of_values(make_translator, lines) -> None:
    translator = make_translator({"type": "additive"})
    probes = probes_of(translator, lines)[3:8]
    found = prober_of(translator).norms(probes)
    for row, probe in zip(found, probes, strict=True):
        ids = np.array([probe.record.source_ids])
        values = translator.network.encode(ids).memory.values[0]
        expected = probe.attention * np.linalg.norm(values, axis=-1)
        np.testing.assert_allclose(row[: size(probe)], expected, rtol=1e-4)
        assert not row[size(probe) :].any()


def test_norms_of_heads_are_those_of_their_sum(make_translator, lines) -> None:
    translator = make_translator({"type": "general", "heads": 2})
    [probe] = probes_of(translator, lines)[5:6]
    found = prober_of(translator, 2).norms([probe])[0]
    attention = translator.network.decoder.attention
    memory = translator.network.encode(np.array([probe.record.source_ids])).memory
    values = [head.values[0] for head in memory.heads]  # [source, depth]
    for j in range(size(probe)):
        parts = [w[j] * v[j] for w, v in zip(probe.weights, values, strict=True)]
        read = np.concatenate(parts)[None] @ attention.output_layer.kernel.numpy()
        assert found[j] == pytest.approx(np.linalg.norm(read), rel=1e-4)
