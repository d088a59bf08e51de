"""The two functions of a search without its loop, with flat names for all tensors."""

from typing import Any, NamedTuple

import tensorflow as tf

from attnmt.compiled import compiled
from attnmt.export.tracing import for_litert
from attnmt.layers.attention import Tensor
from attnmt.model import IDS, Seq2Seq
from attnmt.search.beam import Front, Wanted, advance, each_hypothesis, first
from attnmt.search.rules import Rules
from attnmt.search.trace import Trace

Function = Any  # a ConcreteFunction; its type does not declare its structured names
Named = dict[str, Tensor]


class Graphs(NamedTuple):
    """A search: `start` once a batch, `step` until no hypothesis is left.

    start: source [batch, source], beam [] -> memory_0 ..., front_0 ...
    step: time [], max_lengths [batch], those of `Wanted`, memory_0 ..., front_0 ...
    -> tokens, parents, log_probs, weights, extra_NAME ... of the trace,
    and the next front_0 ...
    """

    start: Function
    step: Function


def build_graphs(network: Seq2Seq, rules: Rules) -> Graphs:
    """Trace both functions for batches, beams and sources of any size."""
    with for_litert():
        return Graphs(_start(network, rules), _step(network, rules))


def _start(network: Seq2Seq, rules: Rules) -> Function:
    def start(source: Tensor, beam: Tensor) -> Named:
        memory, state = _encode(network, source)
        front = first(state, tf.shape(source)[0], beam, rules)
        memory = each_hypothesis(memory, beam)
        return _named("memory", memory) | _named("front", front)

    beam = tf.TensorSpec([], tf.int32, "beam")
    return _concrete(start, {"source": IDS, "beam": beam})


def _step(network: Seq2Seq, rules: Rules) -> Function:
    encode = compiled(lambda source: _encode(network, source))
    encoded: Function = encode.get_concrete_function(IDS)
    memory, state = encoded.structured_outputs
    scalar, one = tf.TensorSpec([], tf.int32), tf.TensorSpec([None], tf.int32)
    of_sentence = tf.TensorSpec([None], tf.float32)
    of_beam = tf.TensorSpec([None, None], tf.float32)
    front = Front(one, of_beam, of_beam, state)

    wanted = Wanted(scalar, tf.TensorSpec([], tf.float32), of_sentence)

    def step(time: Tensor, max_lengths: Tensor, **given: Tensor) -> Named:
        (inner, ids), now = (
            _taken(given, "memory", memory),
            _taken(given, "front", front),
        )
        chosen, following = advance(
            lambda token, state: network.step(token, state, inner, ids),
            now,
            time,
            max_lengths,
            tf.shape(now.log_probs)[1],
            rules,
            Wanted(*(given[name] for name in Wanted._fields)),
        )
        return _told(chosen) | _named("front", following)

    own = {"time": scalar, "max_lengths": one, **wanted._asdict()}
    given = _named("memory", memory) | _named("front", front)
    return _concrete(step, own | given)


def _encode(network: Seq2Seq, source: Tensor) -> tuple[Any, Any]:
    """What a step reads and the first state; ids are read where they are copied."""
    encoded = network.encode(source)
    read = encoded.memory, source if network.copies else ()
    return read, network.start(encoded)


def _told(chosen: Trace) -> Named:
    """The trace of a step by name; what it saw stands beside what it chose."""
    extras = {f"extra_{name}": x for name, x in chosen.seen.extras.items()}
    own = chosen._replace(seen=chosen.seen.weights)._asdict()
    return {"weights": own.pop("seen"), **own, **extras}


def _named(name: str, nested: Any) -> Named:
    return {f"{name}_{i}": x for i, x in enumerate(tf.nest.flatten(nested))}


def _taken(given: Named, name: str, like: Any) -> Any:
    """What `_named` had taken apart, together again."""
    leaves = [given[key] for key in _named(name, like)]
    return tf.nest.pack_sequence_as(like, leaves)


def _concrete(function: Any, inputs: dict[str, tf.TensorSpec]) -> Function:
    specs = {
        name: tf.TensorSpec([None, *x.shape[1:]] if x.shape.rank else [], x.dtype, name)
        for name, x in inputs.items()
    }
    return compiled(function).get_concrete_function(**specs)
