"""The functions of a search without its loop, with flat names for all tensors."""

from typing import Any, NamedTuple

import tensorflow as tf

from attnmt.compiled import compiled
from attnmt.export.tracing import for_litert
from attnmt.layers.attention import Tensor
from attnmt.model import IDS, Seq2Seq
from attnmt.search.beam import Front, Wanted, advance, each_hypothesis, first
from attnmt.search.rules import Rules
from attnmt.search.trace import Seen

Function = Any  # a ConcreteFunction; its type does not declare its structured names
Named = dict[str, Tensor]
OF_BEAM = tf.TensorSpec([None, None], tf.float32)
_SCORES = {"front_1": (), "front_2": ()}  # of a front: only `extend` reads them


class Graphs(NamedTuple):
    """A search: `start` once a batch, `step` and `extend` until no hypothesis is left.

    start: source [batch, source], beam [] -> memory_0 ..., front_0 ...
    step: memory_0 ..., front_0 and those of the state
    -> vectors, weights, extra_NAME ... of the trace, state_0 ... after it
    output: vectors -> logits; None if the step makes these, as one that copies must
    extend: time [], max_lengths [batch], those of `Wanted`, logits, state_0 ..., the
    front but for its state -> tokens, parents, log_probs, the next front_0 ...

    In the sizes of what it is given `step` has those of all that it makes.
    """

    start: Function
    step: Function
    output: Function | None
    extend: Function


def build_graphs(network: Seq2Seq, rules: Rules) -> Graphs:
    """Trace the functions for batches, beams and sources of any size."""
    with for_litert():
        encode = compiled(lambda source: _encode(network, source))
        encoded: Function = encode.get_concrete_function(IDS)
        memory, state = encoded.structured_outputs
        step = _step(network, memory, state)
        output = None if network.copies else _output(network, step)
        extend = _extend(state, rules)
        return Graphs(_start(network, rules), step, output, extend)


def _start(network: Seq2Seq, rules: Rules) -> Function:
    def start(source: Tensor, beam: Tensor) -> Named:
        memory, state = _encode(network, source)
        front = first(state, tf.shape(source)[0], beam, rules)
        memory = each_hypothesis(memory, beam)
        return _named("memory", memory) | _named("front", front)

    beam = tf.TensorSpec([], tf.int32, "beam")
    return _concrete(start, {"source": IDS, "beam": beam})


def _step(network: Seq2Seq, memory: Any, state: Any) -> Function:
    """What follows a piece; `memory` and `state` tell what those are like."""

    def step(**given: Tensor) -> Named:
        inner, ids = _taken(given, "memory", memory)
        now: Front = _taken(given | _SCORES, "front", _front(state))
        apart = None if network.copies else tf.identity
        made, seen, after = network.step(now.tokens, now.state, inner, ids, apart)
        extras = {f"extra_{name}": x for name, x in seen.extras.items()}
        name = "logits" if network.copies else "vectors"
        told = {name: made, "weights": seen.weights, **extras}
        return told | _named("state", after)

    front = _named("front", _front(state))
    read = {name: x for name, x in front.items() if name not in _SCORES}
    return _concrete(step, _named("memory", memory) | read)


def _output(network: Seq2Seq, step: Function) -> Function:
    """What makes logits of what the step has made."""

    def output(vectors: Tensor) -> Named:
        return {"logits": network.logits(vectors)}

    return _concrete(output, {"vectors": step.structured_outputs["vectors"]})


def _extend(state: Any, rules: Rules) -> Function:
    """What a search does with logits and such a state."""
    scalar, one = tf.TensorSpec([], tf.int32), tf.TensorSpec([None], tf.int32)
    of_sentence = tf.TensorSpec([None], tf.float32)
    wanted = Wanted(scalar, tf.TensorSpec([], tf.float32), of_sentence)

    def extend(
        time: Tensor, max_lengths: Tensor, logits: Tensor, **given: Tensor
    ) -> Named:
        made = logits, Seen((), {}), _taken(given, "state", state)
        now = Front((), given["front_1"], given["front_2"], ())
        chosen, following = advance(
            lambda token, state: made,
            now,
            time,
            max_lengths,
            tf.shape(now.log_probs)[1],
            rules,
            Wanted(*(given[name] for name in Wanted._fields)),
        )
        told = chosen._asdict()
        del told["seen"]  # `step` tells it
        return told | _named("front", following)

    logits = tf.TensorSpec([None, None], tf.float32)  # of all pieces or a shortlist
    own = {"time": scalar, "max_lengths": one, "logits": logits, **wanted._asdict()}
    front = dict.fromkeys(_SCORES, OF_BEAM)  # its tokens and state are past
    return _concrete(extend, own | _named("state", state) | front)


def _front(state: Any) -> Front:
    """What a front with that state is like."""
    return Front(tf.TensorSpec([None], tf.int32), OF_BEAM, OF_BEAM, state)


def _encode(network: Seq2Seq, source: Tensor) -> tuple[Any, Any]:
    """What a step reads and the first state; ids only where they are read too."""
    encoded = network.encode(source)
    read = encoded.memory, source if network.reads_source else ()
    return read, network.start(encoded)


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
