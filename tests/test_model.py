"""The whole model: the seven facts that training and search rest on."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from attnmt import checkpoint, search
from attnmt.config import schema
from attnmt.errors import ConfigError
from attnmt.model import Seq2Seq, build_model
from attnmt.text.batches import Batch
from attnmt.training.step import Trainer
from attnmt.weights import named_weights

PAD, UNK, BOS, EOS = 0, 1, 2, 3
SOURCES, TARGETS = 11, 13  # vocabularies
SOURCE = np.array([[4, 5, 6, 7, EOS], [8, 9, EOS, PAD, PAD]], np.int32)
TARGET_IN = np.array([[BOS, 4, 5], [BOS, 6, 7]], np.int32)

COVERAGE = '''
import keras
from keras import ops
from attnmt.layers.attention import AdditiveAttention


class Coverage(AdditiveAttention):
    """Reads with little pleasure what it has read already."""

    def initial_state(self, memory):
        return (ops.zeros_like(memory.mask, dtype="float32"),)

    def score(self, query, memory, state):
        scores = super().score(query, memory, state)
        return ops.subtract(scores, 3.0 * state[0][:, None])

    def next_state(self, state, weights):
        return (state[0] + ops.sum(weights, axis=1),)


class Private(AdditiveAttention):
    """Keeps a layer where none but itself should look."""

    def __init__(self, units):
        super().__init__(units)
        self._gate = keras.layers.Dense(1)

    def score(self, query, memory, state):
        return super().score(query, memory, state) * self._gate(query)
'''


@pytest.fixture(scope="session", autouse=True)
def exact_products() -> Iterator[None]:
    """No shortened factors on a GPU, so that two ways to one number agree."""
    before = tf.config.experimental.tensor_float_32_execution_enabled()
    tf.config.experimental.enable_tensor_float_32_execution(False)
    yield
    tf.config.experimental.enable_tensor_float_32_execution(before)


@pytest.fixture(scope="module", autouse=True)
def users_module(tmp_path_factory) -> Iterator[Path]:
    """A user's file with a mechanism, in the working directory of the module."""
    folder = tmp_path_factory.mktemp("user")
    (folder / "users_coverage.py").write_text(COVERAGE)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(sys, "path", [*sys.path])
        yield folder


def make_model(
    tie: str = "target_softmax",
    attention: str = "additive",
    style: str = "luong",
    input_feeding: bool = True,
    cell: str = "lstm",
    layers: int = 1,
    spread: float = 0.6,
    layer_norm: bool = False,
    transition_depth: int = 1,
    **drops: float,
) -> Seq2Seq:
    """A small model with weights of some size, so that nothing is nearly zero."""
    rates = {"embedding": 0.0, "recurrent": 0.0, "output": 0.0, "word": 0.0}
    encoder = {
        "cell": cell,
        "units": 5,
        "layers": layers,
        "layer_norm": layer_norm,
        "transition_depth": transition_depth,
    }
    config = schema.Model.model_validate(
        {
            "embeddings": {"size": 6, "tie": tie},
            "encoder": encoder,
            "decoder": encoder
            | {"units": 10, "style": style, "input_feeding": input_feeding},
            "attention": {"type": attention},
            "dropout": rates | drops,
        }
    )
    model = build_model(config, TARGETS if tie == "all" else SOURCES, TARGETS)
    draw = np.random.default_rng(5)
    for variable in model.weights:
        variable.assign(draw.normal(size=variable.shape) * spread)
    return model


COVERED = "users_coverage:Coverage"
KINDS: list[dict[str, Any]] = [
    {"tie": "none", "attention": "dot", "input_feeding": False},
    {"tie": "target_softmax", "style": "bahdanau", "cell": "gru", "layers": 2},
    {"tie": "all", "attention": "general", "layers": 2},
    {"tie": "target_softmax", "attention": COVERED, "input_feeding": False},
    {"layer_norm": True, "layers": 2},
    {"transition_depth": 2, "style": "bahdanau", "cell": "gru"},
    {"transition_depth": 3, "input_feeding": False},
    {"layer_norm": True, "cell": "gru", "input_feeding": False},
]


