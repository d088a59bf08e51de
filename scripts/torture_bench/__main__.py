"""Kills a training at random moments and damages its checkpoints; prints the counts."""

import argparse
import random
import sys
import tempfile
from pathlib import Path

from torture_bench.flips import damage
from torture_bench.kills import kill_often


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/torture", description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--flips", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=1e9, help="for the kills")
    parser.add_argument(
        "--eager", action="store_true", help="compile nothing: quicker when so small"
    )
    options = parser.parse_args()
    draw = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        whole, kills = kill_often(
            work, options.kills, options.minutes, draw, options.eager
        )
        print(kills, flush=True)
        flips = damage(whole / "checkpoints", options.flips, draw)
        print(flips)
    sys.exit(0 if kills.fine and flips.fine else 1)


if __name__ == "__main__":
    main()
