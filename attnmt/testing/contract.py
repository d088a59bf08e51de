"""What every attention mechanism promises, whatever its formula."""

from typing import Any

import numpy as np
import tensorflow as tf

from attnmt.errors import ConfigError
from attnmt.layers.attention import Attention
from attnmt.testing.case import (
    LENGTHS,
    Case,
    Compiled,
    Factory,
    Reading,
    is_stateless,
    make_case,
    precision,
    promise,
    promise_equal,
    to_numpy,
)
from attnmt.testing.gradients import check_gradients
from attnmt.testing.translation import check_search
from attnmt.weights import named_weights


def check_attention(
    layer_factory: Factory,
    *,
    query_depth: int = 8,
    value_depth: int = 6,
    gradients: bool = True,
) -> None:
    """Hold a mechanism to all that training, search and dumps rely on.

    One line of pytest: `check_attention(MyAttention)`. `layer_factory(query_depth)`
    makes a new layer at each call, as the class itself does, or
    `lambda units: MyAttention(units, window=2)`. The depths are those of the decoder
    and the encoder; a mechanism may need them to be equal. `gradients=False` leaves
    out the numeric check of gradients, for a mechanism that gives others on purpose.

    Raises AssertionError, which says what was promised and what was found.
    """
    sizes = (query_depth, value_depth)
    for policy in ("mixed_float16", "mixed_bfloat16", "float32"):
        with precision(policy):
            try:
                case = make_case(layer_factory, *sizes)
                check_rows(case)
                check_extras(case)
            except AssertionError as error:
                raise AssertionError(f"{error} (in {policy})") from error
    with precision("float32"):
        case = make_case(layer_factory, *sizes)
        check_memory_of_calls(case)
        check_padding(case)
        check_batch(case)
        check_positions(case)
        check_state(case)
        compiled = case.compiled()
        check_compiled(case, compiled)
        check_weights(case, make_case(layer_factory, *sizes))
        if gradients:
            check_gradients(case, compiled)
        check_search(layer_factory, *sizes)


def check_rows(case: Case) -> None:
    """Shapes and types; rows that are distributions; nothing on padding."""
    attention = case.attention
    raw = case.read()
    reading = Reading(*map(to_numpy, raw))
    context, weights = reading
    shape = tuple(case.query.shape[:2]) + (case.values.shape[2],)
    promise(
        context.shape == shape and raw[0].dtype == case.values.dtype,
        f"a context of shape [batch, target, value depth] = {shape} in the type of "
        f"the values, {case.values.dtype.name}",
        f"{context.shape} in {raw[0].dtype.name}",
    )
    slots = attention.align_kind == "slot"
    promise(
        attention.align_kind in ("token", "slot"),
        'an align_kind of "token" or "slot"',
        repr(attention.align_kind),
    )
    rows = (shape[0], shape[1], weights.shape[-1] if slots else case.values.shape[1])
    promise(
        weights.ndim in (3, 4)
        and (weights.shape[0], *weights.shape[-2:]) == rows
        and raw[1].dtype == tf.float32,
        f"float32 weights [batch, (head,) target, source] with sizes {rows}",
        f"{weights.shape} in {raw[1].dtype.name}",
    )
    _check_distributions(attention, reading, np.asarray(case.mask))


def _check_distributions(
    attention: Attention, reading: Reading, mask: np.ndarray
) -> None:
    context, weights = reading
    finite = bool(np.isfinite(context).all() and np.isfinite(weights).all())
    promise(finite, "finite numbers, also without any source token", "NaN or infinity")
    lowest = weights.min()
    promise(bool(lowest >= 0.0), "weights that are not negative", f"{lowest:.6g}")
    real = mask.any(axis=1)
    sums = weights[real].sum(axis=-1)
    if attention.sums_to_one:
        kept, promised = np.abs(sums - 1.0) <= 1e-5, "rows that sum to one"
    else:
        kept, promised = sums <= 1.0 + 1e-5, "rows that sum to at most one"
    worst = sums.flat[np.abs(sums - 1.0).argmax()]
    promise(bool(kept.all()), promised, f"a sum of {worst:.6g}")
    if attention.align_kind == "token":
        on_padding = np.abs(np.moveaxis(weights, -1, 1)[~mask]).max()
        promise(on_padding == 0.0, "exactly 0 on padding", f"{on_padding:.6g}")
    for name, part in (("weights", weights), ("context", context)):
        largest = np.abs(part[~real]).max()
        promise(
            largest == 0.0,
            f"{name} of zeros for a source without tokens",
            f"{largest:.6g}",
        )


def check_extras(case: Case) -> None:
    """What else a dump is told: finite numbers for each target position."""
    memory, state = case.start()
    query = case.query[:, :1]
    for name, extra in case.attention.extras(query, memory, state).items():
        promised = f"extras {name}, float32 [batch, target, ...]"
        first = (len(LENGTHS), 1)
        promise(
            tuple(extra.shape[:2]) == first and extra.dtype == tf.float32,
            f"{promised} with sizes {first}",
            f"{tuple(extra.shape)} in {extra.dtype.name}",
        )
        finite = bool(np.isfinite(extra).all())
        promise(finite, f"{promised}, all finite", "NaN or infinity")


