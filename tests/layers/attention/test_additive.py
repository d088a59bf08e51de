"""Additive attention: normed, and the two names of the plain one."""

import numpy as np
import pytest

from attnmt.config import schema
from attnmt.layers.attention import MECHANISMS, build_attention


def softmax(scores: list[float]) -> np.ndarray:
    powers = np.exp(np.array(scores) - max(scores))
    return powers / powers.sum()


def concat(query, values, w, state):
    """Luong et al. (2015), eq. 8: v . tanh(W [h_t; h_s]), with a bias."""
    both = np.concatenate([w["query_layer.kernel"], w["key_layer.kernel"]]).T
    bias, v = w["key_layer.bias"], w["energy_layer.kernel"][:, 0]
    joined = [np.concatenate([query, value]) for value in values]
    return softmax([v @ np.tanh(both @ one + bias) for one in joined]), None


def normed(query, values, w, state):
    """Salimans & Kingma (2016), eq. 2, of v: g v / |v| . tanh(W q + U k + b)."""
    v = w["energy_layer.kernel"][:, 0]
    v = w["scale"] * v / sum(x * x for x in v) ** 0.5
    from_query = query @ w["query_layer.kernel"]
    inner = [from_query + k @ w["key_layer.kernel"] for k in values]
    return softmax([v @ np.tanh(x + w["key_layer.bias"]) for x in inner]), None


@pytest.mark.parametrize(
    ("kind", "row"),
    [("concat", concat), ("additive", concat), ("additive_normed", normed)],
)
def test_weights_contexts_and_gradients_are_those_of_the_formula(
    check_formula, kind, row
):
    check_formula(kind, row, units=4)


@pytest.mark.parametrize("precision", ["float32", "float16", "bfloat16"])
def test_every_precision_gives_finite_float32_weights(check_precision, precision):
    check_precision("additive_normed", precision, units=4)


def test_concat_is_another_name_of_additive():
    assert MECHANISMS["concat"] is MECHANISMS["additive"]


def test_the_length_of_v_begins_as_one_over_the_root_of_units():
    config = schema.Attention.model_validate({"type": "additive_normed", "units": 16})
    attention = build_attention(config, 7)
    np.testing.assert_allclose(attention.weights[0], 0.25, rtol=1e-6)
