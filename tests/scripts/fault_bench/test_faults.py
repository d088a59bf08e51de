"""A fault is in the text that it was planted into, and nothing else is."""

import pytest
from fault_bench.faults import FAULTS, planted

SOURCE = "der alte Mann las gestern ein gutes Buch ."
TARGET = "the old man read a good book yesterday ."
SEEDS = [str(seed) for seed in range(40)]


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_planted_again_at_the_same_place(name):
    found = {planted(name, SOURCE, TARGET, seed) for seed in SEEDS}
    assert found == {planted(name, SOURCE, TARGET, seed) for seed in SEEDS}
    assert TARGET not in found and len(found) > 3


@pytest.mark.parametrize("seed", SEEDS)
def test_words_in_a_row_are_deleted(seed):
    words, target = (
        (planted("deleted", SOURCE, TARGET, seed) or "").split(),
        TARGET.split(),
    )
    lost = len(target) - len(words)
    assert 2 <= lost <= 4
    assert any(
        words == target[:begin] + target[begin + lost :] for begin in range(len(words))
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_words_in_a_row_are_repeated(seed):
    words, target = (
        (planted("repeated", SOURCE, TARGET, seed) or "").split(),
        TARGET.split(),
    )
    kinds = {
        tuple(target[:end] + more * target[begin:end] + target[end:])
        for begin in range(len(target))
        for end in range(begin + 1, begin + 5)
        for more in (1, 2)
    }
    assert tuple(words) in kinds


@pytest.mark.parametrize("seed", SEEDS)
def test_half_of_the_source_or_more_is_copied(seed):
    words, source = (
        (planted("copied", SOURCE, TARGET, seed) or "").split(),
        SOURCE.split(),
    )
    copied = max(n for n in range(10) if words[len(words) - n :] == source[9 - n :])
    assert copied >= 5 and words[: len(words) - copied] == TARGET.split()[: 9 - copied]


@pytest.mark.parametrize("name", FAULTS)
def test_a_short_sentence_is_left_out(name):
    assert planted(name, "ja", "yes", "1") is None
