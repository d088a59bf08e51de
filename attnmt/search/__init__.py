"""Search for translations over a step function; knows no model and no text.

Hypotheses are read from a trace without TensorFlow, which `search` brings along.
"""

from typing import TYPE_CHECKING

from attnmt.search.hypotheses import Hypothesis as Hypothesis
from attnmt.search.hypotheses import hypotheses as hypotheses
from attnmt.search.trace import NEVER as NEVER
from attnmt.search.trace import Seen as Seen
from attnmt.search.trace import Trace as Trace

if TYPE_CHECKING:
    from attnmt.search.loop import search as search


def __getattr__(name: str) -> object:
    if name == "search":
        from attnmt.search.loop import search

        return search
    raise AttributeError(f"module 'attnmt.search' has no attribute {name!r}")
