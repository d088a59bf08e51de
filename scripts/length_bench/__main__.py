"""Memory and time of training and decoding against the length of the source.

Each curve is measured in a process of its own. What FOLDER/lengths.json holds already
is kept, so that a bench that was stopped goes on, and another round adds to it.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from length_bench.curve import LENGTHS
from length_bench.page import write_page
from length_bench.plot import write_plot

MECHANISMS = ("additive", "dot", "local_m", "local_p", "linear", "linformer")
# A square of 4,000 would take additive attention some ten gigabytes.
LONGEST = {"train": 4000, "square": 2000, "decode": 4000}


def curve(what: str, mechanism: str, lengths: list[int]) -> list[dict[str, Any]]:
    """Measure one curve in another process."""
    known = [str(length) for length in lengths if length <= LONGEST[what]]
    command = [sys.executable, "-m", "length_bench.curve", what, mechanism, *known]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def bench(file: Path, rounds: int, mechanisms: list[str], lengths: list[int]) -> None:
    """Add what is missing to the measures in a file, mechanisms in turn."""
    measures = json.loads(file.read_text("utf-8")) if file.exists() else []
    done = {(m["what"], m["mechanism"], m["round"]) for m in measures}
    for number in range(rounds):
        for what in LONGEST:
            for mechanism in mechanisms:
                if (what, mechanism, number) in done:
                    continue
                print(f"round {number + 1}: {what} {mechanism}", file=sys.stderr)
                found = curve(what, mechanism, lengths)
                measures += [{**m, "round": number} for m in found]
                lines = ",\n".join(json.dumps(m) for m in measures)
                file.write_text(f"[\n{lines}\n]\n", "utf-8")


def main() -> None:
    """Parse the command line, measure, write the page and the plot."""
    parser = argparse.ArgumentParser(
        prog="scripts/bench_lengths", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("docs"),
        metavar="FOLDER",
        help="for lengths.json, lengths.md and lengths.png (default: docs)",
    )
    parser.add_argument(
        "--rounds", type=int, default=1, help="how often; medians are told (default: 1)"
    )
    parser.add_argument("--mechanisms", nargs="+", default=list(MECHANISMS))
    parser.add_argument("--lengths", nargs="+", type=int, default=list(LENGTHS))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    file = options.out / "lengths.json"
    bench(file, options.rounds, options.mechanisms, options.lengths)
    measures = json.loads(file.read_text("utf-8"))
    page = write_page(measures, options.out / "lengths.md")
    write_plot(measures, options.out / "lengths.png")
    print(page)


if __name__ == "__main__":
    main()
