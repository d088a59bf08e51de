"""Batches hold every pair, fit the budget, waste little, in a repeatable order."""

import threading
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from attnmt.config.schema import Config
from attnmt.text import batches
from attnmt.text.batches import make_batch, plan_epoch, plan_validation, prefetch
from attnmt.text.corpora import read_pairs
from attnmt.text.encoded import EncodedCorpus, encode_corpus
from attnmt.text.tokenizer import BOS, EOS, PAD, Tokenizer, prepare_tokenizers

Both = tuple[Tokenizer, Tokenizer]


@pytest.fixture(scope="module")
def corpora(pairs, tokenizers: Both, tmp_path_factory) -> list[EncodedCorpus]:
    """Two corpora of 200 and 60 pairs."""
    folder = tmp_path_factory.mktemp("encoded")
    return [
        encode_corpus(pairs[:200], *tokenizers, folder / "a", None),
        encode_corpus(pairs[200:260], *tokenizers, folder / "b", None),
    ]


def as_lists(plan: list[np.ndarray]) -> list[list[int]]:
    return [batch.tolist() for batch in plan]


def count(plan: list[np.ndarray]) -> Counter[int]:
    return Counter(np.concatenate(plan).tolist())


def test_an_epoch_is_a_pure_function_of_seed_and_epoch(corpora):
    def planned(seed: int, epoch: int) -> list[list[int]]:
        np.random.seed(epoch)  # noqa: NPY002 (must not matter)
        return as_lists(plan_epoch(corpora, [1.0, 0.5], 128, seed, epoch))

    assert planned(3, 5) == planned(3, 5)
    others = [planned(3, 6), planned(4, 5), planned(5, 3)]
    assert all(other != planned(3, 5) for other in others)


def test_epochs_group_sentences_anew(corpora):
    first, second = (plan_epoch(corpora, [1, 1], 128, 1, epoch) for epoch in (0, 1))
    groups = [{frozenset(batch) for batch in as_lists(p)} for p in (first, second)]
    assert len(groups[0] & groups[1]) < len(groups[0]) / 2


def test_an_epoch_holds_every_pair_once(corpora):
    plan = plan_epoch(corpora, [1.0, 1.0], 128, 1, 0)
    assert count(plan) == Counter(range(260))


def test_an_epoch_that_is_sorted_in_parts_holds_every_pair_once(corpora, monkeypatch):
    monkeypatch.setattr(batches, "_SORTED", 17)
    plan = plan_epoch(corpora, [1.0, 1.0], 200, seed=1, epoch=0)
    assert count(plan) == Counter(range(260))
    assert max(map(len, plan)) <= 17


def test_weights_say_how_often_a_corpus_is_read(corpora):
    times = count(plan_epoch(corpora, [0.25, 2.5], 128, 1, 0))
    first = {i: n for i, n in times.items() if i < 200}
    second = {i: n for i, n in times.items() if i >= 200}
    assert len(first) == 50 and set(first.values()) == {1}
    assert len(second) == 60 and Counter(second.values()) == {2: 30, 3: 30}


def test_a_tiny_weight_still_draws_a_pair(corpora):
    assert sum(count(plan_epoch(corpora[:1], [1e-6], 128, 1, 0)).values()) == 1


@pytest.mark.parametrize("batch_tokens", [16, 100, 1000])
def test_batches_fit_the_budget_on_both_sides(batch_tokens: int, corpora):
    for indices in plan_epoch(corpora, [1.0, 1.0], batch_tokens, 1, 0):
        batch = make_batch(corpora, indices)
        assert batch.source.size <= batch_tokens or len(indices) == 1
        assert batch.target_out.size <= batch_tokens or len(indices) == 1


def test_a_batch_is_as_large_as_the_budget_allows(corpora):
    plan = plan_validation(corpora[0], 100)
    for before, after in zip(plan[:-1], plan[1:], strict=True):
        larger = make_batch(corpora, np.append(before, after[0]))
        assert max(larger.source.size, larger.target_out.size) > 100


def test_a_sentence_over_the_budget_is_alone(corpora):
    plan = plan_epoch(corpora, [1.0, 1.0], 2, 1, 0)
    assert [len(batch) for batch in plan] == [1] * 260


def test_validation_holds_every_pair_once_in_a_fixed_order(corpora):
    plan = plan_validation(corpora[0], 100)
    assert count(plan) == Counter(range(200))
    assert as_lists(plan) == as_lists(plan_validation(corpora[0], 100))


def test_a_batch_is_padded_and_has_its_ends(corpora):
    indices = np.array([203, 7, 259, 0, 7])  # of both corpora, mixed
    batch = make_batch(corpora, indices)
    assert {array.dtype for array in batch} == {np.dtype(np.int32)}
    places = [(1, 3), (0, 7), (1, 59), (0, 0), (0, 7)]
    for row, (number, index) in enumerate(places):
        source = corpora[number].source(index).tolist()
        target = corpora[number].target(index).tolist()
        assert without_padding(batch.source[row]) == [*source, EOS]
        assert without_padding(batch.target_in[row]) == [BOS, *target]
        assert without_padding(batch.target_out[row]) == [*target, EOS]
    for array in batch:
        assert (array[:, -1] != PAD).any()


def without_padding(row: np.ndarray) -> list[int]:
    """The ids before the padding, which must all stand to the right."""
    length = int((row != PAD).sum())
    assert (row[length:] == PAD).all()
    return row[:length].tolist()


def test_little_of_a_real_batch_is_padding(corpora_folder: Path, tmp_path: Path):
    folder = corpora_folder / "multi30k"
    corpus = {"source": folder / "train.en", "target": folder / "train.de"}
    config = Config.model_validate(
        {
            "run_dir": tmp_path,
            "data": {"source_lang": "en", "target_lang": "de", "train": [corpus]},
            "tokenizer": {"vocab_size": 6000},
        }
    )
    tokenizers = prepare_tokenizers(config, tmp_path)
    pairs = read_pairs(config.data.train[0], "en", "de")
    encoded = [encode_corpus(pairs, *tokenizers, tmp_path / "c", 100)]
    batches = [make_batch(encoded, b) for b in plan_epoch(encoded, [1.0], 3000, 1, 0)]
    for side in ("source", "target_out"):
        arrays = [getattr(batch, side) for batch in batches]
        used = sum(int((array != PAD).sum()) for array in arrays)
        assert used / sum(array.size for array in arrays) > 0.95


def test_prefetch_keeps_items_and_order():
    assert list(prefetch(iter(range(50)), depth=3)) == list(range(50))
    assert list(prefetch([])) == []


def test_prefetch_works_ahead_but_not_too_far():
    made = []
    items = prefetch((made.append(i) or i for i in range(50)), depth=3)
    assert next(items) == 0
    time.sleep(0.3)
    assert 3 <= len(made) <= 5
    assert list(items) == list(range(1, 50))


def test_prefetch_raises_what_the_thread_raised_after_the_items():
    def failing():
        yield 1
        raise ValueError("broken")

    items = prefetch(failing())
    assert next(items) == 1
    with pytest.raises(ValueError, match="broken"):
        next(items)


def test_closing_prefetch_ends_its_thread_and_closes_its_source():
    closed = threading.Event()

    def endless():
        try:
            while True:
                yield 0
        finally:
            closed.set()

    before = threading.active_count()
    items = prefetch(endless(), depth=2)
    next(items)
    assert threading.active_count() == before + 1
    items.close()
    assert threading.active_count() == before
    assert closed.wait(1)
