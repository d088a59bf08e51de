"""The encoder: recurrent layers over the source."""

from typing import NamedTuple

import keras
import tensorflow as tf
from keras import ops

from attnmt.config import schema
from attnmt.layers.attention import Tensor
from attnmt.layers.cell import Recurrence
from attnmt.layers.dropout import Seed, dropout, dropout_mask, fold_in
from attnmt.layers.recurrent import make_cell, run_cell
from attnmt.layers.self_attention import SelfAttention


class Encoded(NamedTuple):
    """A source batch after the encoder."""

    values: Tensor  # [batch, source, depth]
    mask: Tensor  # [batch, source], True where there is a token
    final: Tensor  # [batch, depth], the last hidden states of the top layer


class Encoder(keras.layers.Layer):
    """A stack of recurrent layers, each reading forwards or both ways.

    With `residual` a layer adds what it read to what it tells, from the second one on,
    Wu et al. (2016), eq. 6. Self-attention, if asked for, comes last.
    """

    def __init__(
        self, config: schema.Encoder, drops: schema.Dropout, input_depth: int
    ) -> None:
        super().__init__()
        self.drops = drops
        self.residual = config.residual
        directions = 2 if config.bidirectional else 1
        self.depth = directions * config.units
        depths = [input_depth] + [self.depth] * (config.layers - 1)

        def stack() -> list[Recurrence]:
            return [make_cell(config, depth) for depth in depths]

        self.forward_cells = stack()
        self.backward_cells = stack() if config.bidirectional else []
        if config.self_attention_heads:
            heads = config.self_attention_heads
            self.self_attention = SelfAttention(self.depth, heads, drops)
        self.attends = config.self_attention_heads > 0
        self.built = True

    def call(self, embedded: Tensor, mask: Tensor, seed: Seed = None) -> Encoded:
        """Read [batch, source, size] vectors; `seed` switches dropout on."""
        x = tf.transpose(embedded, [1, 0, 2])  # [source, batch, size]
        time_mask = tf.transpose(mask)  # [source, batch]
        final = []
        for layer in range(len(self.forward_cells)):
            layer_seed = fold_in(seed, layer)
            below = x
            if layer > 0:
                along = 0 if self.drops.variational else None
                x = dropout(x, self.drops.output, fold_in(layer_seed, 0), along)
            x, final = self._both_ways(layer, x, time_mask, layer_seed)
            if self.residual and layer > 0:
                x += below
        values = tf.transpose(x, [1, 0, 2])  # [batch, source, depth]
        if self.attends:
            values = self.self_attention(
                values, mask, fold_in(seed, len(self.forward_cells))
            )
        return Encoded(values, mask, ops.concatenate(final, axis=-1))

    def _both_ways(
        self, layer: int, x: Tensor, mask: Tensor, seed: Seed
    ) -> tuple[Tensor, list[Tensor]]:
        def run(cell: Recurrence, reverse: bool) -> tuple[Tensor, Tensor]:
            drop = dropout_mask(
                x[0], cell.units, self.drops.recurrent, fold_in(seed, 1 + reverse)
            )
            outputs, state = run_cell(cell, x, mask, drop, reverse)
            return outputs, state[0]

        runs = [run(self.forward_cells[layer], False)]
        if self.backward_cells:
            runs.append(run(self.backward_cells[layer], True))
        outputs = ops.concatenate([o for o, _ in runs], axis=-1)
        return outputs, [hidden for _, hidden in runs]
