"""Beam search over a step function; it knows no model."""

from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf

Tensor = Any
State = Any
NEVER = -1e30  # the log-probability of a hypothesis that is none


class Seen(NamedTuple):
    """What a step saw of the source."""

    weights: Tensor  # [batch * beam, ..., source]
    extras: dict[str, Tensor]  # [batch * beam, ...], what else is told, by name


Step = Callable[[Tensor, State], tuple[Tensor, Seen, State]]


class Trace(NamedTuple):
    """What every step of a search chose; hypotheses are read from it backwards."""

    tokens: Tensor  # [time, batch, beam]
    parents: Tensor  # [time, batch, beam], the beam slot of the step before
    log_probs: Tensor  # [time, batch, beam], of the whole prefix; NEVER: no hypothesis
    seen: Seen  # [time, batch * beam, ...], row by parent, not by slot


class _Loop(NamedTuple):
    """What one step of the search hands to the next."""

    tokens: Tensor  # [batch * beam]
    log_probs: Tensor  # [batch, beam]
    finished: Tensor  # [batch], complete hypotheses so far
    state: State  # nested, [batch * beam, ...]


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
    batch = tf.shape(max_lengths)[0]
    alone = tf.one_hot(tf.zeros([batch], tf.int32), beam_size, 0.0, NEVER)
    loop = _Loop(
        tf.fill([batch * beam_size], begin), alone, tf.zeros([batch], tf.int32), state
    )
    limit = tf.reduce_max(max_lengths)
    _, seen, _ = step(loop.tokens, state)  # for its structure; compiled it never runs
    kinds = tf.nest.map_structure(lambda x: x.dtype, seen)
    arrays = tf.nest.map_structure(
        lambda kind: tf.TensorArray(kind, 0, dynamic_size=True, infer_shape=False),
        Trace(tf.int32, tf.int32, tf.float32, kinds),
    )

    def going(time: Tensor, loop: _Loop, *_: Any) -> Tensor:
        return (time < limit) & tf.reduce_any(loop.log_probs > NEVER)

    def body(time: Tensor, loop: _Loop, arrays: Any) -> tuple[Tensor, _Loop, Any]:
        logits, seen, state = step(loop.tokens, loop.state)
        tokens, parents, log_probs = _extend(logits, loop, beam_size, never)
        chosen = Trace(tokens, parents, log_probs, seen)
        arrays = tf.nest.map_structure(lambda a, x: a.write(time, x), arrays, chosen)
        ended = tokens == end
        finished = loop.finished + tf.reduce_sum(
            tf.cast(ended & (log_probs > NEVER), tf.int32), axis=1
        )
        over = ended | (time + 1 >= max_lengths)[:, None]
        rows = tf.reshape(tf.range(batch)[:, None] * beam_size + parents, [-1])
        state = tf.nest.map_structure(lambda x: tf.gather(x, rows), state)
        next_loop = _Loop(
            tf.reshape(tokens, [-1]), tf.where(over, NEVER, log_probs), finished, state
        )
        return time + 1, next_loop, arrays

    _, _, arrays = tf.while_loop(going, body, (0, loop, arrays))
    return tf.nest.map_structure(lambda array: array.stack(), arrays)


def _extend(
    logits: Tensor, loop: _Loop, beam_size: int, never: tuple[int, ...]
) -> tuple[Tensor, Tensor, Tensor]:
    """The best extensions: tokens, parents, log-probabilities, each [batch, beam]."""
    vocabulary = logits.shape[-1]
    forbidden = tf.reduce_sum(tf.one_hot(never, vocabulary), axis=0) > 0.0
    log_norm = tf.reduce_logsumexp(logits, axis=-1, keepdims=True)
    logits = tf.where(forbidden, NEVER, logits)
    each = min(beam_size, vocabulary)  # extensions of one hypothesis
    best, tokens = tf.math.top_k(logits, each)  # [batch * beam, each]
    totals = tf.reshape(best - log_norm, [-1, beam_size, each])
    totals = tf.maximum(totals + loop.log_probs[:, :, None], NEVER)
    flat_size = beam_size * each
    log_probs, flat = tf.math.top_k(tf.reshape(totals, [-1, flat_size]), beam_size)
    tokens = tf.gather(tf.reshape(tokens, [-1, flat_size]), flat, batch_dims=1)
    places = beam_size - loop.finished[:, None]
    log_probs = tf.where(tf.range(beam_size)[None] < places, log_probs, NEVER)
    return tokens, flat // each, log_probs
