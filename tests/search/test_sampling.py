"""Draws are tested on made-up distributions, without any model."""

import numpy as np
import pytest
import tensorflow as tf

from attnmt.search import NEVER, Seen, Trace, hypotheses, search
from attnmt.search.sampling import Drawing, _drawn

BEGIN, END, VOCABULARY, SOURCE, LENGTH = 0, 1, 7, 3, 5
NEVER_CHOSEN = (BEGIN,)
CRITICAL = {1: 6.63, 2: 9.21, 3: 11.34, 4: 13.28, 5: 15.09}  # chi-square, 1 %


def table(seed: int = 2) -> np.ndarray:
    """Logits of the next token given the last one."""
    return np.random.default_rng(seed).normal(size=(VOCABULARY, VOCABULARY)) * 1.5


def uniform(batch: int, draws: int) -> np.ndarray:
    return np.random.default_rng(1).random((batch, draws, LENGTH), np.float32)


def drawn(numbers: np.ndarray, **options) -> Trace:
    """The trace of what is drawn with these numbers [batch, draws, time]."""
    logits = tf.constant(table(), tf.float32)

    def step(token, state, memory):
        seen = tf.one_hot(tf.fill(tf.shape(token), 2), SOURCE)
        return tf.gather(logits, token), Seen(seen, {}), state

    batch, draws, _ = numbers.shape
    trace = search(
        step,
        (tf.zeros([batch]),),
        (),
        tf.fill([batch], LENGTH),
        beam_size=draws,
        begin=BEGIN,
        end=END,
        never=NEVER_CHOSEN,
        drawing=Drawing(tf.constant(numbers), **options),
    )
    return tf.nest.map_structure(np.asarray, trace)


def expected(token: int, temperature=1.0, top_k=None, top_p=1.0) -> np.ndarray:
    """The probabilities of what follows a token, written plainly."""
    logits = table()[token] / temperature
    logits[list(NEVER_CHOSEN)] = -np.inf
    probabilities = np.exp(logits) / np.exp(logits).sum()
    order = np.argsort(-probabilities)
    kept = order[:top_k]
    total = probabilities[kept].sum()
    before = np.cumsum(probabilities[kept]) - probabilities[kept]
    kept = kept[before < top_p * total]
    only = np.zeros(VOCABULARY)
    only[kept] = probabilities[kept]
    return only / only.sum()


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"temperature": 0.6},
        {"temperature": 1.7},
        {"top_k": 3},
        {"top_p": 0.8},
        {"temperature": 1.4, "top_k": 4, "top_p": 0.9},
    ],
    ids=str,
)
def test_draws_are_distributed_as_the_softmax(options):
    """Chi-square of both the first tokens and those after the likeliest of them."""
    trace = drawn(uniform(1, 20_000), **options)
    first, second = trace.tokens[:2, 0]
    likeliest = int(np.argmax(np.bincount(first[first != END])))
    for tokens, before in ((first, BEGIN), (second[first == likeliest], likeliest)):
        wanted = expected(before, **options)
        counts = np.bincount(tokens, minlength=VOCABULARY)
        assert (counts[wanted == 0] == 0).all()
        expectation = wanted[wanted > 0] * len(tokens)
        surprise = (counts[wanted > 0] - expectation) ** 2 / expectation
        assert surprise.sum() < CRITICAL[len(surprise) - 1]


@pytest.mark.parametrize("temperature", [0.5, 2.0])
def test_scores_are_the_probabilities_of_the_model_at_any_temperature(temperature):
    log_probs = table() - np.log(np.exp(table()).sum(axis=1, keepdims=True))
    trace = drawn(uniform(1, 40), temperature=temperature)
    found = hypotheses(
        trace, 0, source_length=None, max_length=LENGTH, end=END, n_best=40
    )
    assert len(found) == 40
    assert any(h.finished for h in found)
    for hypothesis in found:
        path = [BEGIN, *hypothesis.tokens]
        wanted = log_probs[path[:-1], path[1:]]
        np.testing.assert_allclose(hypothesis.log_probs, wanted, atol=1e-4)
        assert hypothesis.score == pytest.approx(wanted.sum(), abs=1e-4)


def test_a_temperature_towards_zero_is_greedy_search():
    logits = table()
    logits[:, list(NEVER_CHOSEN)] = -np.inf
    path = [BEGIN]
    while len(path) <= LENGTH and path[-1] != END:
        path.append(int(logits[path[-1]].argmax()))
    trace = drawn(uniform(1, 6), temperature=1e-9)
    assert (trace.tokens[: len(path) - 1, 0] == np.array(path[1:])[:, None]).all()


def test_a_draw_depends_on_its_own_numbers_alone():
    numbers = uniform(4, 9)
    together = drawn(numbers)
    there = together.log_probs > NEVER
    ended = together.tokens == END
    assert (there == (np.cumsum(ended, axis=0) - ended == 0)).all()
    for sentence in range(4):
        alone = drawn(numbers[sentence : sentence + 1, :6])
        mine = there[:, sentence, :6][: len(alone.tokens)]
        ours = together.tokens[: len(alone.tokens), sentence, :6]
        assert (alone.tokens[:, 0] == ours)[mine].all()


@pytest.mark.parametrize("largest", [0.0, 1.0 - 2.0**-24])
def test_extreme_numbers_draw_what_is_possible(largest):
    logits = tf.constant(table()[3:4], tf.float32)
    logits = tf.where(tf.range(VOCABULARY) >= VOCABULARY - 2, NEVER, logits)
    drawing = Drawing(numbers=tf.constant(0.0), top_p=0.9)
    for each in (drawing, drawing._replace(top_p=1.0), drawing._replace(top_k=99)):
        (token,) = _drawn(logits, tf.constant([largest]), each).numpy()
        assert token < VOCABULARY - 2
