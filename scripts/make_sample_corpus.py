"""Write the generated English-German sample corpus with gold word alignments.

The corpus is drawn from the grammar in `sample_corpus/`. Word combinations are held
out by rule: no training or validation sentence contains one, every test sentence
contains at least one, and every word form of the test occurs in training.
"""

import argparse
import os
from collections import Counter
from pathlib import Path

from sample_corpus.choices import held_out
from sample_corpus.sentences import Grammar, Sentence
from sample_corpus.words import Pair

SIZES = {"train": 12_000, "valid": 500, "test": 500}
MIN_TRAINING_COUNT = 3
_PUNCTUATION = ".,?"


def word_forms(text: str) -> list[str]:
    """Split into words without their punctuation; case is kept."""
    return [word.strip(_PUNCTUATION) for word in text.split()]


class Corpus:
    """Draws disjoint splits from one grammar."""

    def __init__(self, seed: int):
        self.grammar = Grammar(seed)
        self.translations: dict[str, str] = {}
        self.known: dict[str, frozenset[str]] | None = None

    def draw(self, size: int, novel: bool = False) -> list[Sentence]:
        """Draw new sentences, with held-out combinations in each or in none."""
        result: list[Sentence] = []
        while len(result) < size:
            sentence = self.grammar.sentence()
            fits = any(map(held_out, sentence.combinations)) == novel
            if fits and self._is_known(sentence.pair) and self._is_new(sentence.pair):
                result.append(sentence)
        return result

    def learn(self, sentences: list[Sentence]) -> None:
        """From now on draw only sentences whose words occur often enough in these."""
        self.known = {}
        for side in ("en", "de"):
            texts = (getattr(sentence.pair, side) for sentence in sentences)
            counts = Counter(form for text in texts for form in word_forms(text))
            common = (f for f, count in counts.items() if count >= MIN_TRAINING_COUNT)
            self.known[side] = frozenset(common)

    def _is_known(self, pair: Pair) -> bool:
        if self.known is None:
            return True
        return self.known["en"].issuperset(word_forms(pair.en)) and (
            self.known["de"].issuperset(word_forms(pair.de))
        )

    def _is_new(self, pair: Pair) -> bool:
        before = self.translations.setdefault(pair.en, pair.de)
        if before is pair.de:
            return True
        if before != pair.de:
            raise ValueError(f"{pair.en!r} is both {before!r} and {pair.de!r}")
        return False


def make_corpus(seed: int) -> dict[str, list[Sentence]]:
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


def write_corpus(corpus: dict[str, list[Sentence]], output: Path) -> None:
    """Write SPLIT.en, SPLIT.de and SPLIT.align, and say what is in them."""
    output.mkdir(parents=True, exist_ok=True)
    for split, sentences in corpus.items():
        for side in ("en", "de"):
            texts = [getattr(sentence.pair, side) for sentence in sentences]
            forms = [form.lower() for text in texts for form in word_forms(text)]
            _write(output / f"{split}.{side}", texts)
            print(
                f"{output / split}.{side}: {len(texts)} lines, {len(forms)} words, "
                f"{len(set(forms))} different"
            )
        links = [sentence.pair.pharaoh for sentence in sentences]
        _write(output / f"{split}.align", links)
        count = sum(len(sentence.pair.links) for sentence in sentences)
        print(f"{output / split}.align: {len(links)} lines, {count} links")


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