@pytest.fixture(scope="module", params=KINDS, ids=lambda kind: str([*kind.values()]))
def options(request, users_module) -> dict[str, Any]:
    """What `make_model` takes, for models that differ in everything."""
    return request.param


@pytest.fixture(scope="module")
def model(options) -> Seq2Seq:
    """A model that no test changes."""
    return make_model(**options)


def whole(model: Seq2Seq, source=SOURCE, target_in=TARGET_IN, seed=None):
    """Logits and weights of all positions, as in training."""
    attentional, weights = model(tf.constant(source), tf.constant(target_in), seed)
    return np.asarray(model.logits(attentional)), np.asarray(weights)


def test_step_by_step_is_the_whole_sequence(model):
    encoded = model.encode(tf.constant(SOURCE))
    state, outputs = model.start(encoded), []
    for token in TARGET_IN.T:
        logits, seen, state = model.step(tf.constant(token), state, encoded.memory)
        outputs.append((logits, seen.weights))
    steps = [np.stack(part, axis=1) for part in zip(*outputs, strict=True)]
    for found, expected in zip(steps, whole(model), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-5)


def test_more_padding_changes_nothing(model):
    logits, weights = whole(model)
    more = whole(model, np.pad(SOURCE, [(0, 0), (0, 3)]))
    np.testing.assert_allclose(more[0], logits, atol=1e-5)
    np.testing.assert_allclose(more[1][..., :5], weights, atol=1e-5)
    alone = whole(model, SOURCE[1:, :3], TARGET_IN[1:])
    np.testing.assert_allclose(alone[0], logits[1:], atol=1e-5)
    np.testing.assert_allclose(alone[1], weights[1:, :, :3], atol=1e-5)


def test_padding_gets_no_weight_and_rows_sum_to_one(model):
    _, weights = whole(model)
    np.testing.assert_allclose(weights.sum(-1), 1.0, atol=1e-6)
    assert (weights[1, :, 3:] == 0.0).all()
    assert (weights[1, :, :3] > 0.0).all()


def test_gradients_reach_every_variable(model):
    with tf.GradientTape() as tape:
        attentional, _ = model(tf.constant(SOURCE), tf.constant(TARGET_IN))
        loss = tf.reduce_sum(model.logits(attentional) ** 2)
    variables = {name: v.value for name, v in named_weights(model).items()}
    assert len(variables) == len(model.trainable_variables)
    for name, gradient in tape.gradient(loss, variables).items():
        assert gradient is not None, name
        assert np.abs(np.asarray(gradient)).max() > 1e-6, name


def test_a_model_is_what_its_checkpoint_holds(tmp_path, model, options):
    other = make_model(**options, spread=0.1)
    arrays = {name: np.asarray(v) for name, v in named_weights(model).items()}
    state = checkpoint.State(step=4)
    file = checkpoint.save(tmp_path, arrays, {}, state) / checkpoint.WEIGHTS
    assert not np.allclose(whole(other)[0], whole(model)[0])
    checkpoint.assign(named_weights(other), checkpoint.load_arrays(file), file)
    for found, expected in zip(whole(other), whole(model), strict=True):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.filterwarnings("error")
def test_making_a_model_warns_of_nothing(options):
    make_model(**options)


