"""Measures the memory of a long translation and a large training while they go on.

Both read text that is generated for it. Each command is stopped when its minutes are
over. The curves are written as memory.json and memory.png; Linux only.
"""

import argparse
import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from attnmt.text.lines import write_lines
from memory_bench.curve import Curve, record
from memory_bench.plot import write_plot
from memory_bench.text import write_pairs

ATTNMT = [sys.executable, "-m", "attnmt"]
# A small model: it is not its own size that is measured.
SETTINGS = {
    "tokenizer": {"vocab_size": 2000},
    "model": {
        "embeddings": {"size": 32},
        "encoder": {"units": 32},
        "decoder": {"units": 32},
    },
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure both, write the files, tell the figures."""
    given = _parser().parse_args(arguments)
    shutil.rmtree(given.work, ignore_errors=True)
    given.work.mkdir(parents=True)
    given.out.mkdir(parents=True, exist_ok=True)
    curves = [_translation(given), _training(given)]
    values = [curve._asdict() for curve in curves]
    (given.out / "memory.json").write_text(json.dumps(values, indent=1), "utf-8")
    write_plot(curves, given.out / "memory.png")
    print("\n".join(map(_summary, curves)))
    return 0


def _translation(given: argparse.Namespace) -> Curve:
    """Translate all lines greedily with a model that has made a few updates."""
    config = _config(given.work, "few", 2000, max_steps=20)
    subprocess.run([*ATTNMT, "train", str(config)], check=True, capture_output=True)
    text, log = given.work / "lines.en", given.work / "translate.log"
    write_pairs(text, given.work / "lines.de", given.lines)
    command = [*ATTNMT, "translate", str(text), "--run", str(given.work / "few")]
    command += ["--beam", "1", "--set", "decoding.max_length_ratio=0.5"]
    written = _Lines(log.with_suffix(".out"))
    return record(
        f"translation of {given.lines:,} lines",
        command,
        log,
        given.minutes * 60,
        lambda: f"{written.count():,} lines written",
    )


def _training(given: argparse.Namespace) -> Curve:
    """Train on all pairs, from their text to as many updates as there is time for."""
    log = given.work / "train.log"
    return record(
        f"training on {given.pairs:,} pairs",
        [*ATTNMT, "train", str(_config(given.work, "many", given.pairs))],
        log,
        given.minutes * 60,
        lambda: (log.read_text("utf-8").splitlines() or [""])[-1],
    )


class _Lines:
    """Counts the lines of a file that grows."""

    def __init__(self, path: Path) -> None:
        self._path, self._read, self._lines = path, 0, 0

    def count(self) -> int:
        with self._path.open("rb") as file:
            file.seek(self._read)
            new = file.read()
        self._read += len(new)
        self._lines += new.count(b"\n")
        return self._lines


def _config(work: Path, name: str, pairs: int, **training: object) -> Path:
    """A configuration, and the text that it names."""
    source, target = (work / f"{name}.{language}" for language in ("en", "de"))
    write_pairs(source, target, pairs)
    corpus = {"source": str(source), "target": str(target)}
    data = {"source_lang": "en", "target_lang": "de", "train": [corpus]}
    settings = {"run_dir": str(work / name), "data": data, "training": training}
    path = work / f"{name}.yaml"
    write_lines(path, [json.dumps(settings | SETTINGS)])  # JSON is YAML too
    return path


def _summary(curve: Curve) -> str:
    last = curve.samples[-1]
    return (
        f"{curve.name}, {last.seconds / 60:.1f} minutes ({last.progress}): at most "
        f"{curve.highest:,.0f} MB, {curve.growth:+,.0f} MB from the second to the last "
        "fifth of the time"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("bench_memory", description=__doc__)
    add = parser.add_argument
    add("--lines", type=int, default=1_000_000, help="of the translation")
    add("--pairs", type=int, default=20_000_000, help="of the training")
    add("--minutes", type=float, default=10.0, help="of each command at most")
    add("--work", type=Path, default=Path("runs/memory"), help="emptied, then filled")
    add("--out", type=Path, default=Path("runs"), help="folder of the results")
    return parser


if __name__ == "__main__":
    sys.exit(main())
