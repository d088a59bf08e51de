"""The search is tested on made-up distributions, without any model."""

import itertools

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import example, given, settings
from hypothesis import strategies as st

from attnmt.search import Seen, Trace, hypotheses, search

BEGIN, END, VOCABULARY, SOURCE = 0, 1, 5, 3


def fake_model(seed: int):
    """A random table of log-probabilities given the two previous tokens."""
    table = np.random.default_rng(seed).normal(size=(VOCABULARY,) * 3) * 2
    table = table - np.log(np.exp(table).sum(-1, keepdims=True))
    logits = tf.constant(table, tf.float32)

    def step(token, state, memory):
        (previous,) = state
        rows = tf.gather_nd(logits, tf.stack([previous, token], axis=-1))
        # The weights spell out what the model saw, so that a path can be recognised.
        path = tf.stack([previous, token, token * 0 + 1], -1)
        extras = {"path": tf.cast(path, tf.float32), "last": token}
        return rows, Seen(tf.cast(path, tf.float32), extras), (token,)

    return table, step


def even(token) -> Seen:
    return Seen(tf.ones([tf.shape(token)[0], SOURCE]) / SOURCE, {})


def run(
    step, beam_size, max_lengths, sure: int | None = None, **options
) -> tuple[Trace, list]:
    """The trace and its hypotheses; `sure`: how many the search is told to find."""
    batch = len(max_lengths)
    state = (tf.zeros([batch], tf.int32),)
    trace = search(
        step,
        state,
        (),
        tf.constant(max_lengths),
        beam_size=beam_size,
        begin=BEGIN,
        end=END,
        never=(BEGIN,),
        n_best=sure,
        alpha=options.get("alpha", 0.0),
    )
    trace = tf.nest.map_structure(np.asarray, trace)
    return trace, [
        hypotheses(trace, b, source_length=SOURCE, max_length=m, end=END, **options)
        for b, m in enumerate(max_lengths)
    ]


def all_sequences(table, max_length):
    """Every complete (or cut) sequence with its log-probability."""
    for length in range(1, max_length + 1):
        for tokens in itertools.product(range(1, VOCABULARY), repeat=length):
            if END in tokens[:-1] or (tokens[-1] != END and length < max_length):
                continue
            padded = (BEGIN, BEGIN, *tokens)
            log_probs = [table[padded[i : i + 3]] for i in range(length)]
            yield tokens, sum(log_probs)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("alpha", [0.0, 1.0])
def test_wide_beam_finds_what_exhaustive_search_finds(seed, alpha):
    table, step = fake_model(seed)
    max_length = 4
    _, found = run(step, 128, [max_length], n_best=3, alpha=alpha)
    ranked = sorted(
        ((lp / ((5 + len(t)) / 6) ** alpha, t) for t, lp in all_sequences(table, 4)),
        reverse=True,
    )
    for hypothesis, (score, tokens) in zip(found[0], ranked, strict=False):
        assert tuple(hypothesis.tokens) == tokens
        assert hypothesis.score == pytest.approx(score, abs=1e-5)


@pytest.mark.parametrize("beam_size", [1, 2, 4])
def test_weights_extras_and_log_probs_belong_to_the_winning_path(beam_size):
    table, step = fake_model(3)
    _, found = run(step, beam_size, [6, 5, 7], n_best=beam_size)
    for hypothesis in itertools.chain(*found):
        path = [BEGIN, BEGIN, *hypothesis.tokens]
        for t in range(len(hypothesis.tokens)):
            assert list(hypothesis.weights[t]) == [path[t], path[t + 1], 1.0]
            assert list(hypothesis.extras["path"][t]) == [path[t], path[t + 1], 1.0]
            assert hypothesis.extras["last"][t] == path[t + 1]
            expected = table[path[t], path[t + 1], path[t + 2]]
            assert hypothesis.log_probs[t] == pytest.approx(expected, abs=1e-4)


def test_one_beam_is_greedy_search():
    table, step = fake_model(1)
    _, [[greedy]] = run(step, 1, [6])
    path = [BEGIN, BEGIN]
    while len(path) < 8 and path[-1] != END:
        scores = table[path[-2], path[-1]].copy()
        scores[BEGIN] = -np.inf
        path.append(int(scores.argmax()))
    assert list(greedy.tokens) == path[2:]


def test_each_sentence_keeps_its_own_longest_length():
    def endless(token, state, memory):
        rows = tf.one_hot(tf.fill(tf.shape(token), 2), VOCABULARY, 0.0, -50.0)
        return rows, even(token), state

    lengths = [1, 4, 2]
    _, found = run(endless, 2, lengths)
    assert [len(best[0].tokens) for best in found] == lengths
    assert not any(best[0].finished for best in found)


