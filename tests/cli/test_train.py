"""The options of `attnmt train` that need no training."""

import pytest

from attnmt.cli.train import _parse_seeds
from attnmt.errors import ConfigError


def test_seeds_are_a_list_of_numbers() -> None:
    assert _parse_seeds(None, 5) == []
    assert _parse_seeds("3, 1,20", None) == [1, 3, 20]


@pytest.mark.parametrize("text", ["", "1", "1,1", "1,two", "1,-2", "1,2147483648"])
def test_other_seeds_are_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="^--seeds: expected two or more different"):
        _parse_seeds(text, None)


def test_one_seed_beside_many_is_refused() -> None:
    with pytest.raises(ConfigError, match="no --seed beside it"):
        _parse_seeds("1,2", 3)
