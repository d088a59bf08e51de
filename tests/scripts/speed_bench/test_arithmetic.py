"""Tokens, padding and arithmetic are counted as by hand."""

import numpy as np
import pytest
from speed_bench.arithmetic import training_flops
from speed_bench.batch_files import (
    Counts,
    count,
    endless,
    load_batches,
    padding_share,
    save_batches,
    total,
)
from speed_bench.settings import VOCABULARY, generated_batches, model_settings

SOURCE = np.array([[5, 6, 3], [7, 3, 0]], np.int32)
TARGET = np.array([[4, 9, 8, 3], [3, 0, 0, 0]], np.int32)
COUNTS = Counts(source=5, target=5, padded_source=6, padded_target=8, pairs=14)


def test_real_tokens_and_places_are_counted():
    assert count((SOURCE, TARGET, TARGET)) == COUNTS
    assert padding_share(COUNTS) == pytest.approx(4 / 14)
    assert total([COUNTS, COUNTS]).pairs == 28


def test_batches_come_back_in_their_order_again_and_again(tmp_path):
    batches = [(SOURCE, TARGET, TARGET), (SOURCE + 1, TARGET, TARGET)]
    save_batches(tmp_path / "batches.npz", batches)
    turns = endless(load_batches(tmp_path / "batches.npz"))
    found = [next(turns)[0][0] for _ in range(3)]
    np.testing.assert_array_equal(found, [SOURCE, SOURCE + 1, SOURCE])


@pytest.mark.parametrize(
    ("style", "megaflops"),
    [("luong", 15.05), ("luong+feeding", 17.15), ("bahdanau", 17.7)],
)
def test_forward_arithmetic_of_a_target_token_is_that_of_the_reference(
    style, megaflops
):
    tokens = 20 * 128  # sentences of 20 tokens on either side
    counts = Counts(tokens, tokens, tokens, tokens, 20 * tokens)
    flops = training_flops(model_settings(style), VOCABULARY, counts)
    # The reference leaves the attention's own products and the embedding beside out.
    assert flops / 3 / tokens / 1e6 == pytest.approx(megaflops, rel=0.03)


def test_generated_batches_have_the_length_and_no_padding():
    batches = generated_batches(vocabulary=50, length=8)
    lengths = [batch.target_out.shape[1] for batch in batches]
    assert 6 <= min(lengths) and max(lengths) <= 10
    assert all(batch.source.min() >= 4 and batch.source.max() < 50 for batch in batches)
