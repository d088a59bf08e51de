"""Speed of training and decoding, with the shapes of the small Multi30k model.

All models live in one process of one thread and take turns, so that whatever else the
machine does meets all of them alike. What counts is the processor time of the process,
in each round relative to `dot`; the figure of a mechanism is the median of the rounds.
"""

import json
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np

from attnmt.config import schema
from attnmt.text.lines import write_lines

from .mechanisms import MECHANISMS
from .tasks import MULTI30K, model_settings

ROUNDS = 7
VOCABULARY, LENGTH = 3000, 15  # pieces, and pieces of a sentence with its end
TRAINED, DECODED = 66, 64  # sentences of a batch
BASELINE = "dot"
Times = dict[str, float]  # seconds by the name of the work


class Work(NamedTuple):
    """One batch of training, one of greedy decoding."""

    train: Callable[[], Any]
    decode: Callable[[], Any]


def measure_speed(names: list[str], file: Path) -> dict[str, dict[str, float]]:
    """Times of a batch in seconds, and speeds relative to `dot` (above 1: faster)."""
    from attnmt import devices

    devices.prepare(schema.Runtime(device="cpu", threads=1))
    names = list(dict.fromkeys([BASELINE, *names]))
    works = {name: _work(name) for name in names}
    rounds = [
        {name: _times(work) for name, work in works.items()} for _ in range(ROUNDS + 1)
    ][1:]  # the first compiles
    speeds = {name: _summary(name, rounds) for name in names}
    write_lines(file, [json.dumps(speeds, indent=1)])
    return speeds


def _summary(name: str, rounds: list[dict[str, Times]]) -> dict[str, float]:
    figures = {}
    for part in Work._fields:
        times = [taken[name][part] for taken in rounds]
        bases = [taken[BASELINE][part] for taken in rounds]
        ratios = [base / time for base, time in zip(bases, times, strict=True)]
        figures |= {f"{part}_seconds": median(times), f"{part}_speed": median(ratios)}
    return figures


def _times(work: Work) -> Times:
    return {part: _seconds(do) for part, do in work._asdict().items()}


def _seconds(do: Callable[[], Any]) -> float:
    begin = time.process_time()
    do()
    return time.process_time() - begin


def _work(name: str) -> Work:
    from attnmt.model import build_model
    from attnmt.text.batches import Batch
    from attnmt.training.step import Trainer

    settings = model_settings(MULTI30K, 0.2) | {"attention": MECHANISMS[name]}
    model = build_model(schema.Model.model_validate(settings), VOCABULARY, VOCABULARY)
    training = schema.Training(clip_norm=1.0)
    trainer = Trainer(model, training)
    ids = np.random.default_rng(1).integers(4, VOCABULARY, (TRAINED, LENGTH), np.int32)
    batch = Batch(ids, ids, ids)
    decode = _decoder(model)
    return Work(
        # The totals are fetched: the update has been made when they are there.
        lambda: [part.numpy() for part in trainer.update([batch], 1, 0, 1e-6)[0]],
        lambda: decode(ids[:DECODED]).numpy(),
    )


def _decoder(model: Any) -> Callable[..., Any]:
    """Greedy search that never ends before `LENGTH` pieces."""
    import tensorflow as tf

    from attnmt import search
    from attnmt.text.tokenizer import BOS, EOS

    @tf.function
    def decode(source):
        encoded = model.encode(source)
        return search.search(
            model.step,
            model.start(encoded),
            encoded.memory,
            tf.fill([tf.shape(source)[0]], LENGTH),
            beam_size=1,
            begin=BOS,
            end=EOS,
            never=(EOS,),
        ).tokens

    return decode
