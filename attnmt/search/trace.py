"""What a search leaves behind; the same whatever made the steps."""

from typing import Any, NamedTuple

Tensor = Any
NEVER = -1e30  # the log-probability of a hypothesis that is none


class Seen(NamedTuple):
    """What a step saw of the source."""

    weights: Tensor  # [batch * beam, ..., source]
    extras: dict[str, Tensor]  # [batch * beam, ...], what else is told, by name


class Trace(NamedTuple):
    """What every step of a search chose; hypotheses are read from it backwards.

    That of one step alone lacks the time axis.
    """

    tokens: Tensor  # [time, batch, beam]
    parents: Tensor  # [time, batch, beam], the beam slot of the step before
    log_probs: Tensor  # [time, batch, beam], of the whole prefix; NEVER: no hypothesis
    seen: Seen  # [time, batch * beam, ...], row by parent, not by slot


def most_going(going: Tensor, sentences: Tensor) -> Tensor:
    """Whether a batch goes on as it is; else those that are over leave it."""
    return 2 * going > sentences
