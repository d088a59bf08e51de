"""Gaussian mixture attention."""

import math

import numpy as np
import pytest

from attnmt.config import schema
from attnmt.errors import ConfigError
from attnmt.layers.attention import build_attention

K = 3


def mixture(query, values, w, kappa):
    """Graves (2013), eq. 46 to 51, with the row divided by its sum."""
    kappa = np.zeros(K) if kappa is None else kappa
    hats = query @ w["mixture_layer.kernel"] + w["mixture_layer.bias"]
    alpha, beta = np.exp(hats[:K]), np.exp(hats[K : 2 * K])
    kappa = kappa + np.exp(hats[2 * K :])
    phi = np.zeros(len(values))
    for u in range(1, len(values) + 1):
        for k in range(K):
            phi[u - 1] += alpha[k] * math.exp(-beta[k] * (kappa[k] - u) ** 2)
    return phi / phi.sum(), kappa


def build(**options):
    config = schema.Attention.model_validate({"type": "gmm", **options})
    return build_attention(config, 7)


def test_weights_contexts_and_gradients_are_those_of_the_formula(check_formula):
    check_formula("gmm", mixture, components=K)


@pytest.mark.parametrize("precision", ["float32", "float16", "bfloat16"])
def test_every_precision_gives_finite_float32_weights(check_precision, precision):
    check_precision("gmm", precision, components=K)


def test_a_mixture_past_the_end_reads_the_last_token(make_case):
    case = make_case("gmm", components=K)
    for variable in case.attention.weights:
        variable.assign(np.zeros(variable.shape))
    memory = case.attention.prepare(case.values, case.mask)
    state = np.full((2, K), 5000.0, np.float32)  # where a plain exp gives zeros
    _, weights, _ = case.attention(case.query[:, :1], memory, state)
    np.testing.assert_array_equal(weights[:, 0], [[0, 0, 1, 0, 0], [0, 0, 0, 0, 1]])


def test_it_tells_the_centres_that_it_carries_on_counted_from_zero(make_case):
    case = make_case("gmm", components=K)
    memory = case.attention.prepare(case.values, case.mask)
    query, state = case.query[:, :1], case.attention.initial_state(memory)
    found = case.attention.extras(query, memory, state)
    _, _, carried = case.attention(query, memory, state)
    assert list(found) == ["p_centers"] and found["p_centers"].shape == (2, 1, K)
    np.testing.assert_allclose(found["p_centers"][:, 0], carried - 1.0, atol=1e-6)


def test_untrained_it_steps_one_token_at_a_time(make_case):
    case = make_case("gmm", components=K)
    for variable in case.attention.weights:
        variable.assign(np.zeros(variable.shape))
    assert case.read()[1].argmax(-1).tolist() == [[0, 1, 2], [0, 1, 2]]


@pytest.mark.parametrize("components", [0, 2.0, "3", True])
def test_components_that_are_no_whole_number_are_refused(components):
    with pytest.raises(ConfigError, match=r"^model\.attention\.components: expected a"):
        build(components=components)
