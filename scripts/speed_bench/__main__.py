"""Measures speed and memory of attnmt and its peers, side by side in one run.

Parts: training, translation, startup, data, sizes. Sides take turns over several
rounds; medians are told, and ratios within a round. Peers are installed into .bench
when they are first asked for; one that cannot be is left out with its reason.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from attnmt.text.lines import write_lines
from speed_bench import training
from speed_bench.environments import PEERS, THREADS
from speed_bench.results import changes, table, to_json, warnings

PARTS = {"training": training}


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line, measure, print tables, write JSON."""
    options = _parser().parse_args(arguments)
    rows = []
    for part in [name for names in options.parts for name in names] or PARTS:
        found = PARTS[part].measure(options.peers, options.rounds, options.seconds)
        print(f"\n## {part}\n\n{table(found, PARTS[part].TITLES)}", flush=True)
        rows += found
        if options.out:
            result = {
                "threads": THREADS,
                "rounds": options.rounds,
                "rows": to_json(rows),
            }
            write_lines(options.out, [json.dumps(result, indent=1)])
    for warning in warnings(rows, THREADS):
        print(f"warning: {warning}", file=sys.stderr)
    if options.compare:
        baseline = json.loads(options.compare.read_text("utf-8"))["rows"]
        print("\n".join(["\n## Against the baseline\n", *changes(rows, baseline)]))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "bench",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    known = ", ".join(PARTS)
    add(
        "parts",
        nargs="*",
        type=_some_of(PARTS),
        metavar="PART",
        help=f"some of {known}",
    )
    add("--rounds", type=int, default=5, help="turns of every side (default: 5)")
    add("--seconds", type=float, default=20, help="of a turn (default: 20)")
    add("--out", type=Path, metavar="FILE", help="write all figures as JSON")
    add(
        "--peers",
        type=_some_of((*PEERS, "none")),
        default=PEERS,
        metavar="NAMES",
        help=f"some of {','.join(PEERS)}, or none (default: all)",
    )
    add(
        "--compare",
        type=Path,
        metavar="FILE",
        help="tell what changed since --out FILE",
    )
    return parser


def _some_of(known: Iterable[str]) -> Callable[[str], list[str]]:
    def parse(text: str) -> list[str]:
        names = text.split(",")
        for name in names:
            if name not in known:
                raise argparse.ArgumentTypeError(
                    f"expected some of {', '.join(known)}, found {name!r}"
                )
        return names

    return parse


if __name__ == "__main__":
    sys.exit(main())
