"""What a hypothesis may not go on with."""

from typing import NamedTuple

import tensorflow as tf

from attnmt.search.trace import NEVER, Tensor

NOTHING = -1  # stands in a history where no token is yet


class Rules(NamedTuple):
    """What is special of the vocabulary, and what is not said twice."""

    begin: int
    end: int
    never: tuple[int, ...] = ()  # tokens that are not chosen
    no_repeat_ngram: int = 0  # as many tokens in a row are not repeated; 0: they may be


def empty_history(rows: Tensor, longest: Tensor, rules: Rules) -> Tensor:
    """Room for the tokens of hypotheses, [rows, longest and more]; () if not needed."""
    size = rules.no_repeat_ngram
    return tf.fill([rows, longest + size], NOTHING) if size else ()


def remembered(history: Tensor, tokens: Tensor) -> Tensor:
    """A history with the tokens [rows] before all others: the last one comes first."""
    return tf.nest.map_structure(
        lambda x: tf.concat([tokens[:, None], x[:, :-1]], axis=1), history
    )


def permitted(logits: Tensor, history: Tensor, rules: Rules) -> Tensor:
    """Logits [rows, vocabulary] with NEVER for what may not follow."""
    vocabulary = vocabulary_of(logits)
    forbidden = tf.reduce_sum(tf.one_hot(rules.never, vocabulary), axis=0) > 0.0
    if rules.no_repeat_ngram:
        forbidden |= _repeats(history, rules.no_repeat_ngram, vocabulary)
    return tf.where(forbidden, NEVER, logits)


def vocabulary_of(logits: Tensor) -> Tensor:
    """How many tokens there are; of a shortlist that is known only when it runs."""
    return logits.shape[-1] or tf.shape(logits)[-1]


def _repeats(history: Tensor, size: int, vocabulary: Tensor) -> Tensor:
    """Which tokens would complete an n-gram that is there, [rows, vocabulary].

    They stand in the history where the tokens before are the last ones once more.
    """
    rows, count = tf.shape(history)[0], tf.shape(history)[1] - size + 1
    places = tf.ones([rows, count], tf.bool)
    for back in range(1, size):
        places &= history[:, back : back + count] == history[:, back - 1, None]
    tokens = tf.where(places, history[:, :count], NOTHING) + 1  # [rows, place]
    each_row = tf.repeat(tf.range(rows), count)
    at = tf.stack([each_row, tf.reshape(tokens, [-1])], axis=1)
    times = tf.scatter_nd(at, tf.ones([rows * count], tf.int32), [rows, vocabulary + 1])
    return times[:, 1:] > 0