def test_names_of_saved_tensors_stay_what_they_are():
    model = make_model(layers=2)
    shapes = {name: tuple(v.shape) for name, v in named_weights(model).items()}
    assert shapes == {
        "decoder.attention.energy_layer.kernel": (10, 1),
        "decoder.attention.key_layer.bias": (10,),
        "decoder.attention.key_layer.kernel": (10, 10),
        "decoder.attention.query_layer.kernel": (10, 10),
        "decoder.bridge.bias": (40,),
        "decoder.bridge.kernel": (10, 40),
        "decoder.cells.0.bias": (40,),
        "decoder.cells.0.kernel": (6, 40),
        "decoder.cells.0.recurrent_kernel": (10, 40),
        "decoder.cells.1.bias": (40,),
        "decoder.cells.1.kernel": (10, 40),
        "decoder.cells.1.recurrent_kernel": (10, 40),
        "decoder.combine.bias": (6,),
        "decoder.combine.kernel": (20, 6),
        "decoder.feed.kernel": (6, 40),
        "encoder.backward_cells.0.bias": (20,),
        "encoder.backward_cells.0.kernel": (6, 20),
        "encoder.backward_cells.0.recurrent_kernel": (5, 20),
        "encoder.backward_cells.1.bias": (20,),
        "encoder.backward_cells.1.kernel": (10, 20),
        "encoder.backward_cells.1.recurrent_kernel": (5, 20),
        "encoder.forward_cells.0.bias": (20,),
        "encoder.forward_cells.0.kernel": (6, 20),
        "encoder.forward_cells.0.recurrent_kernel": (5, 20),
        "encoder.forward_cells.1.bias": (20,),
        "encoder.forward_cells.1.kernel": (10, 20),
        "encoder.forward_cells.1.recurrent_kernel": (5, 20),
        "projection.bias": (13,),
        "source_embedding.table": (11, 6),
        "target_embedding.table": (13, 6),
    }


@pytest.mark.parametrize(
    ("tie", "matrices"),
    [
        (
            "none",
            ["projection.kernel", "source_embedding.table", "target_embedding.table"],
        ),
        ("target_softmax", ["source_embedding.table", "target_embedding.table"]),
        ("all", ["source_embedding.table"]),
    ],
)
def test_tied_matrices_are_one_variable(tie, matrices):
    model = make_model(tie)
    weights = named_weights(model)
    assert [
        n for n in weights if n.endswith(("table", "projection.kernel"))
    ] == matrices
    assert (model.source_embedding is model.target_embedding) == (tie == "all")
    table, before = model.target_embedding.table, whole(model)[0]
    change = np.zeros(table.shape, np.float32)
    change[TARGETS - 1] = 1.0  # a piece that no input has
    table.assign(np.asarray(table) + change)
    changed = np.abs(whole(model)[0] - before).max(axis=(0, 1)) > 1e-4
    assert changed.tolist() == [False] * (TARGETS - 1) + [tie != "none"]


def test_weights_that_no_checkpoint_would_hold_are_refused():
    with pytest.raises(ConfigError, match="no checkpoint finds them: .*dense.*/kernel"):
        named_weights(make_model(attention="users_coverage:Private"))


@pytest.mark.parametrize("variational", [False, True])
@pytest.mark.parametrize("place", ["embedding", "recurrent", "output", "word"])
def test_dropout_is_a_function_of_the_seed(place, variational):
    model = make_model(layers=2, variational=variational, **{place: 0.5})
    one = whole(model, seed=tf.constant([1, 7]))[0]
    again = whole(model, seed=tf.constant([1, 7]))[0]
    other = whole(model, seed=tf.constant([1, 8]))[0]
    np.testing.assert_array_equal(one, again)
    assert not np.allclose(one, other)
    assert not np.allclose(one, whole(model)[0])


@pytest.mark.parametrize("place", ["embedding", "output"])
def test_variational_dropout_leaves_out_the_same_numbers_at_all_times(place):
    """Constant vectors go in, so that what comes out tells what was left out."""
    model = make_model(variational=True, **{place: 0.5})
    seed, ids = tf.constant([1, 7]), tf.constant(TARGET_IN)
    if place == "embedding":
        model.target_embedding.table.assign(tf.ones((TARGETS, 6)))
        seen = model._embed(model.target_embedding, ids, seed)
    else:
        seen = model(tf.constant(SOURCE), ids, seed)[0]
    dropped = np.asarray(seen) == 0.0  # [batch, target, size]
    np.testing.assert_array_equal(dropped.min(1), dropped.max(1))
    assert 0 < dropped.mean() < 1 and (dropped[0] != dropped[1]).any()


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_half_precision_serves_training_and_search(precision):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        model = make_model(attention="users_coverage:Coverage", spread=0.3)
    finally:
        keras.config.set_dtype_policy(before)
    logits, weights = whole(model)
    assert logits.dtype == weights.dtype == np.float32
    np.testing.assert_allclose(weights.sum(-1), 1.0, atol=1e-6)
    encoded = model.encode(tf.constant(SOURCE))
    assert encoded.memory.values.dtype == precision.removeprefix("mixed_")
    start = model.start(encoded)
    token = tf.constant(TARGET_IN[:, 0])
    first, seen, _ = model.step(token, start, encoded.memory)
    np.testing.assert_allclose(first, logits[:, 0], atol=0.02)
    np.testing.assert_allclose(seen.weights, weights[:, 0], atol=0.02)


