"""Which pieces of the model training reads, and where."""

import numpy as np
import pytest
import tensorflow as tf

from attnmt.config import schema
from attnmt.model import PAD, Seq2Seq, build_model
from attnmt.text.batches import Batch
from attnmt.training.scheduled_sampling import share_at, with_own_pieces
from attnmt.training.step import Trainer

SOURCES, TARGETS, BOS = 9, 7, 2
SOURCE = tf.constant([[4, 5, 3], [8, 3, PAD]])
TARGET_IN = tf.constant([[BOS, 4, 5, 6], [BOS, 6, PAD, PAD]])
TARGET_OUT = tf.constant([[4, 5, 6, 3], [6, 3, PAD, PAD]])
SEED = tf.constant([1, 2])


@pytest.fixture
def model() -> Seq2Seq:
    sizes = {
        "embeddings": {"size": 4},
        "encoder": {"units": 3},
        "decoder": {"units": 5},
    }
    config = schema.Model.model_validate(sizes | {"dropout": {"embedding": 0.5}})
    return build_model(config, SOURCES, TARGETS)


def sure_of(model: Seq2Seq, piece: int) -> None:
    """From now on the model draws nothing else."""
    bias = np.full(TARGETS, -100.0)
    bias[piece] = 100.0
    model.projection.bias.assign(bias)


def test_nothing_is_drawn_without_a_share(model):
    sure_of(model, 3)
    found = with_own_pieces(model, SOURCE, TARGET_IN, tf.constant(0.0), SEED)
    np.testing.assert_array_equal(found, TARGET_IN)


def test_all_but_the_beginning_and_the_padding_can_be_drawn(model):
    sure_of(model, 3)
    found = with_own_pieces(model, SOURCE, TARGET_IN, tf.constant(1.0), SEED)
    np.testing.assert_array_equal(found, [[BOS, 3, 3, 3], [BOS, 3, PAD, PAD]])


def test_a_position_reads_what_the_one_before_it_drew(model):
    """The first pass read the references, and each of its draws moves on by one."""
    attentional, _ = model(SOURCE, TARGET_IN)
    expected = np.asarray(tf.nn.softmax(model.logits(attentional)))
    many = [tf.repeat(ids, 400, axis=0) for ids in (SOURCE, TARGET_IN)]
    found = np.asarray(with_own_pieces(model, *many, tf.constant(1.0), SEED))
    shares = (found[..., None] == np.arange(TARGETS)).reshape(2, 400, 4, TARGETS)
    shares = shares.mean(axis=1)  # [sentence, target, piece]
    np.testing.assert_allclose(shares[0, 1:], expected[0, :3], atol=0.1)
    np.testing.assert_allclose(shares[1, 1], expected[1, 0], atol=0.1)


def test_as_many_are_drawn_as_asked_for(model):
    sure_of(model, 1)
    many = [tf.repeat(ids[:1], 1000, axis=0) for ids in (SOURCE, TARGET_IN)]
    found = np.asarray(with_own_pieces(model, *many, tf.constant(0.3), SEED))
    assert np.mean(found[:, 1:] == 1) == pytest.approx(0.3, abs=0.03)


def test_the_share_rises_evenly():
    options = schema.ScheduledSampling(share=0.4, warmup_steps=10)
    shares = [float(share_at(options, tf.constant(n))) for n in (0, 5, 10, 99)]
    assert shares == pytest.approx([0.0, 0.2, 0.4, 0.4])
    at_once = schema.ScheduledSampling(share=0.4)
    assert float(share_at(at_once, tf.constant(1))) == pytest.approx(0.4)


def loss_of(model: Seq2Seq, step: int, **options: float) -> float:
    training = schema.Training.model_validate({"scheduled_sampling": options})
    batch = Batch(*(x.numpy() for x in (SOURCE, TARGET_IN, TARGET_OUT)))
    found, _ = Trainer(model, training).update([batch], seed=1, step=step, rate=0.0)
    return float(found.loss)


def test_an_update_reads_them_once_the_warm_up_has_begun(model, eagerly):
    plain = loss_of(model, 6)
    assert loss_of(model, 6, share=0.9) != plain
    assert loss_of(model, 6, share=0.9) == loss_of(model, 6, share=0.9)
    assert loss_of(model, 0, share=0.9, warmup_steps=3) == loss_of(model, 0)
