"""What a validation changes: the best so far, patience, the learning rate."""

import math
from collections.abc import Mapping

from attnmt.checkpoint import State
from attnmt.config.schema import Config
from attnmt.evaluation.metrics import KNOWN
from attnmt.training.validation import HIGHER_IS_BETTER


def judge(
    config: Config, state: State, measured: Mapping[str, float], text: str, search: str
) -> bool:
    """Take a validation into the state; True when it is the best so far.

    The first one of another metric, on other text or by another search than before is
    the best of its kind.
    """
    metric = config.validation.early_stopping.metric
    kind = f"{metric} {text}"
    if metric in KNOWN:  # of what was translated
        kind += f" {search}"
    if not kind.startswith(state.best_of):  # earlier versions tell less
        state.best_value, state.bad_validations = None, 0
    state.best_of = kind
    value, schedule = measured[metric], config.training.schedule
    if _better(value, state.best_value, HIGHER_IS_BETTER[metric]):
        state.best_value, state.best_step = value, state.step
        state.bad_validations = 0
        return True
    state.bad_validations += 1
    waited = state.bad_validations % (schedule.patience + 1) == 0
    if schedule.type == "plateau" and waited:
        state.rate_scale *= schedule.factor
    return False


def _better(value: float, best: float | None, higher: bool) -> bool:
    if not math.isfinite(value):
        return False
    return best is None or (value > best if higher else value < best)
