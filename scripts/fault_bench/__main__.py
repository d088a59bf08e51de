"""Plant faults into good translations and tell how many the flags find.

Words are deleted, repeated or copied from the source; a run then force-decodes each
faulty translation and each untouched one, and the flags of `attnmt attention stats` are
raised or not. Good translations are references, or translations that were looked over.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from attnmt.errors import AttnmtError, DataError
from attnmt.text.lines import read_lines

from .measure import Pair, measured, table


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line, measure, print."""
    parser = argparse.ArgumentParser(
        "planted_faults",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("source", type=Path, help="text, a sentence a line")
    parser.add_argument("target", type=Path, help="its good translations")
    parser.add_argument("--run", type=Path, required=True, help="folder of a model")
    parser.add_argument("--seed", type=int, default=1, help="of the faults' places")
    parser.add_argument(
        "--half",
        choices=("even", "odd"),
        help="only these lines (counted from 0): thresholds are chosen on one half and "
        "reported on the other",
    )
    parser.add_argument("--json", action="store_true", help="JSON, not a table")
    trust = "import what the run's configuration names"
    parser.add_argument("--trust-code", action="store_true", help=trust)
    options = parser.parse_args(arguments)
    try:
        pairs = read_pairs(options.source, options.target, options.half)
        force = _force(options.run, options.trust_code)
        result = measured(force, pairs, options.seed)
    except AttnmtError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    print(json.dumps(result, indent=2) if options.json else table(result))
    return 0


def read_pairs(source: Path, target: Path, half: str | None) -> list[Pair]:
    """The sentence pairs of two files, of a half of the lines or of all."""
    sides = [*read_lines(source)], [*read_lines(target)]
    if len(sides[0]) != len(sides[1]):
        raise DataError(
            f"expected as many lines on both sides, found {len(sides[0])} in {source} "
            f"and {len(sides[1])} in {target}"
        )
    pairs = [*zip(*sides, strict=True)]
    return pairs[half == "odd" :: 2] if half else pairs


def _force(run: Path, trust_code: bool):
    from attnmt import devices

    devices.load_tensorflow()
    from attnmt.translator import Translator

    return Translator.load(run, trust_code=trust_code).force


if __name__ == "__main__":
    sys.exit(main())
