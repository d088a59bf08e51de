"""Cosine attention."""

import math

import numpy as np
import pytest

from attnmt.config import schema
from attnmt.errors import ConfigError
from attnmt.layers.attention import build_attention


def cosine(query, values, w, state):
    """Graves et al. (2014), eq. 5 and 6: exp(b cos(u, v)) over its sum."""
    keys = [w["key_layer.kernel"].T @ value for value in values]
    strength = math.exp(w["log_strength"])
    powers = [
        math.exp(strength * (query @ key) / math.hypot(*query) / math.hypot(*key))
        for key in keys
    ]
    return np.array(powers) / sum(powers), None


def build(**options):
    config = schema.Attention.model_validate({"type": "cosine", **options})
    return build_attention(config, 7)


def test_weights_contexts_and_gradients_are_those_of_the_formula(check_formula):
    check_formula("cosine", cosine)


@pytest.mark.parametrize("precision", ["float32", "float16", "bfloat16"])
def test_every_precision_gives_finite_float32_weights(check_precision, precision):
    check_precision("cosine", precision)


def test_the_length_of_query_and_values_does_not_matter(make_case):
    case = make_case("cosine")
    longer = case.read(query=900.0 * case.query, values=0.01 * case.values)
    np.testing.assert_allclose(longer[1], case.read()[1], atol=1e-5)


def test_vectors_of_zeros_read_everything_alike(make_case):
    case = make_case("cosine")
    _, weights = case.read(query=0.0 * case.query, values=0.0 * case.values)
    np.testing.assert_allclose(weights[1], 0.2, atol=1e-6)


def test_the_strength_begins_as_the_option_says():
    assert math.isclose(math.exp(build(strength=3).weights[0]), 3.0, rel_tol=1e-6)


@pytest.mark.parametrize("strength", [0, -1.0, math.inf, math.nan, "3", True])
def test_a_strength_that_is_not_above_zero_is_refused(strength):
    with pytest.raises(ConfigError, match=r"^model\.attention\.strength: expected a"):
        build(strength=strength)
