"""The installed command on hostile files, and what may be said of what it does."""

import random
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from hostile_bench.files import Hostile, hostile

COMMAND = Path(sys.executable).with_name("attnmt")
OPTIONS = ("--beam", "2", "--set", "decoding.max_source_length=40")


class Counts(NamedTuple):
    """What became of the files."""

    translated: int  # as many lines out as in
    refused: int  # by one clear error, with nothing written
    split: int  # of the translated: those with a line in several parts
    lines: int  # of the translated
    engines: int  # of the translated: those with the same text by TensorFlow
    wrong: list[str]  # the others

    def __str__(self) -> str:
        count = self.translated + self.refused + len(self.wrong)
        told = (
            f"{count} hostile files: {self.translated} translated ({self.lines} lines "
            f"in and out, {self.split} files with lines in parts, {self.engines} by "
            "TensorFlow too, equal), "
            f"{self.refused} refused by one clear error, {len(self.wrong)} wrong"
        )
        return "\n".join([told, *self.wrong])


def translate_all(
    run: Path, work: Path, count: int, seed: int, tensorflow: int
) -> Counts:
    """Translate `count` files with LiteRT, the first ones that are translated also
    with TensorFlow."""
    draw = random.Random(seed)
    translated = refused = split = lines = engines = 0
    wrong = []
    for number in range(count):
        case = hostile(draw)
        done = _translate(run, work, case, "litert")
        problem = _problem(case, done)
        if problem is None and case.valid and engines < tensorflow:
            other = _translate(run, work, case, "tensorflow")
            problem = None if other.text == done.text else "the engines differ"
            engines += problem is None
        if problem is not None:
            wrong.append(f"file {number} of seed {seed}: {problem}")
        elif case.valid:
            translated, lines = translated + 1, lines + case.lines
            split += "translated in parts" in done.said
        else:
            refused += 1
        if number % 50 == 49:
            print(f"{number + 1} files, {len(wrong)} wrong", file=sys.stderr)
    return Counts(translated, refused, split, lines, engines, wrong)


class Done(NamedTuple):
    """What a command did."""

    code: int
    text: bytes
    said: str  # on standard error
    left: list[str]  # in the folder of the output


def _translate(run: Path, work: Path, case: Hostile, engine: str) -> Done:
    source = work / ("in.gz" if case.way in ("gzip", "damaged") else "in.txt")
    source.write_bytes(case.content)
    folder = work / "out"
    folder.mkdir(exist_ok=True)
    for file in folder.iterdir():
        file.unlink()
    output = folder / "out.txt"
    piped = case.way == "stdin"
    done = subprocess.run(
        [COMMAND, "translate", "-" if piped else source, "--run", run, *OPTIONS]
        + ["--engine", engine, "--invalid-utf8", "replace" if case.replace else "error"]
        + (["-o", output] if case.output else []),
        input=case.content if piped else None,
        stdin=None if piped else subprocess.DEVNULL,
        capture_output=True,
    )
    text = output.read_bytes() if output.exists() else done.stdout
    left = sorted(file.name for file in folder.iterdir())
    return Done(done.returncode, text, done.stderr.decode(), left)


def _problem(case: Hostile, done: Done) -> str | None:
    """What is wrong with what was done; None when it is as promised."""
    if "Traceback" in done.said:
        return f"a traceback: {done.said}"
    if not case.valid:
        errors = done.said.strip().split("\n")
        clear = any(word in errors[-1] for word in ("not UTF-8", "cannot be read"))
        if done.code != 3 or done.text or done.left or not clear:
            return f"expected one error, found {done}"
        return None
    if done.code != 0 or done.left != ["out.txt"] * case.output:
        return f"expected a translation, found {done}"
    found = done.text.decode().split("\n")
    if found.pop() != "" or len(found) != case.lines:
        return f"expected {case.lines} lines, found {len(found)}: {done.text!r}"
    return None
