"""The same model, while its attention is changed."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from attnmt.errors import ConfigError
from attnmt.layers.attention.changed import Change, ChangedAttention
from attnmt.model import Seq2Seq


@contextmanager
def attending(
    network: Seq2Seq, changes: Sequence[Change], choice: Any = 0
) -> Iterator[None]:
    """Whatever is traced inside reads the source with changed weights.

    `choice` is the number of the change, or a variable that holds it.
    """
    decoder = network.decoder
    inner = decoder.attention
    decoder.attention = ChangedAttention(inner, changes, decoder.config.units, choice)
    try:
        yield
    finally:
        decoder.attention = inner


def require_tokens(network: Seq2Seq, run: str) -> None:
    """Raise ConfigError for attention that is not over source tokens."""
    if network.decoder.attention.align_kind != "token":
        raise ConfigError(
            f"{run}: expected attention over source tokens, found attention over "
            "memory slots (such as linformer): its weights tell nothing of the source, "
            "so there is nothing to erase or to compare; measure a run with another "
            "model.attention.type"
        )
