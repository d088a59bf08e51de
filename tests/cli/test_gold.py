"""Gold links that commands share."""

from pathlib import Path

import pytest

from attnmt.cli.gold import check_gold
from attnmt.errors import ConfigError


def test_where_words_count_from_is_of_no_use_without_gold() -> None:
    check_gold(None, None)
    check_gold(Path("gold"), 0)
    with pytest.raises(ConfigError, match="^--gold-index: expected gold links with it"):
        check_gold(None, 0)
