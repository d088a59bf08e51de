"""Erasure, gradients and norms of single target pieces."""

from typing import Any, NamedTuple

import numpy as np
import pytest

from attnmt.faithfulness.probes import SHORTEST, Probe, Prober, sample

pytestmark = pytest.mark.slow


def probes_of(translator, lines, count=1000) -> list[Probe]:
    records = list(translator.force(lines, lines))
    return sample(records, count, np.random.default_rng(1))


def size(probe: Probe) -> int:
    return len(probe.record.source_ids)


class Case(NamedTuple):
    """A model and all its probes."""

    network: Any
    prober: Prober
    probes: list[Probe]

    @property
    def forced(self) -> np.ndarray:
        return np.array([p.record.log_probs[p.position] for p in self.probes])


def case_of(translator, lines, heads: int = 1) -> Case:
    prober = Prober(translator.network, heads)
    return Case(translator.network, prober, probes_of(translator, lines))


@pytest.fixture(
    scope="module",
    params=[
        ({"type": "additive"}, {}),
        ({"type": "general", "heads": 2}, {"style": "bahdanau"}),
        ({"type": "location"}, {"copy_source": True}),
        ({"type": "linear"}, {"style": "gnmt_v2", "layers": 2}),
    ],
    ids=str,
)
def case(request, make_translator, lines) -> Case:
    attention, decoder = request.param
    translator = make_translator(attention, scale=0.5, **decoder)
    return case_of(translator, lines, attention.get("heads", 1))


@pytest.fixture(scope="module")
def of_copier(copier, lines) -> Case:
    return case_of(copier, lines)


def test_probes_are_seeded_and_leave_short_sources_out(deaf) -> None:
    lines = ["a b c", "d", "e f", "a a a a"]
    every = probes_of(deaf, lines)
    assert {probe.sentence for probe in every} == {0, 2, 3}  # "d" has 2 with </s>
    assert SHORTEST == 3 and len(every) == 4 + 3 + 5
    few = probes_of(deaf, lines, 6)
    places = [(p.sentence, p.position) for p in few]
    assert len({*places}) == 6
    assert places == [(p.sentence, p.position) for p in probes_of(deaf, lines, 6)]


def test_erasing_nothing_changes_nothing(case) -> None:
    everything = [np.ones((1, size(probe)), bool) for probe in case.probes]
    found = case.prober.erased(case.probes, everything)[:, 0]
    np.testing.assert_allclose(found, case.forced, atol=2e-4)


def test_integrated_gradients_sum_to_what_the_source_is_worth(case) -> None:
    _, integrated, goal = case.prober.gradients(case.probes)
    assert np.abs(goal).max() > 0.05
    np.testing.assert_allclose(integrated.sum(axis=1), goal, atol=2e-3)
    for row, probe in zip(integrated, case.probes, strict=True):
        assert not row[size(probe) :].any()


def test_gradient_times_input_is_the_slope_along_the_source(case) -> None:
    gradient, _, _ = case.prober.gradients(case.probes)
    everything = [np.ones((1, size(probe)), bool) for probe in case.probes]
    table, step = case.network.source_embedding.table, 0.01
    before, found = table.numpy(), []
    for factor in (1 + step, 1 - step):  # all vectors a little longer or shorter
        table.assign(before * factor)
        found.append(case.prober.erased(case.probes, everything)[:, 0])
    table.assign(before)
    slopes = (found[0] - found[1]) / (2 * step)
    np.testing.assert_allclose(gradient.sum(axis=1), slopes, atol=3e-3)


def test_norms_are_the_lengths_of_what_is_read_of_each_position(case) -> None:
    found = case.prober.norms(case.probes)
    attention = case.network.decoder.attention
    for row, probe in list(zip(found, case.probes, strict=True))[::7]:
        memory = case.network.encode(np.array([probe.record.source_ids])).memory
        if probe.weights.shape[0] == 1:
            expected = probe.attention * np.linalg.norm(memory.values[0], axis=-1)
        else:
            heads = zip(probe.weights, memory.heads, strict=True)
            parts = [weights[:, None] * head.values[0] for weights, head in heads]
            read = np.concatenate(parts, axis=1) @ attention.output_layer.kernel.numpy()
            expected = np.linalg.norm(read, axis=-1)
        np.testing.assert_allclose(row[: size(probe)], expected, rtol=1e-4)
        assert not row[size(probe) :].any()


def test_without_what_it_copies_the_copier_knows_nothing(of_copier) -> None:
    probes = [p for p in of_copier.probes if p.position < size(p) - 1]
    here = [np.arange(size(probe)) == probe.position for probe in probes]
    keeps = [np.stack([~row, row]) for row in here]
    without, alone = of_copier.prober.erased(probes, keeps).T
    assert without.max() < -3.0 and alone.min() > -0.01


def test_the_gradient_of_the_copier_is_where_it_copies_from(of_copier) -> None:
    _, integrated, _ = of_copier.prober.gradients(of_copier.probes)
    for row, probe in zip(integrated, of_copier.probes, strict=True):
        assert np.abs(row).argmax() == probe.position


def test_erasure_costs_the_deaf_nothing(deaf, lines) -> None:
    case = case_of(deaf, lines)
    sizes = [size(probe) for probe in case.probes]
    keeps = [np.stack([np.arange(n) == 0, np.zeros(n, bool)]) for n in sizes]
    found = case.prober.erased(case.probes, keeps)
    expected = np.stack([case.forced, case.forced], axis=1)
    np.testing.assert_allclose(found, expected, atol=1e-4)
