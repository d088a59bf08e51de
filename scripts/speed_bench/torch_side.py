"""The worker that trains in plain PyTorch: `python -m speed_bench.torch_side`."""

from collections.abc import Callable
from typing import Any

import torch  # pyright: ignore[reportMissingImports]

from speed_bench.batch_files import Arrays
from speed_bench.side import Side, Update
from speed_bench.torch_model import Seq2Seq


def open_training(
    model: dict[str, Any], training: dict[str, Any], vocabulary: int
) -> Update:
    """A model with its optimizer."""
    torch.manual_seed(1)
    network = Seq2Seq(model, vocabulary).train()
    parameters = list(network.parameters())
    rate = training["learning_rate"]
    optimizer = torch.optim.Adam(parameters, lr=rate, betas=(0.9, 0.98), fused=True)

    def update(batch: Arrays) -> float:
        ids = (torch.from_numpy(x).long() for x in batch)
        loss = network.loss(*ids, smoothing=training["label_smoothing"])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, training["clip_norm"])
        optimizer.step()
        return float(loss.detach())

    return update


def product(size: int) -> Callable[[], object]:
    """The product of two square matrices."""
    x = torch.randn(size, size)
    return lambda: torch.mm(x, x)


if __name__ == "__main__":
    Side(open_training, product).serve()
