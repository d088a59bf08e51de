"""What a training begins with: weights of another run, and those that never change."""

from collections.abc import Sequence
from fnmatch import filter as matching

import numpy as np

from attnmt import checkpoint
from attnmt.config.schema import Config
from attnmt.errors import ConfigError
from attnmt.model import Seq2Seq
from attnmt.run import Run
from attnmt.text.tokenizer import Tokenizer, load_tokenizers
from attnmt.training.progress import say
from attnmt.training.step import Trainer
from attnmt.weights import named_weights

Tokenizers = tuple[Tokenizer, Tokenizer]
Places = tuple[list[int], list[int]]  # ids of the same pieces, now and then
# Tensors with a row for each piece, and of which side.
_ROWS = {
    "source_embedding.table": 0,
    "target_embedding.table": 1,
    "projection.kernel": 1,
    "projection.bias": 1,
    "lexical.kernel": 1,
}


def with_tokenizers_of(parent: Run, config: Config) -> Config:
    """The configuration with the tokenizers of a run, unless it names some itself.

    Raises ConfigError when it wants them shared, or lower-cased, and they are not.
    """
    options, theirs = config.tokenizer, parent.load_config().tokenizer
    if options.source_model or options.target_model:
        return config
    for key in ("shared", "lowercase"):
        expected, found = getattr(theirs, key), getattr(options, key)
        if found != expected:
            raise ConfigError(
                f"tokenizer.{key}: expected {str(expected).lower()} as in "
                f"{parent.path}, whose tokenizer is taken over, found "
                f"{str(found).lower()} (tokenizer.source_model names another one)"
            )
    for key in ("vocab_size", "model_type"):
        if getattr(options, key) != getattr(theirs, key):
            say(
                f"tokenizer.{key}: {getattr(options, key)} has no effect: the "
                f"tokenizer is that of {parent.path}"
            )
    names = ("shared", None) if theirs.shared else ("source", "target")
    files = [name and parent.tokenizer_dir / f"{name}.model" for name in names]
    models = {"source_model": files[0], "target_model": files[1]}
    return config.model_copy(update={"tokenizer": options.model_copy(update=models)})


def take_weights(parent: Run, model: Seq2Seq, tokenizers: Tokenizers) -> None:
    """Give a model the weights of the best checkpoint of a run.

    Of pieces that the run does not know the new rows stay. Raises DataError when the
    run is of another model.
    """
    best, config = parent.best_checkpoint(), parent.load_config()
    state, file = checkpoint.load_state(best), best / checkpoint.WEIGHTS
    theirs = load_tokenizers(config, parent.tokenizer_dir)
    fingerprints = [tokenizer.fingerprint for tokenizer in theirs]
    checkpoint.check_tokenizers(state, fingerprints, parent.tokenizer_dir)
    weights, arrays = named_weights(model), checkpoint.load_arrays(file)
    known = [_places(*sides) for sides in zip(tokenizers, theirs, strict=True)]
    for name in weights.keys() & arrays.keys():
        arrays[name] = _rows(name, np.array(weights[name]), arrays[name], known)
    checkpoint.assign(weights, arrays, file)
    kept = " and ".join(
        f"{len(here):,} of {len(tokenizer):,} {side} pieces"
        for side, (here, _), tokenizer in zip(
            ("source", "target"), known, tokenizers, strict=True
        )
    )
    say(f"begins with the weights of {best}: {kept}")


def take_slots(parent: Run, trainer: Trainer, tokenizers: Tokenizers) -> None:
    """Give an optimizer what that of a run, of the same kind, had learnt of gradients.

    For new pieces it is nothing. The count of updates stays 0: an average of the
    weights goes by it, which would hold on to those of the run too long.
    """
    config = parent.load_config()
    if config.training.optimizer != trainer.config.optimizer:
        return
    arrays = checkpoint.load_arrays(parent.best_checkpoint() / checkpoint.OPTIMIZER)
    theirs = load_tokenizers(config, parent.tokenizer_dir)
    known = [_places(*sides) for sides in zip(tokenizers, theirs, strict=True)]
    for name, slot in trainer.named_state().items():
        kind, _, weight = name.partition(".")
        if kind in ("momentums", "velocities") and name in arrays:
            slot.assign(_rows(weight, np.array(slot), arrays[name], known))


def freeze(model: Seq2Seq, patterns: Sequence[str]) -> None:
    """Keep training away from the weights whose names match.

    Raises ConfigError for a pattern that matches none, or when nothing is left.
    """
    weights = named_weights(model)
    for pattern in patterns:
        if not (names := matching(weights, pattern)):
            raise ConfigError(
                f"training.freeze: no weight is called {pattern!r}: there are "
                f"{', '.join(weights)}"
            )
        for name in names:
            weights[name].trainable = False
    if not model.trainable_variables:
        raise ConfigError("training.freeze: nothing is left to train")


def _rows(
    name: str, new: np.ndarray, old: np.ndarray, known: list[Places]
) -> np.ndarray:
    """Old values, put where the pieces of their rows are now; other rows stay new."""
    if name not in _ROWS or new.shape[1:] != old.shape[1:]:  # `assign` tells
        return old
    here, there = known[_ROWS[name]]
    new[here] = old[there]
    return new


def _places(now: Tokenizer, then: Tokenizer) -> Places:
    """The ids of the pieces that both know, in each of them."""
    old = {then.piece(i): i for i in range(len(then))}
    here = [i for i in range(len(now)) if now.piece(i) in old]
    return here, [old[now.piece(i)] for i in here]
