"""The worker that trains with attnmt: `python -m speed_bench.attnmt_side`."""

from collections.abc import Callable
from itertools import count
from typing import Any

from attnmt import devices
from attnmt.config import schema
from speed_bench.batch_files import Arrays
from speed_bench.side import Side, Update


def open_training(
    model: dict[str, Any], training: dict[str, Any], vocabulary: int
) -> Update:
    """A model with its optimizer."""
    devices.prepare(schema.Runtime(device="cpu"))
    from attnmt.model import build_model
    from attnmt.text.batches import Batch
    from attnmt.training.step import Trainer

    devices.seed_everything(1)
    options = schema.Training.model_validate(training)
    settings = schema.Model.model_validate(model)
    network = build_model(settings, vocabulary, vocabulary)
    trainer = Trainer(network, options)
    steps = count()

    def update(batch: Arrays) -> float:
        rate = options.learning_rate
        totals, _ = trainer.update([Batch(*batch)], 1, next(steps), rate)
        return float(totals.loss / totals.tokens)

    return update


def product(size: int) -> Callable[[], object]:
    """The product of two square matrices."""
    import tensorflow as tf

    x = tf.random.normal([size, size])
    return lambda: tf.matmul(x, x).numpy()


if __name__ == "__main__":
    Side(open_training, product).serve()
