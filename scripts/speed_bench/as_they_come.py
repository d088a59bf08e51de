"""Training as whole commands: attnmt and the toolkits, told by their own logs."""

import shutil
import sys
from statistics import median

from speed_bench.commands import Ended, Printed, run_command
from speed_bench.environments import CACHE, environment, peer_python
from speed_bench.options import Options
from speed_bench.protocol import Failed
from speed_bench.results import Figures, Row, row, with_ratios
from speed_bench.settings import bench_shape
from speed_bench.toolkits import ATTNMT, ENDLESS, TOOLKITS, Training

FOLDER = CACHE / "as-they-come"
CASE = "as they come"


def measure(options: Options) -> list[Row]:
    """Sides take turns; each is stopped some seconds after its first update."""
    sides = {"attnmt": ATTNMT}
    sides |= {n: TOOLKITS[n].training for n in options.peers if n in TOOLKITS}
    taken: dict[str, list[Figures]] = {name: [] for name in sides}
    reasons: dict[str, str] = {}
    for number in range(1, options.rounds + 1):
        print(f"training {CASE}: round {number}", file=sys.stderr)
        for name in [name for name in sides if name not in reasons]:
            try:
                taken[name].append(_figures(name, sides[name], options.seconds))
            except Failed as reason:
                reasons[name] = str(reason)
    rows = [
        row("training", CASE, name, figures)._replace(reason=reasons.get(name, ""))
        for name, figures in taken.items()
    ]
    for name in TOOLKITS:
        rows = with_ratios(rows, "tokens_per_second", name)
    return rows


def _figures(name: str, training: Training, seconds: float) -> Figures:
    python = sys.executable if name == "attnmt" else peer_python(name)
    folder, rates = FOLDER / name, list[Printed]()
    shutil.rmtree(folder, ignore_errors=True)

    def enough(line: Printed) -> bool:
        if training.rate(line.text) is not None:
            rates.append(line)
        return len(rates) > 1 and line.seconds > rates[0].seconds + seconds

    command = training.command(python, folder, bench_shape(), ENDLESS)
    ended = run_command(command, environment(), FOLDER / f"{name}.log", enough)
    return figures_of(ended, training, rates)


def figures_of(ended: Ended, training: Training, reports: list[Printed]) -> Figures:
    """What the reports of a training tell; the first is of start-up too."""
    rates = [training.rate(line.text) for line in reports[1:]]
    return {
        "tokens_per_second": median(rate for rate in rates if rate is not None),
        "first_update": reports[0].seconds,
        "megabytes": ended.megabytes,
        "cores": ended.cpu_seconds / ended.seconds,
    }
