"""Local attention, with a window that moves on by itself or is predicted."""

import math

import numpy as np
import pytest

from attnmt.config import schema
from attnmt.errors import ConfigError
from attnmt.layers.attention import build_attention
from attnmt.weights import named_weights

KINDS = pytest.mark.parametrize("kind", ["local_m", "local_p"])
WINDOW = 2


def align(query, values, w, centre, window=WINDOW):
    """Luong et al. (2015), eq. 7 over the real positions of [p - D, p + D]."""
    powers = np.zeros(len(values))
    for s, value in enumerate(values):
        if centre - window <= s <= centre + window:
            powers[s] = math.exp(query @ (w["key_layer.kernel"].T @ value))
    return powers / powers.sum()


def local_m(query, values, w, time):
    """Section 3.2, local-m: p = t, here at most the last source position."""
    time = time or 0
    return align(query, values, w, min(time, len(values) - 1), 1), time + 1


def local_p(query, values, w, state):
    """Section 3.2, eq. 9 and 10, with the row divided by its sum."""
    inner = np.tanh(w["centre_layer.kernel"].T @ query)
    p = len(values) / (1 + math.exp(-(w["share_layer.kernel"][:, 0] @ inner)))
    row = align(query, values, w, p)
    for s in range(len(values)):
        row[s] *= math.exp(-((s - p) ** 2) / (2 * (WINDOW / 2) ** 2))
    return row / row.sum(), None


def build(kind, **options):
    config = schema.Attention.model_validate({"type": kind, **options})
    return build_attention(config, 7)


def test_local_m_is_the_formula(check_formula):
    check_formula("local_m", local_m, window=1)


def test_local_p_is_the_formula(check_formula):
    check_formula("local_p", local_p, window=WINDOW)


@KINDS
@pytest.mark.parametrize("precision", ["float32", "float16", "bfloat16"])
def test_every_precision_gives_finite_float32_weights(check_precision, kind, precision):
    check_precision(kind, precision, window=1)


def test_local_p_tells_the_centre_of_the_formula(make_case):
    case = make_case("local_p", window=WINDOW)
    memory = case.attention.prepare(case.values, case.mask)
    found = case.attention.extras(case.query, memory, ())
    w = {name: np.asarray(v) for name, v in named_weights(case.attention).items()}
    inner = np.tanh(case.query @ w["centre_layer.kernel"])
    share = 1 / (1 + np.exp(-inner @ w["share_layer.kernel"][..., 0]))
    expected = case.mask.sum(axis=1)[:, None] * share
    assert list(found) == ["p_center"]
    np.testing.assert_allclose(found["p_center"], expected, atol=1e-5)


def test_local_m_tells_where_its_window_stands(make_case):
    case = make_case("local_m", window=1)  # sources of 3 and 5 tokens
    memory = case.attention.prepare(case.values, case.mask)
    found = case.attention.extras(case.query[:, :1], memory, np.float32([2, 3]))
    assert found["p_center"].numpy().tolist() == [[2], [3]]
    found = case.attention.extras(case.query[:, :1], memory, np.float32([7, 7]))
    assert found["p_center"].numpy().tolist() == [[2], [4]]


@KINDS
def test_what_is_outside_the_window_weighs_exactly_nothing(make_case, kind):
    case = make_case(kind, window=1)
    weights = case.read()[1]
    memory = case.attention.prepare(case.values, case.mask)
    state = case.attention.initial_state(memory)
    centres = np.asarray(case.attention.centres(case.query, memory, state))
    away = np.abs(np.arange(5) - centres[..., None])
    read = (away <= 1) & case.mask[:, None]
    assert 0 < read.sum() < case.mask.sum() * 3
    np.testing.assert_array_equal(weights > 0.0, read)


@KINDS
def test_nothing_outside_the_window_is_read(make_case, kind):
    case = make_case(kind, window=1)
    one = case._replace(query=case.query[:, :1])
    memory = case.attention.prepare(case.values, case.mask)
    state = case.attention.initial_state(memory)
    centres = np.asarray(case.attention.centres(one.query, memory, state))
    outside = np.abs(np.arange(5) - centres) > 1  # [batch, source]
    outside[:, [0, -1]] = False  # stand in for what lies beyond the source
    assert outside.any()
    poisoned = np.where(outside[..., None], np.nan, case.values)  # NaN times 0 is NaN
    for found, expected in zip(one.read(values=poisoned), one.read(), strict=True):
        np.testing.assert_array_equal(found, expected)


@KINDS
def test_a_saturated_centre_leaves_the_window_in_the_source(make_case, kind):
    case = make_case(kind, window=1)
    for end in (1e3, -1e3):
        for variable in case.attention.weights:
            if variable.shape == (7, 1):
                variable.assign(np.full((7, 1), end))
        weights = case.read(query=30.0 + case.query)[1]
        np.testing.assert_allclose(weights.sum(-1), 1.0, atol=1e-6)


@KINDS
@pytest.mark.parametrize("normaliser", ["sparsemax", "entmax15", "alpha_entmax"])
def test_sparse_normalisers_stay_in_the_window(make_case, kind, normaliser):
    case = make_case(kind, window=1, normaliser=normaliser)
    softmax = make_case(kind, window=1).read()[1]
    weights = case.read()[1]
    np.testing.assert_allclose(weights.sum(-1), 1.0, atol=1e-5)
    np.testing.assert_array_equal(weights[softmax == 0.0], 0.0)


@KINDS
@pytest.mark.parametrize("window", [0, -2, 1.5, "3", True])
def test_a_window_that_is_no_whole_number_is_refused(kind, window):
    with pytest.raises(ConfigError, match=r"^model\.attention\.window: expected a who"):
        build(kind, window=window)
