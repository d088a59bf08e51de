"""Location-sensitive attention."""

import numpy as np
import pytest

from attnmt.config import schema
from attnmt.errors import ConfigError
from attnmt.layers.attention import build_attention


def location(query, values, w, previous):
    """Chorowski et al. (2015), eq. 8 and 9, one number at a time."""
    real = len(values)
    previous = np.zeros(real) if previous is None else previous
    filters = w["filter_layer.kernel"][:, 0]  # [width, filters]
    half = len(filters) // 2
    scores = []
    for j, value in enumerate(values):
        f = np.zeros(filters.shape[1])
        for offset in range(-half, half + 1):
            if 0 <= j + offset < real:
                f += filters[offset + half] * previous[j + offset]
        inner = query @ w["query_layer.kernel"] + value @ w["key_layer.kernel"]
        inner = inner + f @ w["location_layer.kernel"] + w["key_layer.bias"]
        scores.append(np.tanh(inner) @ w["energy_layer.kernel"][:, 0])
    powers = np.exp(np.array(scores))
    return powers / powers.sum(), powers / powers.sum()


def build(**options):
    config = schema.Attention.model_validate({"type": "location", **options})
    return build_attention(config, 7)


@pytest.mark.parametrize("width", [1, 3, 9])
def test_weights_contexts_and_gradients_are_those_of_the_formula(check_formula, width):
    check_formula("location", location, units=4, filters=2, width=width)


@pytest.mark.parametrize("precision", ["float32", "float16", "bfloat16"])
def test_every_precision_gives_finite_float32_weights(check_precision, precision):
    check_precision("location", precision, units=4, filters=2, width=3)


@pytest.mark.parametrize(
    ("option", "value"),
    [("filters", 0), ("filters", 2.0), ("width", 4), ("width", -3), ("width", True)],
)
def test_an_option_that_is_no_odd_or_whole_number_is_refused(option, value):
    with pytest.raises(ConfigError, match=rf"^model\.attention\.{option}: expected a"):
        build(**{option: value})
