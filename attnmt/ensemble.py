"""Several models that translate as one."""

import math
from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from attnmt.errors import ConfigError
from attnmt.layers.attention import Tensor
from attnmt.layers.heads import mean_of_heads
from attnmt.search import Seen
from attnmt.translator import Translator


class EnsembleTranslator(Translator):
    """Chooses each piece by the mean of the probabilities that the models give it.

    The attention is the mean over the models, and of each over its heads. Decoding is
    as the first is told. Raises ConfigError unless all have the same tokenizers, and
    attention over source tokens.
    """

    def __init__(self, members: Sequence[Translator]) -> None:
        first, *others = members
        for other in others:
            _check_tokenizers(first, other)
        for member in members:
            if member.align_kind == "slot":
                raise ConfigError(
                    "an ensemble: expected models whose attention is over source "
                    "tokens, found one that reads memory slots: leave it out"
                )
        if first.shortlist is not None:
            raise ConfigError(
                "decoding.shortlist: expected 0 for an ensemble, found "
                f"{first.decoding.shortlist}"
            )
        tokenizers = (first.source_tokenizer, first.target_tokenizer)
        origin = {
            name: " + ".join(dict.fromkeys(member.origin[name] for member in members))
            for name in first.origin
        }
        super().__init__(first.network, tokenizers, first.decoding, origin)
        self._members = tuple(members)
        names = (member.attention["name"] for member in members)
        settings = [member.attention["settings"] for member in members]
        sums = all(member.attention["sums_to_one"] for member in members)
        self.attention |= {
            "name": " + ".join(names),
            "settings": settings,
            "sums_to_one": sums,
        }

    def _prepare(self, source: Tensor, *told: Tensor) -> tuple[Any, Any]:
        prepared = [member._prepare(source) for member in self._members]
        states, memories = zip(*prepared, strict=True)
        return states, memories

    def _output(self, pieces: Tensor | None) -> Any:
        return [member._output(pieces) for member in self._members]

    def _step(
        self, output: Any, token: Tensor, state: Any, memory: Any
    ) -> tuple[Tensor, Seen, Any]:
        each = zip(self._members, output, state, memory, strict=True)
        made = [member._step(out, token, *own) for member, out, *own in each]
        logits, seen, states = zip(*made, strict=True)
        log_probs = _log_mean([tf.nn.log_softmax(x) for x in logits])
        return log_probs, _mean_seen(seen, 2), states

    def _forced_step(
        self, source: Tensor, target_in: Tensor, target_out: Tensor
    ) -> tuple[Tensor, Seen]:
        given = (source, target_in, target_out)
        made = [member._forced_step(*given) for member in self._members]
        log_probs, seen = zip(*made, strict=True)
        return _log_mean(log_probs), _mean_seen(seen, 3)


def _log_mean(log_probs: Sequence[Tensor]) -> Tensor:
    """Of probabilities whose logarithms are given."""
    return tf.reduce_logsumexp(tf.stack(log_probs), axis=0) - math.log(len(log_probs))


def _mean_seen(seen: Sequence[Seen], rank: int) -> Seen:
    """The mean weights, also over heads."""
    weights = [mean_of_heads(each.weights, rank) for each in seen]
    return Seen(tf.reduce_mean(tf.stack(weights), axis=0), {})


def _check_tokenizers(first: Translator, other: Translator) -> None:
    for side in ("source", "target"):
        ours, theirs = (
            getattr(each, f"{side}_tokenizer").fingerprint for each in (first, other)
        )
        if ours != theirs:
            raise ConfigError(
                f"an ensemble: expected runs with the same {side} tokenizer, found "
                f"{ours[:12]} and {theirs[:12]}: train them with the same "
                f"tokenizer.{side}_model"
            )
