"""The precision of new layers, changed for one test."""

from collections.abc import Callable, Iterator

import keras
import pytest


@pytest.fixture
def policy() -> Iterator[Callable[[str], None]]:
    """A function that sets the precision of new layers, for one test."""
    before = keras.config.dtype_policy()
    yield keras.config.set_dtype_policy
    keras.config.set_dtype_policy(before)
