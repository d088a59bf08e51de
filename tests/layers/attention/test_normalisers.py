"""A normaliser is named in the configuration; a temperature goes with each."""

import sys

import numpy as np
import pytest
import tensorflow as tf

from attnmt.config import schema
from attnmt.errors import ConfigError
from attnmt.layers.attention import (
    NORMALISERS,
    AlphaEntmax,
    Attention,
    Entmax15,
    Softmax,
    Sparsemax,
    build_attention,
)
from attnmt.weights import named_weights

SCORES = np.random.default_rng(4).normal(size=(2, 3, 5)).astype(np.float32)
MASK = np.arange(5) < np.array([[3], [5]])  # [2, 5]


def build(**options: object) -> Attention:
    config = schema.Attention.model_validate({"type": "general", **options})
    return build_attention(config, query_depth=7)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("softmax", Softmax),
        ("sparsemax", Sparsemax),
        ("entmax15", Entmax15),
        ("alpha_entmax", AlphaEntmax),
    ],
)
def test_short_names_name_the_built_in_normalisers(name, kind):
    assert type(build(normaliser=name).normaliser) is kind
    assert NORMALISERS[name] is kind


@pytest.mark.parametrize("normaliser", NORMALISERS)
def test_scores_are_divided_by_the_temperature(normaliser):
    warm = build(normaliser=normaliser, temperature=2.5)
    plain = build(normaliser=normaliser)
    found = np.asarray(warm.normalise(SCORES, MASK[:, None]))
    expected = np.asarray(plain.normalise(SCORES / 2.5, MASK[:, None]))
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert np.abs(found - plain.normalise(SCORES, MASK[:, None])).max() > 0.01


def test_a_learned_alpha_is_in_the_checkpoint():
    assert "normaliser.alpha_logit" in named_weights(build(normaliser="alpha_entmax"))


@pytest.fixture
def users_file(tmp_path, monkeypatch):
    """A working directory with a user's normaliser, which is not on sys.path."""
    (tmp_path / "users_normaliser.py").write_text(
        "from keras import ops\n"
        "from attnmt.layers.attention import Normaliser\n"
        "class Uniform(Normaliser):\n"
        "    def call(self, scores, mask):\n"
        "        real = ops.broadcast_to(mask, ops.shape(scores))\n"
        "        real = ops.cast(real, 'float32')\n"
        "        return ops.divide_no_nan(real, ops.sum(real, -1, keepdims=True))\n"
        "class Other: pass\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [p for p in sys.path if p])
    monkeypatch.delitem(sys.modules, "users_normaliser", raising=False)


def test_an_import_path_names_a_users_normaliser(users_file):
    attention = build(normaliser="users_normaliser:Uniform")
    expected = MASK / MASK.sum(axis=1, keepdims=True)
    for target in range(3):
        weights = np.asarray(attention.normalise(SCORES, MASK[:, None]))[:, target]
        np.testing.assert_allclose(weights, expected, atol=1e-7)


@pytest.mark.parametrize("name", ["sparsmax", "users_normaliser:Other"])
def test_what_is_no_normaliser_is_a_configuration_error(users_file, name):
    with pytest.raises(ConfigError, match="^model.attention.normaliser: expected "):
        build(normaliser=name)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("precision", ["mixed_float16", "mixed_bfloat16"])
def test_alpha_is_not_rounded_by_mixed_precision(policy, precision):
    policy(precision)
    attention = build(normaliser="alpha_entmax")
    values = np.random.default_rng(5).normal(size=(2, 5, 4))
    query = np.random.default_rng(6).normal(size=(2, 3, 7))
    values, query = (tf.cast(x, attention.compute_dtype) for x in (values, query))
    attention.normaliser.alpha_logit.assign(0.123456)  # type: ignore
    memory = attention.prepare(values, tf.constant(MASK))
    _, weights, _ = attention(query, memory)
    np.testing.assert_allclose(np.sum(weights, axis=-1), 1.0, atol=2e-6)
    assert attention.normaliser.alpha_logit.dtype == "float32"  # type: ignore
