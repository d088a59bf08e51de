"""What the workers that train have in common, whatever they train with."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from speed_bench.batch_files import Arrays, Counts, endless, load_batches, total
from speed_bench.protocol import Answer, serve

PROBE = 1.0  # seconds of matrix products
Update = Callable[[Arrays], float]  # makes an update; returns the mean loss before it
Opener = Callable[[dict[str, Any], dict[str, Any], int], Update]
Product = Callable[[int], Callable[[], object]]  # of the size of two square matrices


class Side:
    """A model in training."""

    def __init__(self, opener: Opener, product: Product) -> None:
        self.opener, self.product = opener, product
        self.batches: Iterator[tuple[Arrays, Counts]] = iter(())

    def open(
        self,
        model: dict[str, Any],
        training: dict[str, Any],
        vocabulary: int,
        file: str,
    ) -> Answer:
        """Build a model and make the first update."""
        self.update = self.opener(model, training, vocabulary)
        self.batches = endless(load_batches(Path(file)))
        return {"first_loss": self.update(next(self.batches)[0])}

    def train(self, seconds: float) -> Answer:
        """Update for so many seconds, once at least."""
        begin, done = time.perf_counter(), []
        while not done or time.perf_counter() - begin < seconds:
            batch, counts = next(self.batches)
            self.update(batch)
            done.append(counts)
        return {"counts": total(done), "updates": len(done)}

    def matmul(self, size: int) -> Answer:
        """The rate of large matrix products, in GFLOP/s, and the cores it got."""
        multiply = self.product(size)
        multiply()
        begin, processor = time.perf_counter(), time.process_time()
        products, seconds = 0, 0.0
        while seconds < PROBE:
            multiply()
            products, seconds = products + 1, time.perf_counter() - begin
        cores = (time.process_time() - processor) / seconds
        return {"gflops": products * 2 * size**3 / seconds / 1e9, "cores": cores}

    def serve(self) -> None:
        """Answer requests."""
        serve({"open": self.open, "train": self.train, "matmul": self.matmul})
