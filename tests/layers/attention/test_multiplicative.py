"""Scaled general attention."""

import numpy as np
import pytest

from attnmt.config import schema
from attnmt.layers.attention import build_attention


def scaled_general(query, values, w, state):
    """tensorflow/nmt, scaled_luong: g (h_t . W h_s), Luong et al. (2015), eq. 8."""
    matrix = w["key_layer.kernel"].T
    scores = np.array([w["scale"] * (query @ matrix @ value) for value in values])
    powers = np.exp(scores - scores.max())
    return powers / powers.sum(), None


def test_weights_contexts_and_gradients_are_those_of_the_formula(check_formula):
    check_formula("scaled_general", scaled_general)


@pytest.mark.parametrize("precision", ["float32", "float16", "bfloat16"])
def test_every_precision_gives_finite_float32_weights(check_precision, precision):
    check_precision("scaled_general", precision)


def test_the_scale_begins_as_one():
    config = schema.Attention.model_validate({"type": "scaled_general"})
    np.testing.assert_array_equal(build_attention(config, 7).weights[0], 1.0)
