"""What may not follow, against an oracle that reads the whole hypothesis."""

import numpy as np
import pytest
import tensorflow as tf

from attnmt.search import NEVER, Seen, hypotheses, search
from attnmt.search.rules import Rules, empty_history, permitted, remembered
from attnmt.search.sampling import Drawing

BEGIN, END, VOCABULARY, LONGEST = 0, 1, 6, 12


def repeats(tokens: list[int], size: int) -> set[int]:
    """What would end an n-gram that these tokens have already."""
    grams = {tuple(tokens[i : i + size]) for i in range(len(tokens) - size + 1)}
    last = tuple(tokens[len(tokens) - size + 1 :])
    return {token for token in range(VOCABULARY) if (*last, token) in grams}


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_exactly_those_tokens_are_forbidden_that_would_repeat_an_n_gram(size):
    rules = Rules(BEGIN, END, (BEGIN,), size)
    rows = np.random.default_rng(size).integers(1, VOCABULARY - 1, (30, LONGEST))
    history = empty_history(len(rows), LONGEST, rules)
    found = 0
    for time in range(LONGEST):
        logits = permitted(tf.zeros([len(rows), VOCABULARY]), history, rules).numpy()
        for row, tokens in zip(logits, rows, strict=True):
            banned = repeats(tokens[:time].tolist(), size)
            assert {*np.flatnonzero(row == NEVER)} == {BEGIN} | banned
            found += len(banned)
        history = remembered(history, tf.constant(rows[:, time], tf.int32))
    assert found > 10


def looping(token, state, memory):
    """Likes to say 2 3 2 3 ..., and hardly ends."""
    rows = tf.constant([[0, -5, 2, 1, 0.5, 0.2]] * VOCABULARY, tf.float32)
    rows += 3.0 * tf.one_hot([5, 5, 3, 2, 5, 4], VOCABULARY)
    seen = Seen(tf.ones([tf.shape(token)[0], 2]) / 2, {})
    return tf.gather(rows, token), seen, state


def found(size: int, beam: int, n_best: int | None = None, drawing=None) -> list:
    limits = [LONGEST, 5, 9]
    trace = search(
        looping,
        (tf.zeros([3]),),
        (),
        tf.constant(limits),
        beam_size=beam,
        begin=BEGIN,
        end=END,
        never=(BEGIN,),
        no_repeat_ngram=size,
        n_best=n_best,
        alpha=1.0,
        drawing=drawing,
    )
    trace = tf.nest.map_structure(np.asarray, trace)
    return [
        hypothesis
        for i, limit in enumerate(limits)
        for hypothesis in hypotheses(
            trace,
            i,
            source_length=None,
            max_length=limit,
            end=END,
            n_best=n_best or beam,
            alpha=1.0,
        )
    ]


def has_repeats(tokens: np.ndarray, size: int) -> bool:
    grams = [tuple(tokens[i : i + size]) for i in range(len(tokens) - size + 1)]
    return len(grams) > len({*grams})


@pytest.mark.parametrize("size", [1, 2, 3])
def test_no_hypothesis_of_a_beam_or_draw_repeats_an_n_gram(size):
    numbers = np.random.default_rng(3).random((3, 4, LONGEST), np.float32)
    drawing = Drawing(tf.constant(numbers))
    for draws in (None, drawing):
        free, blocked = (found(n, 4, drawing=draws) for n in (0, size))
        assert any(has_repeats(h.tokens, size) for h in free)
        assert len(blocked) == 12
        assert not any(has_repeats(h.tokens, size) for h in blocked)


@pytest.mark.parametrize("size", [1, 2])
def test_an_early_end_changes_nothing_when_n_grams_are_blocked(size):
    early, late = found(size, 4, n_best=1), found(size, 4)[::4]
    for one, other in zip(early, late, strict=True):
        assert list(one.tokens) == list(other.tokens)
        assert one.score == other.score


def test_the_probability_of_what_is_blocked_goes_to_nothing_else():
    for hypothesis in found(2, 4):
        path = [BEGIN, *hypothesis.tokens]
        logits, _, _ = looping(tf.constant(path[:-1]), (), ())
        log_probs = tf.nn.log_softmax(logits).numpy()
        wanted = log_probs[range(len(path) - 1), path[1:]]
        np.testing.assert_allclose(hypothesis.log_probs, wanted, atol=1e-5)
