"""One small case for all mechanisms: every size is another number."""

from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import numpy as np
import pytest

from attnmt.config import schema
from attnmt.layers.attention import Attention, build_attention
from attnmt.model import named_weights

BATCH, TARGET, SOURCE, QUERY, VALUES, UNITS = 2, 3, 5, 7, 6, 4


class Case(NamedTuple):
    """A mechanism with random weights and something to read."""

    attention: Attention
    query: np.ndarray  # [batch, target, query]
    values: np.ndarray  # [batch, source, values]
    mask: np.ndarray  # [batch, source]

    def read(self, **change: Any) -> tuple[np.ndarray, np.ndarray]:
        """Context and weights, of other inputs where some are given."""
        case = self._replace(**change)
        memory = case.attention.prepare(case.values, case.mask)
        state = case.attention.initial_state(memory)
        context, weights, _ = case.attention(case.query, memory, state)
        return np.asarray(context, np.float32), np.asarray(weights)

    def weights(self) -> dict[str, np.ndarray]:
        """The weights by name in double precision."""
        named = named_weights(self.attention)
        return {name: np.asarray(value, np.float64) for name, value in named.items()}


@pytest.fixture(scope="session")
def make_case() -> Callable[..., Case]:
    def make(kind: str, dtype: str = "float32", **options: int) -> Case:
        draw = np.random.default_rng(sum(map(ord, kind)))
        depth = QUERY if kind in ("dot", "scaled_dot") else VALUES
        query = draw.normal(size=(BATCH, TARGET, QUERY)).astype(np.float32)
        values = draw.normal(size=(BATCH, SOURCE, depth)).astype(np.float32)
        mask = np.arange(SOURCE) < np.array([[SOURCE - 2], [SOURCE]])
        config = schema.Attention.model_validate({"type": kind, **options})
        attention = build_attention(config, QUERY)
        to = keras.ops.cast
        case = Case(attention, to(query, dtype), to(values, dtype), mask)
        case.read()  # builds the layers
        for variable in attention.weights:
            variable.assign(draw.normal(size=variable.shape))
        return case._replace(query=query, values=values) if dtype == "float32" else case

    return make
