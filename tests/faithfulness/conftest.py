"""Models of which it is known whether their attention matters."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from letters import LETTERS, Letters

from attnmt.analysis.faithfulness.report import Report
from attnmt.config import schema
from attnmt.faithfulness.measure import measure
from attnmt.layers.attention import Attention, Memory, State, Tensor
from attnmt.model import Seq2Seq, build_model
from attnmt.translator import Translator

LINES = ["a b c d e", "h b", "c f e d b a", "e f g", "g a h d c f b"]
PAIRS = [(line, line) for line in LINES]


def translator_of(network: Seq2Seq) -> Translator:
    tokenizers: Any = (Letters(), Letters())
    decoding = schema.Decoding(beam_size=2, batch_size=3, max_length_ratio=1.0)
    return Translator(network, tokenizers, decoding, {"checkpoint": "0"})


def random_network(
    attention: dict[str, Any], scale: float = 1.0, **decoder: Any
) -> Seq2Seq:
    config = schema.Model.model_validate(
        {
            "embeddings": {"size": 6},
            "encoder": {"units": 5},
            "decoder": {"units": 8, **decoder},
            "attention": attention,
        }
    )
    network = build_model(config, len(LETTERS), len(LETTERS))
    draw = np.random.default_rng(1)
    for variable in network.trainable_variables:
        variable.assign(scale * draw.normal(size=variable.shape))
    return network


class Diagonal(Attention):
    """Target position t reads source position t mostly, and its neighbours less."""

    def initial_state(self, memory: Memory) -> State:
        return tf.zeros([tf.shape(memory.mask)[0]])

    def score(self, query: Tensor, memory: Memory, state: State) -> Tensor:
        places = tf.range(tf.shape(memory.mask)[1], dtype=tf.float32)
        return -3.0 * tf.abs(places - state[:, None] - 0.1)[:, None]

    def next_state(self, state: State, weights: Tensor) -> State:
        return state + 1.0


def copying_network() -> Seq2Seq:
    """What it writes is a function of the source piece that it attends to, only."""
    size = len(LETTERS)
    config = schema.Model.model_validate(
        {
            "embeddings": {"size": size, "tie": "target_softmax"},
            "encoder": {"cell": "gru", "units": size, "bidirectional": False},
            "decoder": {"cell": "gru", "units": 7, "input_feeding": False},
        }
    )
    network = build_model(config, size, size)
    for variable in network.weights:
        variable.assign(tf.zeros_like(variable))
    (cell,) = network.encoder.forward_cells
    one = np.eye(size)
    network.source_embedding.table.assign(one)
    cell.kernel.assign(np.hstack([0 * one, 0 * one, 3 * one]))  # gates z, r, h
    cell.bias.assign(np.repeat([-20.0, 0.0, 0.0], size))  # forgets what was before
    network.decoder.combine.kernel.assign(np.vstack([3 * one, np.zeros([7, size])]))
    network.target_embedding.table.assign(10 * one)  # tied to the output
    network.decoder.attention = Diagonal(7)
    return network


def deaf_network() -> Seq2Seq:
    """It attends here and there, but what it writes has nothing of the context."""
    network = random_network({"type": "general"}, input_feeding=False)
    kernel = network.decoder.combine.kernel
    of_context = np.arange(kernel.shape[0]) < network.encoder.depth
    kernel.assign(np.where(of_context[:, None], 0.0, kernel))
    return network


@pytest.fixture(scope="session")
def copier() -> Translator:
    return translator_of(copying_network())


@pytest.fixture(scope="session")
def deaf() -> Translator:
    return translator_of(deaf_network())


@pytest.fixture(scope="session")
def of_copier(copier) -> Report:
    return measure(copier, [*PAIRS, ("", "a b"), ("a b c", " ")], print)


@pytest.fixture(scope="session")
def of_deaf(deaf) -> Report:
    return measure(deaf, PAIRS, print, origin={"text": "lines"})


@pytest.fixture(scope="session")
def make_translator() -> Callable[..., Translator]:
    return lambda attention, **more: translator_of(random_network(attention, **more))


@pytest.fixture(scope="session")
def lines() -> list[str]:
    return LINES


@pytest.fixture(scope="session")
def pairs() -> list[tuple[str, str]]:
    return PAIRS
