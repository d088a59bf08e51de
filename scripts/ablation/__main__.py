"""Train a recipe, and the recipe without each of its ingredients, and compare them.

All have one budget and are scored on the validation text, so that the test sets stay
unseen. What is finished in DIR is kept; the same command again does what is missing.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from speed_bench.protocol import Failed

from attnmt.text.lines import write_lines

from .rows import BUDGET, CONFIG, ROWS
from .runs import Runs
from .table import table


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line, train and score what is missing, print the table."""
    options = _parser().parse_args(arguments)
    # The others are compared with the first, which is always made.
    rows = [row for row in ROWS if row is ROWS[0] or row.name in options.rows]
    options.out.mkdir(parents=True, exist_ok=True)
    runs = Runs(options.config, (*BUDGET, *options.settings), options.out)
    with ThreadPoolExecutor(options.jobs) as pool:
        try:
            list(pool.map(runs.train, rows))
            first = runs.score(rows[0])
            scores = [first, *pool.map(runs.score, rows[1:])]
        except Failed as reason:
            print(reason, file=sys.stderr)
            return 1
    results = dict(zip([row.name for row in rows], scores, strict=True))
    write_lines(options.out / "ablation.json", [json.dumps(results, indent=1)])
    print(table(results))
    return 0


def _parser() -> argparse.ArgumentParser:
    names = [row.name for row in ROWS]
    parser = argparse.ArgumentParser(
        "ablate",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--config", default=CONFIG, metavar="FILE")
    parser.add_argument(
        "--set",
        dest="settings",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a setting of all rows that do not change it themselves",
    )
    parser.add_argument(
        "--rows",
        nargs="+",
        choices=names,
        default=names,
        metavar="NAME",
        help=f"some of {', '.join(names)}",
    )
    parser.add_argument(
        "--out", type=Path, default=Path("runs/ablation"), metavar="DIR"
    )
    parser.add_argument("--jobs", type=int, default=2, help="trainings side by side")
    return parser


if __name__ == "__main__":
    sys.exit(main())
