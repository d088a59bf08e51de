"""Translates hostile text files with the installed command; prints the counts."""

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from hostile_bench.translating import COMMAND, translate_all

RUN = Path(__file__).parents[2] / "tests/compatibility/format_2"


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/hostile_text", description=__doc__)
    parser.add_argument("--files", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tensorflow", type=int, default=3, help="files, also with it")
    parser.add_argument("--run", type=Path, default=RUN, help="a copy is exported")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run = prepare(options.run, Path(folder))
        counts = translate_all(
            run, Path(folder), options.files, options.seed, options.tensorflow
        )
    print(counts)
    sys.exit(1 if counts.wrong else 0)


def prepare(run: Path, folder: Path) -> Path:
    """A copy of a run in that folder, with an export."""
    copy = Path(shutil.copytree(run, folder / "run"))
    (folder / "check").write_text("the dog sleeps\n", "utf-8")
    command = [COMMAND, "export", "--run", copy, "--check", folder / "check"]
    subprocess.run(command, check=True, stdout=sys.stderr)
    return copy


if __name__ == "__main__":
    main()