def check_memory_of_calls(case: Case) -> None:
    """Nothing is kept on the layer between calls, and nothing given to it changes."""
    expected = case.reading()
    before = [np.array(x) for x in case.attention.weights]
    query = case.query[:, :1]
    memory, state = case.start()
    given = tf.nest.map_structure(np.array, (query, memory, state))
    other = case._replace(values=tf.roll(case.values, 1, 0), query=case.query + 1.0)
    other.read()
    once = tf.nest.map_structure(to_numpy, case.attention(query, memory, state))
    again = tf.nest.map_structure(to_numpy, case.attention(query, memory, state))
    promised = "nothing is kept on the layer between calls"
    promise_equal(once[0], expected.context[:, :1], promised)
    promise_equal(again, once, promised)
    promise_equal(case.reading(), expected, promised)
    promise_equal(
        (query, memory, state), given, "query, memory and state are not changed", 0.0
    )
    after = [np.array(x) for x in case.attention.weights]
    promise_equal(after, before, "reading does not change the weights", 0.0)


def check_padding(case: Case) -> None:
    """What stands on padding, and how much there is of it, changes nothing."""
    real = case.mask[..., None]
    noisy = case._replace(values=tf.where(real, case.values, 9.0))
    expected = case.reading()
    promise_equal(noisy.reading(), expected, "what stands on padding changes nothing")
    longer = case._replace(
        values=tf.pad(case.values, [[0, 0], [0, 2], [0, 0]], constant_values=9.0),
        mask=tf.pad(case.mask, [[0, 0], [0, 2]]),
    ).reading()
    if case.attention.align_kind == "token":
        longer = longer._replace(weights=longer.weights[..., : case.mask.shape[1]])
    promise_equal(longer, expected, "more padding changes nothing")


def check_batch(case: Case) -> None:
    """Sentences of a batch do not touch each other."""
    rows = [1, 1, 0]
    chosen = Case(case.attention, *(tf.gather(x, rows) for x in case[1:]))
    expected = Reading(*(part[rows] for part in case.reading()))
    promised = "a sentence gives the same in any batch, at any place in it"
    promise_equal(chosen.reading(), expected, promised)


def check_positions(case: Case) -> None:
    """All target positions at once are one after the other."""
    if is_stateless(case.start()[1]):
        promise_equal(
            case.reading(at_once=True),
            case.reading(at_once=False),
            "all target positions at once give what one after the other gives "
            "(a mechanism that needs to know the position carries a state)",
        )


def check_state(case: Case) -> None:
    """Batch first, the same kind at every step, following its row through a beam."""
    memory, state = case.start()
    batch = len(LENGTHS)
    first = [(tuple(x.shape), x.dtype) for x in tf.nest.flatten(state)]
    for position in range(2):
        query = case.query[:, position : position + 1]
        _, _, state = case.attention(query, memory, state)
        kinds = [(tuple(x.shape), x.dtype) for x in tf.nest.flatten(state)]
        promise(
            kinds == first,
            "a next state of the same structure, shapes and types as the first",
            f"{kinds} after {first}",
        )
    promise(
        all(shape[:1] == (batch,) for shape, _ in first),
        f"a state whose tensors all have the batch, here {batch}, as their first axis",
        str([shape for shape, _ in first]),
    )
    rows = [1, 0, 0, 2]
    query = case.query[:, 2:3]
    expected = _gather(case.attention(query, memory, state), rows)
    inputs = [_gather(x, rows) for x in (query, memory, state)]
    found = tf.nest.map_structure(to_numpy, case.attention(*inputs))
    expected = tf.nest.map_structure(to_numpy, expected)
    promised = "state and memory follow their rows when a beam search gathers them"
    promise_equal(found, expected, promised)


def _gather(nested: Any, rows: list[int]) -> Any:
    return tf.nest.map_structure(lambda x: tf.gather(x, rows), nested)


def check_compiled(case: Case, compiled: Compiled) -> None:
    """A compiled loop over the target, of sizes not known before, gives the same."""
    found = Reading(*map(to_numpy, compiled(*case[1:])))
    promise_equal(found, case.reading(), "compiled with TensorFlow it gives the same")


def check_weights(case: Case, other: Case) -> None:
    """A layer is what its named weights say: that is what a checkpoint holds."""
    promised = "the layer's weights, by name, are all there is to save and load"
    try:
        saved = {k: np.array(v) for k, v in named_weights(case.attention).items()}
        loaded = named_weights(other.attention)
    except ConfigError as error:
        raise AssertionError(f"promised: {promised}; found: {error}") from error
    same = list(loaded) == list(saved)
    promise(same, promised, f"names {list(loaded)} after {list(saved)}")
    for variable in other.attention.trainable_weights:
        variable.assign(np.zeros(variable.shape) + 0.5)
    for name, array in saved.items():
        loaded[name].assign(array)
    promise_equal(other.reading(), case.reading(), promised)
