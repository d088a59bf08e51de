"""What a hypothesis gains or loses for its length and coverage."""

from typing import Any

import numpy as np


def length_penalty(length: Any, alpha: Any) -> Any:
    """Divisor of the log-probability, ((5 + length) / 6)^alpha. Wu et al. (2016).

    Of a number or of tensors.
    """
    return ((5.0 + length) / 6.0) ** alpha


def coverage_penalty(weights: np.ndarray) -> float:
    """sum_j log min(sum_t weights_tj, 1) over the source. Wu et al. (2016), eq. 14.

    `weights` [target, (head,) source]; heads are averaged. Zero when every source
    position was read at least once in all, negative otherwise.
    """
    weights = weights.reshape(len(weights), -1, weights.shape[-1]).mean(axis=1)
    coverage = weights.sum(axis=0)  # [source]
    return float(np.log(np.clip(coverage, 1e-9, 1.0)).sum())
