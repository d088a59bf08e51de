"""Fuzzes what reads files of others, guided by coverage, until something breaks."""

import argparse
import importlib
import logging
import sys
import tempfile
from functools import partial
from pathlib import Path

NAMES = ("config", "dump", "tensors", "manifest")
LONGEST = 4096  # bytes of an input


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/fuzz", description=__doc__)
    parser.add_argument("target", choices=NAMES)
    parser.add_argument("--seconds", type=int, default=600)
    options = parser.parse_args()
    logging.disable()  # warnings of every input
    atheris = importlib.import_module("atheris")  # scripts/fuzz installs it
    with atheris.instrument_imports(include=["attnmt", "fuzzing"]):
        from fuzzing.targets import TARGETS, run
    target, seeds = TARGETS[options.target]
    corpus = Path(tempfile.mkdtemp(prefix="corpus-"))
    for number, seed in enumerate(seeds()):
        (corpus / f"seed{number}").write_bytes(seed)
    limits = [f"-max_total_time={options.seconds}", f"-max_len={LONGEST}"]
    limits += ["-timeout=20", "-rss_limit_mb=3000", "-print_final_stats=1"]
    found = ["-artifact_prefix=fuzz-"]  # what breaks something is left in this folder
    atheris.Setup([sys.argv[0], *limits, *found, str(corpus)], partial(run, target))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
