"""The best hypothesis of each sentence within TensorFlow, where no NumPy can follow."""

from typing import NamedTuple

import tensorflow as tf

from attnmt.search.penalties import length_penalty
from attnmt.search.trace import NEVER, Tensor, Trace


class Best(NamedTuple):
    """What `attnmt.search.hypotheses` ranks first, as tensors; zero after its end."""

    tokens: Tensor  # [batch, target]
    lengths: Tensor  # [batch], the end included
    scores: Tensor  # [batch], log-probability / length penalty
    weights: Tensor  # [batch, (head,) target, source]


def best_hypotheses(trace: Trace, max_lengths: Tensor, end: int, alpha: float) -> Best:
    """Follow the best complete hypothesis of each sentence back through a trace."""
    times, batch, beam = tf.unstack(tf.shape(trace.tokens), num=3)
    scores = _scores(trace, max_lengths, end, alpha)  # [batch, time, beam]
    flat = tf.reshape(scores, [batch, times * beam])
    chosen = tf.argmax(flat, axis=1, output_type=tf.int32)
    last, slot = chosen // beam, chosen % beam

    def back(after: tuple[Tensor, Tensor], now: tuple[Tensor, Tensor]):
        time, parents = now
        here = tf.where(time == last, slot, after[1])
        above = tf.gather(parents, here, batch_dims=1)
        return here, tf.reshape(above, [batch])  # a trace does not tell its rank

    nothing = (tf.zeros_like(slot), tf.zeros_like(slot))
    steps = (tf.range(times), trace.parents)
    slots, parents = tf.scan(back, steps, nothing, reverse=True)  # [time, batch]
    rows = tf.range(batch) * beam + parents
    kept = tf.range(times)[:, None] <= last
    tokens = tf.where(kept, tf.gather(trace.tokens, slots, batch_dims=2), 0)
    weights = tf.einsum(
        "tb...->bt...", tf.gather(trace.seen.weights, rows, batch_dims=1)
    )
    there = tf.cast(tf.transpose(kept), weights.dtype)
    weights = tf.einsum("bt...s,bt->b...ts", weights, there)
    best = tf.reduce_max(flat, axis=1)
    return Best(tf.transpose(tokens), last + 1, best, weights)


def _scores(trace: Trace, max_lengths: Tensor, end: int, alpha: float) -> Tensor:
    """Of all places of a trace, [batch, time, beam]; NEVER where none is complete."""
    lengths = tf.range(1, tf.shape(trace.tokens)[0] + 1)[:, None, None]
    limits = max_lengths[None, :, None]
    complete = (trace.tokens == end) & (lengths < limits) | (lengths == limits)
    penalty = length_penalty(tf.cast(lengths, tf.float32), alpha)
    known = complete & (trace.log_probs > NEVER)
    return tf.transpose(tf.where(known, trace.log_probs / penalty, NEVER), [1, 0, 2])