def decode(
    model: Seq2Seq, source: np.ndarray, beam: int, n_best: int = 1, longest: int = 7
) -> tuple[search.Trace, list[list[search.Hypothesis]]]:
    """The best hypotheses of every sentence, as a translator finds them."""
    encoded = model.encode(tf.constant(source))
    trace = search.search(
        model.step,
        model.start(encoded),
        encoded.memory,
        tf.fill([len(source)], longest),
        beam_size=beam,
        begin=BOS,
        end=EOS,
        never=(PAD, BOS),
    )
    trace = tf.nest.map_structure(np.asarray, trace)
    lengths = (source != PAD).sum(axis=1)
    found = [
        search.hypotheses(
            trace,
            i,
            source_length=length,
            max_length=longest,
            end=EOS,
            n_best=n_best,
        )
        for i, length in enumerate(lengths)
    ]
    return trace, found


def assert_forced_decoding_agrees(
    model: Seq2Seq, source: np.ndarray, hypothesis: search.Hypothesis
) -> None:
    """The hypothesis' numbers are those of its pieces, read one after the other."""
    target_in = np.array([[BOS, *hypothesis.tokens[:-1]]], np.int32)
    logits, weights = whole(model, source, target_in)
    log_probs = np.asarray(tf.nn.log_softmax(logits))[0]
    expected = log_probs[np.arange(len(log_probs)), hypothesis.tokens]
    np.testing.assert_allclose(hypothesis.log_probs, expected, atol=1e-4)
    np.testing.assert_allclose(hypothesis.weights, weights[0], atol=1e-5)


def test_every_hypothesis_of_a_beam_has_the_weights_of_its_own_path(model):
    trace, found = decode(model, SOURCE, beam=4, n_best=4, longest=5)
    slots = np.arange(4)
    assert (trace.parents != slots)[trace.log_probs > search.NEVER].any()
    assert all(len({tuple(h.tokens) for h in best}) == 4 for best in found)
    for i, length in enumerate((5, 3)):
        for hypothesis in found[i]:
            source = SOURCE[i : i + 1, :length]
            assert_forced_decoding_agrees(model, source, hypothesis)


LESSONS = [
    ([4, 5, 6, EOS], [7, 6, 5, 4, EOS]),
    ([6, 4, EOS], [4, 6, EOS]),
    ([9, 8, 5, 4, 6, EOS], [6, 4, 9, 11, EOS]),
]


def padded(rows: list[list[int]]) -> np.ndarray:
    width = max(map(len, rows))
    return np.array([row + [PAD] * (width - len(row)) for row in rows], np.int32)


@pytest.fixture(scope="module")
def taught() -> Seq2Seq:
    """A model that knows three translations by heart."""
    model = make_model(attention=COVERED, spread=0.3)
    config = schema.Training(label_smoothing=0.0)
    trainer = Trainer(model, config)
    sources, targets = [list(side) for side in zip(*LESSONS, strict=True)]
    batch = Batch(
        padded(sources), padded([[BOS, *t[:-1]] for t in targets]), padded(targets)
    )
    for step in range(200):
        total, _ = trainer.update([batch], 1, step, 0.02)
        if total.loss < 0.02 * total.tokens:
            break
    return model


@pytest.mark.slow
@pytest.mark.parametrize("beam", [1, 3])
def test_search_gives_back_what_was_learnt_by_heart_with_its_weights(taught, beam):
    _, found = decode(taught, padded([s for s, _ in LESSONS]), beam)
    for (source, target), [best] in zip(LESSONS, found, strict=True):
        assert best.tokens.tolist() == target
        assert best.finished
        assert_forced_decoding_agrees(taught, np.array([source]), best)
