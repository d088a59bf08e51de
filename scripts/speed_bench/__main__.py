"""Measures speed and memory of attnmt and its peers, side by side in one run.

Parts: training, translation, startup, data, sizes, growth, quality. Sides take turns
over several rounds; medians are told, and ratios within a round. Peers are installed
into .bench when they are first asked for; one that cannot be is left out, with why.
"""

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from attnmt import __version__
from attnmt.text.lines import write_lines
from speed_bench import data, growth, quality, sizes, startup, training, translation
from speed_bench.environments import PEERS, THREADS
from speed_bench.options import Options
from speed_bench.protocol import Failed
from speed_bench.results import Row, changes, table, to_json, warnings

PARTS = {
    "training": training,
    "translation": translation,
    "startup": startup,
    "data": data,
    "sizes": sizes,
    "growth": growth,
    "quality": quality,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line, measure, print tables, write JSON."""
    given = _parser().parse_args(arguments)
    options = Options(*(getattr(given, name) for name in Options._fields))
    rows: list[Row] = []
    for part in [name for names in given.parts for name in names] or PARTS:
        try:
            found = PARTS[part].measure(options)
        except Failed as reason:
            found = [Row(part, "all", "all", {}, [], str(reason))]
        print(f"\n## {part}\n\n{table(found, PARTS[part].TITLES)}", flush=True)
        rows += found
        if given.out:
            _write(given.out, options, rows)
    for warning in warnings(rows, THREADS):
        print(f"warning: {warning}", file=sys.stderr)
    if given.compare:
        baseline = json.loads(given.compare.read_text("utf-8"))["rows"]
        print("\n".join(["\n## Against the baseline\n", *changes(rows, baseline)]))
    return 0


def _write(path: Path, options: Options, rows: list[Row]) -> None:
    result = {
        "machine": platform.platform(),
        "python": platform.python_version(),
        "attnmt": __version__,
        "cores": os.cpu_count(),
        "threads": THREADS,
        "rounds": options.rounds,
        "rows": to_json(rows),
    }
    write_lines(path, [json.dumps(result, indent=1)])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "bench",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    parts, known_parts = f"some of {', '.join(PARTS)}", _some_of(PARTS)
    add("parts", nargs="*", type=known_parts, metavar="PART", help=parts)
    add("--rounds", type=int, default=5, help="turns of every side (default: 5)")
    seconds = "of a turn in training (default: 20)"
    add("--seconds", type=float, default=20, help=seconds)
    minutes = "of a training in quality (default: 10)"
    add("--minutes", type=float, default=10, help=minutes)
    peers = f"some of {', '.join(PEERS)}, or none (default: all)"
    known_peers = _some_of((*PEERS, "none"))
    add("--peers", type=known_peers, default=PEERS, metavar="NAMES", help=peers)
    engines = "tensorflow[+shortlist], litert[+int8][+shortlist] (default: tensorflow)"
    add("--engines", type=_names, default=["tensorflow"], metavar="NAMES", help=engines)
    run = "translate with its weights (default: initial weights)"
    add("--run", type=Path, metavar="DIR", help=run)
    add("--out", type=Path, metavar="FILE", help="write all figures as JSON")
    compare = "tell what changed since another --out FILE"
    add("--compare", type=Path, metavar="FILE", help=compare)
    return parser


def _names(text: str) -> list[str]:
    return text.split(",")


def _some_of(known: Iterable[str]) -> Callable[[str], list[str]]:
    def parse(text: str) -> list[str]:
        names = _names(text)
        for name in names:
            if name not in known:
                raise argparse.ArgumentTypeError(
                    f"expected some of {', '.join(known)}, found {name!r}"
                )
        return names

    return parse


if __name__ == "__main__":
    sys.exit(main())
