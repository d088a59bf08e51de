"""When a training is validated, is saved and ends: functions of where it is."""

import math

from attnmt.checkpoint import State
from attnmt.config.schema import Config


class Calendar:
    """What is due at a state of a training."""

    def __init__(self, config: Config, validates: bool) -> None:
        self.options, self.validates = config.training, validates
        self._patience = config.validation.early_stopping.patience or math.inf
        count, unit = config.validation.every.split()
        self._every_epochs = int(count) if unit.startswith("epoch") else 0
        self._every_steps = int(count) if unit.startswith("step") else 0

    def ended_by(self, state: State) -> str | None:
        """The setting that ends the training there, None while it goes on."""
        if state.epoch >= self.options.max_epochs:
            return "training.max_epochs"
        if state.step >= (self.options.max_steps or math.inf):
            return "training.max_steps"
        if state.bad_validations >= self._patience:
            return "validation.early_stopping.patience"
        return None

    def validates_at(self, state: State) -> bool:
        """Whether the state is one to validate and that has not been done."""
        if not self.validates or state.step in (0, state.validated):
            return False
        if state.step == self.options.max_steps:
            return True
        if state.batch == 0 and state.epoch == self.options.max_epochs:
            return True
        if self._every_steps:
            return state.step % self._every_steps == 0
        return state.batch == 0 and state.epoch % self._every_epochs == 0

    def saves_at(self, state: State) -> bool:
        """Whether the state, in the middle of an epoch, is one to save."""
        step, options = state.step, self.options
        return step % options.save_every == 0 or step == options.max_steps

    def share(self, state: State, batches: int) -> float:
        """How much of the training is done, 0 to 1, if it is not stopped early.

        There are so many `batches` in this epoch.
        """
        epochs, most = state.epoch + state.batch / batches, self.options.max_steps
        share = epochs / self.options.max_epochs
        return max(share, state.step / most) if most else share
