"""One curve: what one mechanism takes, source by source, in a process of its own.

`python -m length_bench.curve train additive 100` prints a Measure a line, as JSON.
"""

import json
import resource
import statistics
import sys
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from attnmt import devices
from attnmt.config import schema

LENGTHS = (100, 250, 500, 1000, 2000, 4000)
VOCABULARY = 1000  # small: the logits are not what is measured
BEGIN, END, PAD = 2, 3, 0
REPEATS = 3
MODEL = {
    "embeddings": {"size": 64},
    "encoder": {"units": 64},  # in either direction
    "decoder": {"units": 128},
}
BATCH = {"train": 4, "square": 1, "decode": 4}  # sentences
TARGET = 100  # pieces; a square has as many as the source


class Measure(NamedTuple):
    """What one length took."""

    what: str  # train, square or decode
    mechanism: str
    source: int
    seconds: float  # of one processor, for an update or a greedy search of a batch
    megabytes: float  # largest resident size above that before the first length


def peak() -> float:
    """The largest resident size of this process so far, in megabytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def measure(what: str, mechanism: str, lengths: list[int]) -> None:
    """Print the measures of ascending lengths: a peak is that of the longest so far."""
    run = _decoding(mechanism) if what == "decode" else _training(mechanism, what)
    run(8)  # compiles, and touches what does not depend on the length
    run(8)
    before = peak()
    for source in sorted(lengths):
        seconds = statistics.median(_timed(run, source) for _ in range(REPEATS))
        found = Measure(what, mechanism, source, seconds, peak() - before)
        print(json.dumps(found._asdict()), flush=True)


def _timed(run: Callable[[int], None], source: int) -> float:
    begin = time.process_time()  # what else the machine does is not counted
    run(source)
    return time.process_time() - begin


def _training(mechanism: str, what: str) -> Callable[[int], None]:
    """A function that makes one update with sources of a length."""
    from attnmt.text.batches import Batch
    from attnmt.training.step import Trainer

    options = schema.Training()
    trainer = Trainer(_model(mechanism), options)

    def run(source: int) -> None:
        target = _ids(BATCH[what], source if what == "square" else TARGET)
        batch = Batch(_ids(BATCH[what], source), target, target)
        total, _ = trainer.update([batch], seed=1, step=0, rate=1e-3)
        total.loss.numpy()

    return run


def _decoding(mechanism: str) -> Callable[[int], None]:
    """A function that decodes sources of a length greedily, weights and all."""
    import tensorflow as tf

    from attnmt import search
    from attnmt.model import IDS

    model = _model(mechanism)

    @tf.function(input_signature=[IDS])
    def decode(source):
        encoded = model.encode(source)
        return search.search(
            model.step,
            model.start(encoded),
            encoded.memory,
            tf.fill([tf.shape(source)[0]], TARGET),
            beam_size=1,
            begin=BEGIN,
            end=END,
            never=(PAD, BEGIN, END),  # each translation is TARGET pieces long
        )

    def run(source: int) -> None:
        decode(_ids(BATCH["decode"], source)).seen.weights.numpy()

    return run


def _model(mechanism: str):
    from attnmt.model import build_model

    config = schema.Model.model_validate({**MODEL, "attention": {"type": mechanism}})
    return build_model(config, VOCABULARY, VOCABULARY)


def _ids(batch: int, length: int) -> np.ndarray:
    draw = np.random.default_rng(length)
    return draw.integers(4, VOCABULARY, (batch, length)).astype(np.int32)


def main() -> None:
    """Measure what the command line says."""
    what, mechanism, *lengths = sys.argv[1:]
    devices.prepare(schema.Runtime(device="cpu", threads=1))
    devices.seed_everything(1)
    measure(what, mechanism, [int(length) for length in lengths])


if __name__ == "__main__":
    main()
