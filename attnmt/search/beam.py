"""Beam search over a step function; it knows no model.

`first` and `advance` are all of it but the loop: `search` is the loop in TensorFlow, an
exported model has another around the same two.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf

from attnmt.search.trace import NEVER, Seen, Tensor, Trace

State = Any
Step = Callable[[Tensor, State], tuple[Tensor, Seen, State]]


class Front(NamedTuple):
    """The hypotheses that are not complete yet: what one step hands to the next."""

    tokens: Tensor  # [batch * beam], the last ones
    log_probs: Tensor  # [batch, beam]
    finished: Tensor  # [batch], complete hypotheses so far
    state: State  # nested, [batch * beam, ...]


class Rules(NamedTuple):
    """What is special of the vocabulary."""

    begin: int
    end: int
    never: tuple[int, ...] = ()  # tokens that are not chosen


def search(
    step: Step,
    state: State,
    max_lengths: Tensor,
    *,
    beam_size: int,
    begin: int,
    end: int,
    never: tuple[int, ...] = (),
) -> Trace:
    """Extend `beam_size` hypotheses a sentence until that many are complete.

    `step(token [n], state) -> (logits [n, vocabulary], seen, state)` with n = batch *
    beam; `state` is nested, [batch * beam, ...], and follows the hypotheses. A complete
    hypothesis frees its place and the beam shrinks (Bahdanau et al. 2015).
    `max_lengths` [batch] counts pieces with the end; tokens in `never` are not chosen.
    One beam is greedy search.
    """
    rules = Rules(begin, end, never)
    front = first(state, tf.shape(max_lengths)[0], beam_size, rules)
    limit = tf.reduce_max(max_lengths)
    _, seen, _ = step(front.tokens, state)  # for its structure; compiled it never runs
    kinds = tf.nest.map_structure(lambda x: x.dtype, seen)
    arrays = tf.nest.map_structure(
        lambda kind: tf.TensorArray(kind, 0, dynamic_size=True, infer_shape=False),
        Trace(tf.int32, tf.int32, tf.float32, kinds),
    )

    def going(time: Tensor, front: Front, *_: Any) -> Tensor:
        return (time < limit) & tf.reduce_any(front.log_probs > NEVER)

    def body(time: Tensor, front: Front, arrays: Any) -> tuple[Tensor, Front, Any]:
        chosen, front = advance(step, front, time, max_lengths, beam_size, rules)
        arrays = tf.nest.map_structure(lambda a, x: a.write(time, x), arrays, chosen)
        return time + 1, front, arrays

    _, _, arrays = tf.while_loop(going, body, (0, front, arrays))
    return tf.nest.map_structure(lambda array: array.stack(), arrays)


def first(state: State, batch: Tensor, beam_size: Tensor, rules: Rules) -> Front:
    """The front before the first step: one empty hypothesis a sentence."""
    return Front(
        tf.fill([batch * beam_size], rules.begin),
        tf.one_hot(tf.zeros([batch], tf.int32), beam_size, 0.0, NEVER),
        tf.zeros([batch], tf.int32),
        state,
    )


def advance(
    step: Step,
    front: Front,
    time: Tensor,
    max_lengths: Tensor,
    beam_size: Tensor,
    rules: Rules,
) -> tuple[Trace, Front]:
    """One step of the search: what it chose, and the front after it.

    `time` counts from 0; `beam_size` is a number or a tensor.
    """
    logits, seen, state = step(front.tokens, front.state)
    tokens, parents, log_probs = _extend(logits, front, beam_size, rules.never)
    ended = tokens == rules.end
    finished = front.finished + tf.reduce_sum(
        tf.cast(ended & (log_probs > NEVER), tf.int32), axis=1
    )
    over = ended | (time + 1 >= max_lengths)[:, None]
    begins = tf.range(tf.shape(max_lengths)[0])[:, None] * beam_size
    rows = tf.reshape(begins + parents, [-1])
    state = tf.nest.map_structure(lambda x: tf.gather(x, rows), state)
    left = tf.where(over, NEVER, log_probs)
    following = Front(tf.reshape(tokens, [-1]), left, finished, state)
    return Trace(tokens, parents, log_probs, seen), following


def _extend(
    logits: Tensor, front: Front, beam_size: Tensor, never: tuple[int, ...]
) -> tuple[Tensor, Tensor, Tensor]:
    """The best extensions: tokens, parents, log-probabilities, each [batch, beam]."""
    vocabulary = logits.shape[-1]
    forbidden = tf.reduce_sum(tf.one_hot(never, vocabulary), axis=0) > 0.0
    log_norm = tf.reduce_logsumexp(logits, axis=-1, keepdims=True)
    logits = tf.where(forbidden, NEVER, logits)
    each = tf.minimum(beam_size, vocabulary)  # extensions of one hypothesis
    best, tokens = tf.math.top_k(logits, each)  # [batch * beam, each]
    totals = tf.reshape(best - log_norm, [-1, beam_size, each])
    totals = tf.maximum(totals + front.log_probs[:, :, None], NEVER)
    flat_size = beam_size * each
    log_probs, flat = tf.math.top_k(tf.reshape(totals, [-1, flat_size]), beam_size)
    tokens = tf.gather(tf.reshape(tokens, [-1, flat_size]), flat, batch_dims=1)
    places = beam_size - front.finished[:, None]
    log_probs = tf.where(tf.range(beam_size)[None] < places, log_probs, NEVER)
    return tokens, flat // each, log_probs
