"""The learning rate as a function of where the training is."""

import math

from attnmt.config import schema


def learning_rate(
    config: schema.Training, step: int, progress: float, scale: float
) -> float:
    """The rate of update `step` (from 1).

    `progress` is the share of the training that is done, 0 to 1 (cosine); `scale`
    is what plateau has made of the rate so far.
    """
    schedule, warmup = config.schedule, config.schedule.warmup_steps
    rate = config.learning_rate * scale * min(1.0, step / max(1, warmup))
    if schedule.type == "inverse_sqrt":
        rate *= math.sqrt(max(1, warmup) / max(1, warmup, step))
    if schedule.type == "cosine":
        rate *= 0.5 * (1.0 + math.cos(math.pi * min(1.0, progress)))
    return rate
