"""Beam search over a step function; it knows no model.

`first` and `advance` are all of it but the loop: `attnmt.search.loop` is the one in
TensorFlow, an exported model has another around the same two.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf

from attnmt.search.rules import Rules, permitted, remembered, vocabulary_of
from attnmt.search.top import top_k
from attnmt.search.trace import NEVER, Seen, Tensor, Trace

State = Any
Step = Callable[[Tensor, State], tuple[Tensor, Seen, State]]
SLACK = 1e-5  # relative; more than the rounding of float32 makes of a score


class Front(NamedTuple):
    """The hypotheses that are not complete yet: what one step hands to the next."""

    tokens: Tensor  # [batch * beam], the last ones
    log_probs: Tensor  # [batch, beam]; NEVER: no hypothesis
    scores: Tensor  # [batch, beam], of the complete ones, the best first; NEVER: none
    state: State  # nested, [batch * beam, ...]
    history: Tensor = ()  # [batch * beam, ...], what `Rules` need to know of the tokens


Choose = Callable[[Tensor, Tensor, Front, Tensor], tuple[Tensor, Tensor, Tensor]]


class Wanted(NamedTuple):
    """What will be read of a trace; a sentence is over as soon as that is sure."""

    n_best: Tensor  # [], complete hypotheses; as many as the beam: search to the end
    penalty: Tensor  # [], divides the log-probability of a hypothesis that ends now
    longest: Tensor  # [batch], the same for one of the longest allowed length


def each_hypothesis(nested: Any, beam_size: Tensor) -> Any:
    """What is known of each sentence [batch, ...], once a hypothesis."""
    return tf.nest.map_structure(lambda x: tf.repeat(x, beam_size, axis=0), nested)


def first(state: State, batch: Tensor, beam_size: Tensor, rules: Rules) -> Front:
    """The front before the first step: one empty hypothesis a sentence."""
    return Front(
        tf.fill([batch * beam_size], rules.begin),
        tf.one_hot(tf.zeros([batch], tf.int32), beam_size, 0.0, NEVER),
        tf.fill([batch, beam_size], NEVER),
        each_hypothesis(state, beam_size),
    )


def extend(
    logits: Tensor, log_norm: Tensor, front: Front, beam_size: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """The best extensions: tokens, parents, log-probabilities, each [batch, beam].

    `logits` [batch * beam, vocabulary] are NEVER for what may not follow; `log_norm`
    [batch * beam, 1] makes probabilities of them.
    """
    each = tf.minimum(beam_size, vocabulary_of(logits))  # extensions of one hypothesis
    best, tokens = top_k(logits, each)  # [batch * beam, each]
    gains = tf.minimum(best - log_norm, 0.0)  # rounding may leave it above
    totals = tf.reshape(gains, [-1, beam_size, each])
    totals = tf.maximum(totals + front.log_probs[:, :, None], NEVER)
    flat_size = beam_size * each
    log_probs, flat = tf.math.top_k(tf.reshape(totals, [-1, flat_size]), beam_size)
    tokens = tf.gather(tf.reshape(tokens, [-1, flat_size]), flat, batch_dims=1)
    complete = tf.reduce_sum(tf.cast(front.scores > NEVER, tf.int32), axis=1)
    places = beam_size - complete[:, None]
    log_probs = tf.where(tf.range(beam_size)[None] < places, log_probs, NEVER)
    return tokens, flat // each, log_probs


def advance(
    step: Step,
    front: Front,
    time: Tensor,
    max_lengths: Tensor,
    beam_size: Tensor,
    rules: Rules,
    wanted: Wanted,
    choose: Choose = extend,
) -> tuple[Trace, Front]:
    """One step of the search: what it chose, and the front after it.

    `time` counts from 0; `beam_size` is a number or a tensor. Of all ways to go
    on `choose` takes some: `extend` the best, `attnmt.search.sampling.draw` any.
    """
    logits, seen, state = step(front.tokens, front.state)
    log_norm = tf.reduce_logsumexp(logits, axis=-1, keepdims=True)
    logits = permitted(logits, front.history, rules)
    tokens, parents, log_probs = choose(logits, log_norm, front, beam_size)
    over = (tokens == rules.end) | (time + 1 >= max_lengths)[:, None]
    ended = tf.where(over & (log_probs > NEVER), log_probs / wanted.penalty, NEVER)
    scores, _ = tf.math.top_k(tf.concat([front.scores, ended], axis=1), beam_size)
    left = tf.where(over, NEVER, log_probs)
    left = tf.where(_sure(scores, left, wanted), NEVER, left)
    begins = tf.range(tf.shape(max_lengths)[0])[:, None] * beam_size
    rows, last = tf.reshape(begins + parents, [-1]), tf.reshape(tokens, [-1])
    state, history = tf.nest.map_structure(
        lambda x: tf.gather(x, rows), (state, front.history)
    )
    following = Front(last, left, scores, state, remembered(history, last))
    return Trace(tokens, parents, log_probs, seen), following


def _sure(scores: Tensor, left: Tensor, wanted: Wanted) -> Tensor:
    """Whether no hypothesis that is left can become one of the n best, [batch, 1].

    A log-probability never rises and is at most 0, the penalty never falls with the
    length: no extension of a hypothesis scores above log_prob / wanted.longest. Rules
    forbid tokens and give their probability to no other, so they change none of this.
    """
    bounds = tf.reduce_max(left, axis=1) / wanted.longest
    last = tf.gather(scores, wanted.n_best - 1, axis=1)  # [batch], of the n best
    return (bounds < last * (1.0 + SLACK))[:, None]
