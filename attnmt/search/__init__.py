"""Search for translations over a step function; knows no model and no text."""

from attnmt.search.beam import Seen as Seen
from attnmt.search.beam import Trace as Trace
from attnmt.search.beam import search as search
from attnmt.search.hypotheses import Hypothesis as Hypothesis
from attnmt.search.hypotheses import hypotheses as hypotheses
