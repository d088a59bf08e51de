"""The loop of a search in TensorFlow, eager or compiled."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import tensorflow as tf

from attnmt.search.beam import (
    Choose,
    Front,
    State,
    Wanted,
    advance,
    each_hypothesis,
    extend,
    first,
)
from attnmt.search.leaving import kept, spread
from attnmt.search.penalties import length_penalty
from attnmt.search.rules import Rules, empty_history
from attnmt.search.sampling import Drawing, draw
from attnmt.search.trace import NEVER, Seen, Tensor, Trace, most_going

Memory = Any
Step = Callable[[Tensor, State, Memory], tuple[Tensor, Seen, State]]


class _Work(NamedTuple):
    """The sentences that steps are made for."""

    sentences: Tensor  # [batch], their numbers
    max_lengths: Tensor  # [batch]
    longest: Tensor  # [batch], the length penalties of these
    memory: Memory  # nested, [batch * beam, ...]
    numbers: Tensor  # [batch * beam, time], to draw with; () for a beam search
    front: Front


def search(
    step: Step,
    state: State,
    memory: Memory,
    max_lengths: Tensor,
    *,
    beam_size: int,
    begin: int,
    end: int,
    never: tuple[int, ...] = (),
    no_repeat_ngram: int = 0,
    n_best: int | None = None,
    alpha: float = 0.0,
    drawing: Drawing | None = None,
) -> Trace:
    """Extend `beam_size` hypotheses a sentence until that many are complete.

    `step(token [n], state, memory) -> (logits [n, vocabulary], seen, state)` with n =
    batch * beam; `state` and `memory`, nested and [batch, ...], are given once for a
    sentence; the state follows the hypotheses. A complete hypothesis frees its place
    and the beam shrinks (Bahdanau et al. 2015). A sentence is over before that when its
    `n_best` are sure under the length penalty `alpha`; without n_best it never is.
    `max_lengths` [batch] counts pieces with the end; tokens in `never` are not chosen.
    One beam is greedy search. With a `drawing` each hypothesis is drawn on its own.
    """
    rules = Rules(begin, end, never, no_repeat_ngram)
    limit = tf.reduce_max(max_lengths)
    lengths = tf.cast(tf.range(1, limit + 1), tf.float32)
    penalties = length_penalty(lengths, alpha)  # [time]
    longest = tf.gather(penalties, max_lengths - 1)
    work = _begin(state, memory, max_lengths, longest, beam_size, rules, drawing)
    _, seen, _ = step(work.front.tokens, work.front.state, work.memory)
    # Of what the arrays are; compiled that step never runs.
    like = Trace(work.front.tokens, work.front.tokens, work.front.log_probs, seen)

    def unfinished(time: Tensor, work: _Work, _: Any) -> Tensor:
        return (time < limit) & tf.reduce_any(_going(work.front))

    def together(time: Tensor, work: _Work, parts: Any) -> tuple[Tensor, _Work, Any]:
        """Steps of the same sentences, until half of them leave."""

        def advanced(time: Tensor, front: Front) -> tuple[Trace, Front]:
            return advance(
                lambda token, state: step(token, state, work.memory),
                front,
                time,
                work.max_lengths,
                beam_size,
                rules,
                Wanted(n_best or beam_size, tf.gather(penalties, time), work.longest),
                _choice(drawing, work.numbers, time),
            )

        time, front, steps = _steps(advanced, time, limit, work.front, _arrays(like))
        part = spread(steps, work.sentences, tf.size(max_lengths))
        parts = tf.nest.map_structure(lambda a, x: a.write(a.size(), x), parts, part)
        return time, kept(work._replace(front=front), _going(front)), parts

    given = (0, work, _arrays(like))
    shapes = tf.nest.map_structure(_any_batch, given)
    _, _, parts = tf.while_loop(unfinished, together, given, shape_invariants=shapes)
    return tf.nest.map_structure(lambda array: array.concat(), parts)


def _begin(
    state: State,
    memory: Memory,
    max_lengths: Tensor,
    longest: Tensor,
    beam_size: int,
    rules: Rules,
    drawing: Drawing | None,
) -> _Work:
    """All sentences before the first step."""
    batch, limit = tf.size(max_lengths), tf.reduce_max(max_lengths)
    history = empty_history(batch * beam_size, limit, rules)
    front = first(state, batch, beam_size, rules)._replace(history=history)
    numbers = ()
    if drawing is not None:  # all draws begin at once, with an empty hypothesis each
        front = front._replace(log_probs=tf.zeros_like(front.log_probs))
        numbers = tf.reshape(drawing.numbers, [batch * beam_size, limit])
    memory = each_hypothesis(memory, beam_size)
    return _Work(tf.range(batch), max_lengths, longest, memory, numbers, front)


def _choice(drawing: Drawing | None, numbers: Tensor, time: Tensor) -> Choose:
    """How a step chooses what goes on."""
    if drawing is None:
        return extend
    return partial(draw, numbers=numbers[:, time], drawing=drawing)


def _steps(
    advanced: Callable[[Tensor, Front], tuple[Trace, Front]],
    time: Tensor,
    limit: Tensor,
    front: Front,
    arrays: Any,
) -> tuple[Tensor, Front, Trace]:
    """Steps while most sentences go on: the time, the front and the trace of them."""
    begin = time

    def going(time: Tensor, front: Front, _: Any) -> Tensor:
        alive = _going(front)
        count = tf.reduce_sum(tf.cast(alive, tf.int32))
        return (time < limit) & most_going(count, tf.size(alive))

    def body(time: Tensor, front: Front, arrays: Any) -> tuple[Tensor, Front, Any]:
        chosen, front = advanced(time, front)
        arrays = tf.nest.map_structure(
            lambda a, x: a.write(time - begin, x), arrays, chosen
        )
        return time + 1, front, arrays

    time, front, arrays = tf.while_loop(going, body, (time, front, arrays))
    return time, front, tf.nest.map_structure(lambda a: a.stack(), arrays)


def _going(front: Front) -> Tensor:
    """Which sentences have hypotheses that are not complete, [batch]."""
    return tf.reduce_any(front.log_probs > NEVER, axis=1)


def _arrays(like: Any) -> Any:
    """Arrays that grow with the steps, of tensors like these."""
    return tf.nest.map_structure(
        lambda x: tf.TensorArray(x.dtype, 0, dynamic_size=True, infer_shape=False),
        like,
    )


def _any_batch(x: Any) -> tf.TensorShape:
    """The shape of a variable of a loop in which sentences leave."""
    if isinstance(x, tf.TensorArray):
        return tf.TensorShape(None)  # type: ignore[arg-type]
    return tf.TensorShape([None, *x.shape[1:]] if tf.is_tensor(x) else [])
