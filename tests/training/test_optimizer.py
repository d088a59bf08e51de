"""Update rules against Keras' and against NumPy."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from attnmt.config import schema
from attnmt.training.optimizer import Adam, make_optimizer

DRAW = np.random.default_rng(6)
MATRIX = DRAW.normal(size=(3, 2)).astype(np.float32)
BIAS = DRAW.normal(size=4).astype(np.float32)


def gradient(start: np.ndarray, step: int) -> np.ndarray:
    return np.sin(start + step).astype(np.float32)


def test_adam_is_that_of_keras() -> None:
    """Three updates, so that both of its averages have a history."""
    found = []
    for make in (Adam, keras.optimizers.Adam):
        variable = keras.Variable(MATRIX)
        optimizer = make(0.01, beta_2=0.98)
        optimizer.build([variable])
        for step in range(3):
            optimizer.apply([tf.constant(gradient(MATRIX, step))], [variable])
        slots = optimizer._momentums[0], optimizer._velocities[0], optimizer.iterations
        found.append([np.asarray(x) for x in (variable, *slots)])
    for x, expected in zip(*found, strict=True):
        np.testing.assert_allclose(x, expected, rtol=1e-5)


def adamw(start: np.ndarray, rates: list[float], decay: float) -> np.ndarray:
    """Loshchilov & Hutter (2019), algorithm 2, with Keras' place of the epsilon."""
    x, m, v = start.astype(float), 0.0, 0.0
    for step, rate in enumerate(rates):
        g, t = gradient(start, step), step + 1
        m, v = 0.9 * m + 0.1 * g, 0.98 * v + 0.02 * g * g
        size = rate * np.sqrt(1 - 0.98**t) / (1 - 0.9**t)
        x = x - size * m / (np.sqrt(v) + 1e-7) - rate * decay * x
    return x


@pytest.mark.parametrize("precision", ["float32", "mixed_float16"])
def test_weight_decay_is_decoupled_and_leaves_biases_alone(precision: str) -> None:
    variables = [keras.Variable(MATRIX), keras.Variable(BIAS)]
    config = schema.Training(weight_decay=0.7)
    optimizer = make_optimizer(config, precision, variables)
    rates = [0.02, 0.05, 0.01]
    for step, rate in enumerate(rates):
        optimizer.learning_rate = rate
        scale = optimizer.scale_loss(1.0)
        gradients = [tf.constant(gradient(x, step)) * scale for x in (MATRIX, BIAS)]
        optimizer.apply(gradients, variables)
    expected = adamw(MATRIX, rates, 0.7), adamw(BIAS, rates, 0.0)
    for variable, wanted in zip(variables, expected, strict=True):
        np.testing.assert_allclose(variable, wanted, rtol=2e-5)


def test_weight_decay_without_momentum_is_a_share_of_the_matrix() -> None:
    variables = [keras.Variable(MATRIX), keras.Variable(BIAS)]
    config = schema.Training(optimizer="sgd", weight_decay=0.5)
    optimizer = make_optimizer(config, "float32", variables)
    optimizer.learning_rate = 0.2
    optimizer.apply([tf.zeros((3, 2)), tf.zeros(4)], variables)
    np.testing.assert_allclose(variables[0], 0.9 * MATRIX, rtol=1e-6)
    np.testing.assert_array_equal(variables[1], BIAS)
