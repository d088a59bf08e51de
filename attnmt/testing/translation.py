"""A mechanism inside a small translation model: training and search see the same."""

from collections.abc import Iterator

import numpy as np
import tensorflow as tf

from attnmt import search
from attnmt.config import schema
from attnmt.model import PAD, Seq2Seq
from attnmt.testing.case import Factory, promise_equal, shake

BOS, EOS = 2, 3
VOCABULARY, BEAM, LONGEST = 9, 3, 4
SOURCE = np.array([[4, 5, 6, 7, EOS], [8, 4, EOS, PAD, PAD]], np.int32)
LENGTHS = (5, 3)


def check_search(factory: Factory, query_depth: int, value_depth: int) -> None:
    """The weights of every hypothesis of a beam are those of force-decoding it."""
    model = small_model(factory, query_depth, value_depth)
    for source, hypotheses in zip(SOURCE, decode(model), strict=True):
        forced = force(model, source, hypotheses)
        for hypothesis, (seen, log_probs) in zip(hypotheses, forced, strict=True):
            for name, found, expected in (
                ("weights", hypothesis.weights, seen.weights),
                ("extras", hypothesis.extras, seen.extras),
                ("probabilities", hypothesis.log_probs, log_probs),
            ):
                promised = (
                    f"the {name} of a hypothesis from beam search are those of "
                    "force-decoding it"
                )
                promise_equal(found, expected, promised, 1e-4)


def force(
    model: Seq2Seq, source: np.ndarray, hypotheses: list[search.Hypothesis]
) -> Iterator[tuple[search.Seen, np.ndarray]]:
    """What was seen, in NumPy, and log-probabilities of given hypotheses of a source.

    As in training, but the source stands alone, without the padding of the search.
    """
    source = source[source != PAD]
    target = np.full((len(hypotheses), LONGEST), PAD, np.int32)
    for row, hypothesis in zip(target, hypotheses, strict=True):
        row[: len(hypothesis.tokens)] = hypothesis.tokens
    begin = np.full_like(target[:, :1], BOS)
    target_in = np.concatenate([begin, target[:, :-1]], axis=1)
    sources = np.repeat(source[None], len(hypotheses), axis=0)
    attentional, seen = model.read(tf.constant(sources), tf.constant(target_in))
    log_probs = np.asarray(tf.nn.log_softmax(model.logits(attentional)))
    chosen = np.take_along_axis(log_probs, target[..., None], axis=2)[..., 0]
    weights = np.moveaxis(seen.weights, -2, 1)  # [batch, target, ..., source]
    for i, hypothesis in enumerate(hypotheses):
        length = len(hypothesis.tokens)
        extras = {name: np.asarray(x)[i, :length] for name, x in seen.extras.items()}
        yield search.Seen(weights[i, :length], extras), chosen[i, :length]


def small_model(factory: Factory, query_depth: int, value_depth: int) -> Seq2Seq:
    """A model with that mechanism and random weights of some size."""
    config = schema.Model.model_validate(
        {
            "embeddings": {"size": 5, "tie": "none"},
            "encoder": {"cell": "gru", "units": value_depth, "bidirectional": False},
            "decoder": {"cell": "gru", "units": query_depth, "input_feeding": False},
        }
    )
    model = Seq2Seq(config, VOCABULARY, VOCABULARY)
    model.decoder.attention = factory(query_depth)
    model.logits(model(tf.constant(SOURCE), tf.constant(SOURCE))[0])
    draw = np.random.default_rng(13)
    own = {id(variable) for variable in model.decoder.attention.weights}
    for variable in model.weights:
        if id(variable) not in own:
            variable.assign(draw.normal(size=variable.shape) * 0.8)
    shake(model.decoder.attention)
    return model


def decode(model: Seq2Seq) -> list[list[search.Hypothesis]]:
    """All hypotheses that beam search finds, for each sentence of the padded batch."""
    encoded = model.encode(tf.constant(SOURCE))
    trace = search.search(
        model.step,
        model.start(encoded),
        encoded.memory,
        tf.fill([len(SOURCE)], LONGEST),
        beam_size=BEAM,
        begin=BOS,
        end=EOS,
        never=(PAD, BOS),
    )
    trace = tf.nest.map_structure(np.asarray, trace)
    slots = model.decoder.attention.align_kind == "slot"
    return [
        search.hypotheses(
            trace,
            sentence,
            source_length=None if slots else length,
            max_length=LONGEST,
            end=EOS,
            n_best=BEAM,
        )
        for sentence, length in enumerate(LENGTHS)
    ]
