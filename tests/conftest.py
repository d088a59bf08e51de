"""Records of translations that no model made."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import settings

from attnmt.analysis.record import Record
from attnmt.analysis.words import Span, word_spans

# No deadline: a machine under load is no failure.
settings.register_profile("attnmt", deadline=None)
settings.load_profile("attnmt")


def pieces_of(text: str) -> tuple[list[str], list[Span]]:
    """Halves of the words; a piece brings the space before it along."""
    raw, pieces, spans, end = text.encode(), [], [], 0
    for begin, stop in word_spans(text):
        word = raw[begin:stop].decode()
        middle = begin + len(word[: len(word) // 2].encode())
        pieces += ["▁" + word[: len(word) // 2], word[len(word) // 2 :]]
        spans += [(end, middle), (middle, stop)]
        end = stop
    return [*pieces, "</s>"], [*spans, (len(raw), len(raw))]


def record_of(
    id_: int = 0,
    source: str = "ein Kahn sinkt .",
    hypothesis: str = "a boat is sinking .",
    *,
    layers: int = 1,
    heads: int = 1,
    **fields,
) -> Record:
    (source_pieces, source_spans), (target_pieces, target_spans) = (
        pieces_of(text) if source.strip() else ([], []) for text in (source, hypothesis)
    )
    shape = (layers, heads, len(target_pieces), len(source_pieces))
    draw = np.random.default_rng(id_)
    weights = draw.random(shape) ** 8
    if weights.size:
        weights /= weights.sum(axis=-1, keepdims=True)
    values = {
        "id": id_,
        "source": source,
        "hypothesis": hypothesis,
        "score": -3.25,
        "norm_score": -0.4,
        "source_pieces": source_pieces,
        "target_pieces": target_pieces,
        "source_ids": list(range(len(source_pieces))),
        "target_ids": list(range(len(target_pieces))),
        "source_spans": source_spans,
        "target_spans": target_spans,
        "log_probs": draw.random(len(target_pieces)).tolist(),
        "weights": weights.astype(np.float32),
    }
    return Record(**values | fields)


@pytest.fixture(scope="session")
def make_record() -> Callable[..., Record]:
    return record_of
