"""Translating with some of the attention given: what if this had been read?"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from attnmt.edits import Edits
from attnmt.errors import ConfigError
from attnmt.layers.attention import Tensor
from attnmt.layers.attention.pinned import PinnedAttention
from attnmt.model import Source
from attnmt.searching import longest as most_pieces
from attnmt.sentences import SourceLine
from attnmt.translator import Translator


class PinnedTranslator(Translator):
    """Another Translator for these lines, that reads as the edits tell.

    A translation of a line with edits is flagged "forced", and the extra "pinned" tells
    which of its rows were given. Raises ConfigError for edits that do not fit, and for
    attention over memory slots. From then on the other reads with the same layers.
    """

    told = (
        tf.TensorSpec([None, None, None], tf.float32),  # [batch, step, source]
        tf.TensorSpec([None, None], tf.bool),  # [batch, step]
    )

    def __init__(self, other: Translator, edits: Edits, lines: Sequence[str]) -> None:
        if other.align_kind == "slot":
            raise ConfigError(
                f"{edits.path}: expected a model whose attention is over source "
                "tokens, found one that reads memory slots: no weights can be given"
            )
        tokenizers = (other.source_tokenizer, other.target_tokenizer)
        super().__init__(
            *(other.network, tokenizers, other.decoding, other.origin, other.shortlist)
        )
        self._header = other.describe()
        self._edits = edits
        self._rows = edits.rows([other._read(i, text) for i, text in enumerate(lines)])
        decoder = self.network.decoder
        decoder.attention = PinnedAttention(decoder.attention)

    def describe(self, mode: str = "translate", n_best: int = 1) -> dict[str, object]:
        forced = [edit.model_dump() for edit in self._edits.edits]
        return {**self._header, "mode": mode, "n_best": n_best, "forced": forced}

    def _read(self, number: int, text: str) -> SourceLine:
        line = super()._read(number, text)
        forced = ["forced"] if number in self._rows else []
        return line._replace(flags=line.flags + forced)

    def _parts(self, number: int, text: str) -> list[SourceLine]:
        if number in self._rows:  # edits count the pieces of a whole line
            return [self._read(number, text)]
        return super()._parts(number, text)

    def _tell(self, lines: list[SourceLine]) -> tuple[np.ndarray, ...]:
        longest = max(len(line.encoding.ids) for line in lines)
        most = int(most_pieces(longest, self.decoding.max_length_ratio))
        rows = [
            {
                step: row
                for step, row in self._rows.get(line.id, {}).items()
                if step < most
            }
            for line in lines
        ]
        steps = 1 + max((step for each in rows for step in each), default=0)
        given = np.zeros((len(lines), steps, longest), np.float32)
        pinned = np.zeros((len(lines), steps), np.bool_)
        for i, each in enumerate(rows):
            for step, row in each.items():
                given[i, step, : len(row)], pinned[i, step] = row, True
        return given, pinned

    def _encode(self, source: Tensor, *told: Tensor) -> Source:
        encoded = super()._encode(source)
        memory: Any = encoded.memory
        given, pinned = told
        return encoded._replace(memory=memory._replace(given=given, pinned=pinned))
