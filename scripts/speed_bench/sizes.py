"""Training on generated batches: one size at a time is changed."""

from typing import NamedTuple

from speed_bench.batch_files import save_batches
from speed_bench.environments import CACHE
from speed_bench.options import Options
from speed_bench.results import Row
from speed_bench.settings import generated_batches, model_settings
from speed_bench.training import TITLES, Case, measure_case

__all__ = ["SIZES", "TITLES", "measure"]
STYLE = "luong+feeding"


class Size(NamedTuple):
    """What a training grows with."""

    vocabulary: int = 8000
    units: int = 512
    length: int = 25


SIZES = (
    Size(),
    *(Size(vocabulary=n) for n in (2000, 16000, 32000)),
    *(Size(units=n) for n in (128, 256, 1024)),
    *(Size(length=n) for n in (10, 50, 100)),
)


def measure(options: Options) -> list[Row]:
    """attnmt and PyTorch, size by size."""
    rows = []
    for size in SIZES:
        name = ", ".join(f"{key} {value:,}" for key, value in size._asdict().items())
        file = CACHE / "batches" / f"{name}.npz"
        save_batches(file, generated_batches(size.vocabulary, size.length))
        model = model_settings(STYLE, size.units)
        case = Case("sizes", name, model, size.vocabulary, file)
        rows += measure_case(case, options)
    return rows
