"""A dump of attention between words, derived from one between pieces."""

from typing import Any

import numpy as np

from attnmt.analysis.record import Record
from attnmt.analysis.views import END
from attnmt.analysis.words import Span, TargetPieces, cut, word_shares


def word_record(record: Record, target_pieces: TargetPieces = "mean") -> Record:
    """The same hypothesis with words for pieces; they have no ids (-1) and no extras.

    Its weights are those of `word_weights`; the log-probability of a word is the sum of
    its pieces'.
    """
    if not record.source_pieces:
        return record
    rows = len(record.target_words) + record.finished
    shares = word_shares(record.target_spans, record.target_words)  # [pieces, words+1]
    changes = {
        **_side("source", record.source, record.source_words, True),
        **_side("target", record.hypothesis, record.target_words, record.finished),
        "log_probs": (np.array(record.log_probs) @ shares)[:rows].tolist(),
        "weights": record.word_weights(target_pieces)[:, :, :rows],
        "extras": {},
    }
    return record.model_copy(update=changes)


def _side(side: str, text: str, words: list[Span], ended: bool) -> dict[str, Any]:
    size = len(text.encode())
    return {
        f"{side}_pieces": [*cut(text, words), *([END] if ended else [])],
        f"{side}_spans": [*words, *([(size, size)] if ended else [])],
        f"{side}_ids": [-1] * (len(words) + ended),
    }
