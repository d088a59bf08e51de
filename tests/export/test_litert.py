"""Whatever the attention is, LiteRT searches as TensorFlow does."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from attnmt import search
from attnmt.config import schema
from attnmt.errors import AttnmtError
from attnmt.export.litert import Precision, has_fixed_sizes, write_litert
from attnmt.exported import STEP
from attnmt.layers.attention import COVERAGES, MECHANISMS, NORMALISERS
from attnmt.layers.attention.additive import AdditiveAttention
from attnmt.litert_search import Searcher
from attnmt.model import Seq2Seq, build_model
from attnmt.translator import RULES

BEAM, VOCABULARY = 3, 11
SOURCE = np.array([[4, 5, 6, 7, 3], [8, 4, 3, 0, 0]], np.int32)
LIMITS = np.array([6, 4], np.int32)
OPTIONS: dict[str, dict[str, Any]] = {  # small enough to matter for five positions
    "linformer": {"slots": 3},
    "local_m": {"window": 1},
    "local_p": {"window": 2},
    "location": {"width": 3, "filters": 2},
    "mocha": {"chunk": 2},
    "performer": {"features": 16},
}
CASES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    *(({"type": name} | OPTIONS.get(name, {}), {}) for name in MECHANISMS),
    *(({"type": "general", "normaliser": name}, {}) for name in NORMALISERS),
    *(({"type": "additive", "coverage": name}, {}) for name in COVERAGES),
    ({"type": "scaled_dot", "heads": 2}, {}),
    ({"type": "additive", "heads": 2, "coverage": "gated"}, {"copy_source": True}),
    ({"type": "additive"}, {"lexical": True}),
    ({"type": "general"}, {"style": "bahdanau"}),
    ({"type": "general"}, {"layer_norm": True, "transition_depth": 2}),
    ({"type": "general"}, {"style": "gnmt_v2", "layers": 2, "cell": "gru"}),
]


def network_of(attention: dict[str, Any], decoder: dict[str, Any]) -> Seq2Seq:
    """A small model with random weights of some size; no two sizes are equal."""
    units = 14 if attention["type"] in ("dot", "scaled_dot", "cosine") else 6
    network = build_model(
        schema.Model.model_validate(
            {
                "embeddings": {"size": 5, "tie": "none"},
                "encoder": {"cell": "gru", "units": 7},
                "decoder": {"units": units, **decoder},
                "attention": attention,
            }
        ),
        VOCABULARY,
        VOCABULARY,
    )
    draw = np.random.default_rng(5)
    for variable in network.trainable_weights:
        variable.assign_add(draw.normal(size=variable.shape) * 0.4)
    return network


def searched(network: Seq2Seq) -> search.Trace:
    """What TensorFlow finds."""
    encoded = network.encode(tf.constant(SOURCE))
    trace = search.search(
        lambda token, state, read: network.step(token, state, *read),
        network.start(encoded),
        (encoded.memory, tf.constant(SOURCE)),
        tf.constant(LIMITS),
        beam_size=BEAM,
        **RULES._asdict(),
    )
    return tf.nest.map_structure(np.asarray, trace)


@pytest.mark.parametrize(
    ("attention", "expected"),
    [({"type": "additive"}, True), ({"type": "local_m", "window": 1}, False)],
    ids=str,
)
def test_sizes_that_follow_from_no_input_are_found(
    tmp_path: Path, attention: dict[str, Any], expected: bool
) -> None:
    write_litert(network_of(attention, {}), "float32", tmp_path)
    assert has_fixed_sizes(tmp_path / STEP) == expected


def test_other_sizes_in_between_change_nothing(tmp_path: Path) -> None:
    write_litert(network_of({"type": "general"}, {}), "float32", tmp_path)
    assert has_fixed_sizes(tmp_path / STEP)
    searcher = Searcher(tmp_path, xnnpack=True)
    how = {"n_best": BEAM, "alpha": 1.0}
    first = searcher.search(SOURCE, LIMITS, BEAM, **how)
    for sentences, source in ((1, 2), (7, 9), (1, 5), (3, 1)):
        ids = np.full((sentences, source), 4, np.int32)
        limits = np.arange(1, sentences + 1, dtype=np.int32)
        searcher.search(ids, limits, BEAM + 1, **how)
    again = searcher.search(SOURCE, LIMITS, BEAM, **how)
    for one, two in zip(tf.nest.flatten(first), tf.nest.flatten(again), strict=True):
        np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("precision", ["float32", "float16", "int8"])
@pytest.mark.parametrize("decoder", [{}, {"lexical": True}], ids=str)
def test_rows_of_the_output_layer_are_those_of_the_whole(
    tmp_path: Path, precision: Precision, decoder: dict[str, Any]
) -> None:
    network = network_of({"type": "general"}, decoder)
    write_litert(network, precision, tmp_path)
    searcher = Searcher(tmp_path)
    matrix, bias = (x.numpy() for x in network.output_weights)
    error = 0.02 if precision == "int8" else 2e-3 if precision == "float16" else 1e-6
    pieces = np.array([1, 2, 5, 10])
    vectors = np.random.default_rng(3).normal(size=(4, matrix.shape[1]))
    found = searcher._among(pieces)(vectors.astype(np.float32))
    expected = vectors @ matrix[pieces].T + bias[pieces]
    np.testing.assert_allclose(found, expected, atol=error * np.abs(expected).max())


@pytest.mark.slow
@pytest.mark.parametrize(("attention", "decoder"), CASES, ids=str)
def test_every_attention_that_is_built_in_is_searched_alike(
    attention: dict[str, Any], decoder: dict[str, Any], tmp_path: Path
) -> None:
    check(network_of(attention, decoder), tmp_path)


@pytest.mark.slow
def test_an_attention_of_a_user_is_searched_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(Path(__file__).parents[1] / "e2e")
    check(network_of({"type": "my_attention:ReadSoFar"}, {}), tmp_path)


def check(network: Seq2Seq, folder: Path) -> None:
    write_litert(network, "float32", folder)
    found = Searcher(folder, has_fixed_sizes(folder / STEP)).search(
        SOURCE, LIMITS, BEAM, n_best=BEAM, alpha=1.0
    )
    expected = searched(network)
    there = expected.log_probs > search.NEVER
    assert there.sum() > BEAM
    for name in ("tokens", "parents"):
        alike = getattr(found, name) == getattr(expected, name)
        assert alike[there].all(), name
    tf.nest.map_structure(
        lambda x, y: np.testing.assert_allclose(x, y, atol=1e-4),
        (found.log_probs[there], found.seen),
        (expected.log_probs[there], expected.seen),
    )


def test_an_operation_that_litert_lacks_is_named(tmp_path: Path) -> None:
    class Unusual(AdditiveAttention):
        def score(self, query, memory, state):
            return tf.math.bessel_i0e(super().score(query, memory, state))

    network = network_of({"type": "additive"}, {})
    network.decoder.attention = Unusual(6)
    with pytest.raises(
        AttnmtError, match="LiteRT lacks BesselI0e.*attention is Unusual"
    ):
        write_litert(network, "float32", tmp_path)
