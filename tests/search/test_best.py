"""The ranking within TensorFlow is that of NumPy."""

import numpy as np
import pytest
import tensorflow as tf

from attnmt.search import NEVER, Seen, Trace, hypotheses
from attnmt.search.best import best_hypotheses

TIME, BATCH, BEAM, SOURCE, HEADS, END = 7, 3, 4, 5, 2, 1
LIMITS = np.array([7, 4, 6], np.int32)


def random_trace(seed: int, heads: int | None) -> Trace:
    draw = np.random.default_rng(seed)
    shape = (TIME, BATCH, BEAM)
    log_probs = np.cumsum(-draw.random(shape), axis=0).astype(np.float32)
    log_probs[draw.random(shape) < 0.2] = NEVER
    log_probs[:, :, 0] = np.cumsum(-draw.random(shape[:2]), axis=0)  # one goes on
    rows = (
        (TIME, BATCH * BEAM, SOURCE)
        if heads is None
        else (*(TIME, BATCH * BEAM, heads, SOURCE),)
    )
    return Trace(
        draw.integers(END, 4, shape, dtype=np.int32),
        draw.integers(0, BEAM, shape, dtype=np.int32),
        log_probs,
        Seen(draw.random(rows).astype(np.float32), {}),
    )


@pytest.mark.parametrize("heads", [None, HEADS])
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("alpha", [0.0, 1.3])
def test_the_best_is_what_numpy_ranks_first(seed, alpha, heads) -> None:
    trace = random_trace(seed, heads)
    tensors = tf.nest.map_structure(tf.constant, trace)
    best = best_hypotheses(tensors, tf.constant(LIMITS), END, alpha)
    for i, limit in enumerate(LIMITS):
        (expected,) = hypotheses(
            trace, i, source_length=SOURCE, max_length=limit, end=END, alpha=alpha
        )
        length = int(best.lengths[i])
        assert best.tokens[i, :length].numpy().tolist() == expected.tokens.tolist()
        assert not best.tokens[i, length:].numpy().any()
        assert float(best.scores[i]) == pytest.approx(expected.score, abs=1e-5)
        weights = np.moveaxis(best.weights[i, ..., :length, :], -2, 0)
        np.testing.assert_allclose(weights, expected.weights, atol=1e-6)
        assert not best.weights[i, ..., length:, :].numpy().any()