def test_forbidden_tokens_are_never_chosen():
    def tempting(token, state, memory):
        rows = tf.one_hot(tf.zeros_like(token), VOCABULARY, 50.0, 0.0)
        return rows, even(token), state

    trace, _ = run(tempting, 3, [5])
    assert (trace.tokens[trace.log_probs > -1e29] != BEGIN).all()


def test_a_beam_wider_than_the_vocabulary_works():
    _, step = fake_model(2)
    _, [found] = run(step, VOCABULARY + 4, [3], n_best=VOCABULARY + 4)
    assert len({tuple(h.tokens) for h in found}) == len(found) == VOCABULARY + 4


def test_n_best_is_sorted_and_all_different():
    _, step = fake_model(4)
    _, [found] = run(step, 4, [6], n_best=4, alpha=1.0)
    scores = [h.score for h in found]
    assert scores == sorted(scores, reverse=True) and len(found) == 4
    assert len({tuple(h.tokens) for h in found}) == 4


def test_coverage_penalty_prefers_the_hypothesis_that_read_everything():
    def step(token, state, memory):
        rows = tf.math.log(tf.constant([[1e-9, 0.01, 0.5, 0.49, 1e-9]]))
        rows = tf.where(token[:, None] == BEGIN, rows, tf.math.log([[0, 1.0, 0, 0, 0]]))
        half = tf.constant([[0.5, 0.5, 0.0]])
        full = tf.constant([[0.4, 0.3, 0.3]])
        weights = tf.where(token[:, None] == 3, full, half)
        return rows, Seen(weights, {}), state

    _, [[best]] = run(step, 4, [3])
    assert best.tokens[0] == 2
    _, [[best]] = run(step, 4, [3], beta=1.0)
    assert best.tokens[0] == 3


def same(one: list, two: list) -> None:
    """Hypotheses of all sentences, down to the last bit."""
    for ours, theirs in zip(one, two, strict=True):
        assert [h.score for h in ours] == [h.score for h in theirs]
        for mine, other in zip(ours, theirs, strict=True):
            assert list(mine.tokens) == list(other.tokens)
            np.testing.assert_array_equal(mine.weights, other.weights)


@settings(max_examples=30)
@given(
    seed=st.integers(0, 999),
    beam_size=st.integers(1, 5),
    n=st.integers(1, 5),
    alpha=st.floats(0.0, 2.0),
    lengths=st.lists(st.integers(1, 9), min_size=1, max_size=6),
)
@example(seed=1, beam_size=5, n=1, alpha=0.0, lengths=[9, 8])
def test_an_early_end_changes_nothing(seed, beam_size, n, alpha, lengths):
    _, step = fake_model(seed)
    n = min(n, beam_size)
    _, early = run(step, beam_size, lengths, sure=n, n_best=n, alpha=alpha)
    _, late = run(step, beam_size, lengths, n_best=n, alpha=alpha)
    same(early, late)


def steps_of(step, beam_size, lengths, sure, alpha) -> int:
    trace, _ = run(step, beam_size, lengths, sure, alpha=alpha)
    return len(trace.tokens)


@pytest.mark.parametrize("alpha", [0.0, 1.0])
def test_a_sentence_is_over_when_its_best_is_sure(alpha):
    def step(token, state, memory):
        """The end is likely, and never certain."""
        rows = tf.math.log(tf.constant([[0.0, 0.99, 4e-3, 3e-3, 3e-3]]))
        return tf.repeat(rows, tf.shape(token)[0], axis=0), even(token), state

    assert steps_of(step, 3, [9], 1, alpha) == 1
    assert 1 < steps_of(step, 3, [9], 2, alpha) <= steps_of(step, 3, [9], None, alpha)


def test_sentences_that_are_over_are_not_computed_and_change_nothing():
    limits, rows = [3, 9, 2, 1, 5], []
    _, fake = fake_model(7)

    def step(token, state, memory):
        (numbers,) = memory
        rows.append(sorted({*numbers.numpy().tolist()}))
        return fake(token, state, memory)

    def searched(places: list[int]) -> list:
        """No sentence ends before its longest length."""
        trace = search(
            step,
            (tf.zeros([len(places)], tf.int32),),
            (tf.constant(places),),
            tf.constant([limits[i] for i in places]),
            beam_size=2,
            begin=BEGIN,
            end=END,
            never=(BEGIN, END),
        )
        trace = tf.nest.map_structure(np.asarray, trace)
        return [
            hypotheses(
                trace,
                row,
                source_length=SOURCE,
                max_length=limits[i],
                end=END,
                n_best=2,
            )
            for row, i in enumerate(places)
        ]

    together = searched(list(range(5)))
    # The first call is for the structure alone; half of five is two or fewer.
    assert rows[1:] == [[0, 1, 2, 3, 4]] * 3 + [[1, 4]] * 2 + [[1]] * 4
    same(together, [best for i in range(5) for best in searched([i])])
