"""Write the generated English-German sample corpus with gold word alignments.

The corpus is drawn from the grammar in `sample_corpus/`. Word combinations are held
out by rule: no training or validation sentence contains one, every test sentence
contains at least one, and every word form of the test occurs in training.
"""

import argparse
import os
from collections import Counter
from pathlib import Path

from sample_corpus.dice import Dice
from sample_corpus.heldout import held_out
from sample_corpus.sentences import sentence
from sample_corpus.words import Pair

SIZES = {"train": 12_000, "valid": 500, "test": 500}
MIN_TRAINING_COUNT = 3
SIDES = ("en", "de")


def forms(pair: Pair, side: str) -> list[str]:
    """Return the words of one side without their punctuation; case is kept."""
    return [word.strip(".,?") for word in getattr(pair, side).split()]


class Corpus:
    """Draws disjoint splits from one grammar."""

    def __init__(self, seed: int):
        self.dice = Dice(seed)
        self.translations: dict[str, str] = {}
        self.known: dict[str, frozenset[str]] = {}

    def draw(self, size: int, novel: bool = False) -> list[Pair]:
        """Draw new pairs, with held-out combinations in each or in none."""
        result: list[Pair] = []
        while len(result) < size:
            pair = sentence(self.dice)
            fits = any(map(held_out, pair.combinations)) == novel
            if fits and self._is_known(pair) and self._is_new(pair):
                result.append(pair)
        return result

    def learn(self, pairs: list[Pair]) -> None:
        """From now on draw only pairs whose words occur often enough in these."""
        for side in SIDES:
            counts = Counter(form for pair in pairs for form in forms(pair, side))
            common = (f for f, count in counts.items() if count >= MIN_TRAINING_COUNT)
            self.known[side] = frozenset(common)

    def _is_known(self, pair: Pair) -> bool:
        return all(
            known.issuperset(forms(pair, side)) for side, known in self.known.items()
        )

    def _is_new(self, pair: Pair) -> bool:
        before = self.translations.get(pair.en)
        if before not in (None, pair.de):
            raise ValueError(f"{pair.en!r} is both {before!r} and {pair.de!r}")
        self.translations[pair.en] = pair.de
        return before is None


def make_corpus(seed: int) -> dict[str, list[Pair]]:
    """Draw the three splits."""
    corpus = Corpus(seed)
    train = corpus.draw(SIZES["train"])
    corpus.learn(train)
    valid = corpus.draw(SIZES["valid"])
    return {
        "train": train,
        "valid": valid,
        "test": corpus.draw(SIZES["test"], novel=True),
    }


def write_corpus(corpus: dict[str, list[Pair]], output: Path) -> None:
    """Write SPLIT.en, SPLIT.de and SPLIT.align, and say what is in them."""
    output.mkdir(parents=True, exist_ok=True)
    for split, pairs in corpus.items():
        for side in SIDES:
            words = [form.lower() for pair in pairs for form in forms(pair, side)]
            _write(output / f"{split}.{side}", [getattr(pair, side) for pair in pairs])
            print(
                f"{split}.{side}: {len(pairs)} lines, {len(words)} words, "
                f"{len(set(words))} different"
            )
        _write(output / f"{split}.align", [pair.pharaoh for pair in pairs])
        links = sum(len(pair.links) for pair in pairs)
        print(f"{split}.align: {len(pairs)} lines, {links} links")


def _write(path: Path, lines: list[str]) -> None:
    temporary = path.with_name(path.name + ".tmp")
    with temporary.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(line + "\n" for line in lines)
    os.replace(temporary, path)


def main() -> None:
    """Parse the command line and write the corpus."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--output", type=Path, default=Path("data"), metavar="DIR")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    write_corpus(make_corpus(arguments.seed), arguments.output)


if __name__ == "__main__":
    main()
