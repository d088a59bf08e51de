"""Gradients against finite differences along random directions."""

import numpy as np
import tensorflow as tf

from attnmt.layers.attention import Tensor
from attnmt.testing.case import Case, Compiled, promise
from attnmt.weights import named_weights

STEP = 1e-2  # the whole length of a step; the layer computes in float32
PLACES = (-2, -1, 0, 1, 2)  # in steps
CLOSE = 3e-3


def check_gradients(case: Case, compiled: Compiled) -> None:
    """Queries, values and all weights that train have the numeric gradient."""
    loss = _Loss(case, compiled)
    names = named_weights(case.attention)
    weights = {name: v.value for name, v in names.items() if v.trainable}
    with tf.GradientTape() as tape:
        tape.watch([case.query, case.values])
        total = loss.of(case)
    points = {"the query": case.query, "the values": case.values} | weights
    for name, gradient in tape.gradient(total, points).items():
        if name in weights:
            gradient = tf.zeros_like(weights[name]) if gradient is None else gradient
        _check_one(loss, name, np.asarray(gradient, np.float64))


class _Loss:
    """A random linear function of contexts and weights, at a point moved a little."""

    def __init__(self, case: Case, compiled: Compiled) -> None:
        self.case = case
        self.names = named_weights(case.attention)
        self.read = compiled  # for speed
        draw = np.random.default_rng(3)
        self.factors = [draw.normal(size=part.shape) for part in case.reading()]

    def of(self, case: Case) -> Tensor:
        parts = zip(case.read(), self.factors, strict=True)
        return sum(tf.reduce_sum(x * factors) for x, factors in parts)

    def moved(self, name: str, by: np.ndarray) -> float:
        """The loss in double precision with one input or weight moved."""
        if name in self.names:
            before = np.array(self.names[name])
            self.names[name].assign(before + by)
            reading = self.read(*self.case[1:])
            self.names[name].assign(before)
        else:
            field = name.removeprefix("the ")
            point = tf.cast(np.asarray(getattr(self.case, field)) + by, tf.float32)
            reading = self.read(*self.case._replace(**{field: point})[1:])
        parts = zip(reading, self.factors, strict=True)
        return float(sum((np.asarray(x, np.float64) * f).sum() for x, f in parts))


def _check_one(loss: _Loss, name: str, gradient: np.ndarray) -> None:
    finite = bool(np.isfinite(gradient).all())
    promise(finite, f"a finite gradient of {name}", "NaN or infinity")
    draw = np.random.default_rng(5)
    compared = 0
    for attempt in range(8):
        direction = draw.normal(size=gradient.shape)
        direction /= np.linalg.norm(direction)
        step = STEP / 2 ** (attempt // 2)
        numeric = _slope([loss.moved(name, k * step * direction) for k in PLACES], step)
        if numeric is None:
            continue
        analytic = float((gradient * direction).sum())
        promise(
            abs(analytic - numeric) <= CLOSE * (1.0 + abs(numeric)),
            f"the gradient of {name} is that of finite differences",
            f"{analytic:.6g} against {numeric:.6g} along a direction",
        )
        compared += 1
        if compared == 2:
            return


def _slope(losses: list[float], step: float) -> float | None:
    """The slope amid losses at PLACES, or None with a kink or jump between them."""
    before2, before, here, after, after2 = losses
    near, far = (after - before) / (2.0 * step), (after2 - before2) / (4.0 * step)
    # Where it is smooth, twice the step bends twice as much.
    bend = (after - 2.0 * here + before) / step
    far_bend = (after2 - 2.0 * here + before2) / (2.0 * step)
    close = CLOSE * (1.0 + abs(near))
    if abs(near - far) > close or abs(far_bend - 2.0 * bend) > close:
        return None
    return (4.0 * near - far) / 3.0  # free of the third derivative
