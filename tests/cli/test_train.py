"""The options of `attnmt train` that need no training."""

from pathlib import Path

import pytest

from attnmt.cli.train import Resume, _parse_seeds, train
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


@pytest.mark.parametrize("beside", [{"seeds": "1,2"}, {"resume": Resume.must}])
def test_a_dry_run_goes_on_from_nothing_and_is_one(beside: dict) -> None:
    with pytest.raises(ConfigError, match="^--dry-run: expected neither --seeds nor"):
        train(Path("none.yaml"), dry_run=True, **beside)
