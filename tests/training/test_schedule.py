"""The learning rate as a function of where the training is."""

import pytest

from attnmt.config import schema
from attnmt.training.schedule import learning_rate


def rate(step: int, progress: float = 0.0, scale: float = 1.0, **schedule) -> float:
    config = schema.Training.model_validate(
        {"learning_rate": 0.02, "schedule": schedule}
    )
    return learning_rate(config, step, progress, scale)


@pytest.mark.parametrize("kind", ["constant", "inverse_sqrt", "plateau", "cosine"])
def test_every_schedule_rises_linearly_over_the_warm_up(kind):
    rates = [rate(step, type=kind, warmup_steps=4) for step in (1, 2, 3, 4)]
    assert rates == pytest.approx([0.005, 0.01, 0.015, 0.02])


@pytest.mark.parametrize("kind", ["constant", "plateau"])
def test_a_constant_rate_stays(kind):
    assert [rate(s, type=kind) for s in (1, 5, 10**6)] == [0.02] * 3
    assert rate(9, type=kind, warmup_steps=4) == 0.02


def test_inverse_sqrt_falls_from_the_end_of_the_warm_up():
    rates = [rate(s, type="inverse_sqrt", warmup_steps=4) for s in (4, 16, 64)]
    assert rates == pytest.approx([0.02, 0.01, 0.005])


def test_inverse_sqrt_without_a_warm_up_falls_from_the_first_step():
    rates = [rate(s, type="inverse_sqrt") for s in (1, 4, 100)]
    assert rates == pytest.approx([0.02, 0.01, 0.002])


def test_cosine_falls_to_zero_at_the_end():
    shares = (0.0, 0.5, 2 / 3, 1.0, 1.5)
    rates = [rate(7, share, type="cosine") for share in shares]
    assert rates == pytest.approx([0.02, 0.01, 0.005, 0.0, 0.0])


def test_plateau_has_made_of_the_rate_what_its_scale_says():
    assert rate(3, scale=0.25, type="plateau") == pytest.approx(0.005)
