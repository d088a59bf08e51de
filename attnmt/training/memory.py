"""Updates in as many parts as memory asks for."""

from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf

from attnmt.checkpoint import State
from attnmt.errors import AttnmtError
from attnmt.layers.attention import Tensor
from attnmt.text.batches import Batch
from attnmt.training.guidance import GuidedBatch
from attnmt.training.objective import Totals
from attnmt.training.step import Trainer


class MemoryExhausted(AttnmtError):
    """Not even one sentence pair at a time fits into memory."""


def update_in_parts(
    trainer: Trainer,
    batches: Sequence[Batch | GuidedBatch],
    seed: int,
    state: State,
    rate: float,
    tell: Callable[[str], None],
) -> tuple[Totals, Tensor]:
    """`Trainer.update`, each batch cut into `state.parts`; twice as many when need be.

    An update is made of as many sentences as before. Raises MemoryExhausted.
    """
    while True:
        parts = [part for batch in batches for part in split(batch, state.parts)]
        try:
            return trainer.update(parts, seed, state.step, rate)
        except tf.errors.ResourceExhaustedError as error:
            if max(len(part.source) for part in parts) == 1:
                raise MemoryExhausted(
                    "out of memory with a single sentence pair: lower "
                    "data.max_length, or make the model smaller"
                ) from error
        state.parts *= 2
        tell(
            f"step {state.step + 1}: out of memory: from here on every batch is "
            f"computed in {state.parts} parts"
        )


def split(batch: Batch | GuidedBatch, parts: int) -> list[Batch | GuidedBatch]:
    """A batch cut into that many of nearly equal size; fewer when it is small."""
    if parts == 1:
        return [batch]
    rows = np.array_split(np.arange(len(batch.source)), parts)
    bounds = [(int(part[0]), int(part[-1]) + 1) for part in rows if len(part)]
    if isinstance(batch, Batch):
        return [Batch(*(side[a:b] for side in batch)) for a, b in bounds]
    return [_guided(batch, a, b) for a, b in bounds]


def _guided(batch: GuidedBatch, begin: int, end: int) -> GuidedBatch:
    here = (batch.links[:, 0] >= begin) & (batch.links[:, 0] < end)
    links = batch.links[here] - np.array([begin, 0, 0], np.int32)
    source, target_in, target_out = (side[begin:end] for side in batch[:3])
    return GuidedBatch(source, target_in, target_out, links, batch.shares[here])
