"""The same model, while its attention is changed."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from attnmt.errors import ConfigError
from attnmt.layers.attention.changed import Change, ChangedAttention
from attnmt.model import Seq2Seq


@contextmanager
def attending(
    network: Seq2Seq, changes: Sequence[Change]
) -> Iterator[ChangedAttention]:
    """Whatever is traced inside reads the source with weights that are changed.

    By the first change, or by the one that the layer's `choice` says.
    """
    decoder = network.decoder
    inner = decoder.attention
    decoder.attention = ChangedAttention(inner, changes, decoder.config.units)
    try:
        yield decoder.attention
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
