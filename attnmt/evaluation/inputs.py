"""What an evaluation reads: all of it, checked, before anything is computed."""

import json
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from attnmt.errors import ConfigError, DataError
from attnmt.evaluation.alignment_error import Gold, read_gold, read_links
from attnmt.evaluation.metrics import check_counts
from attnmt.text.lines import STANDARD_STREAM, read_lines

if TYPE_CHECKING:
    from attnmt.analysis.alignments import Link
    from attnmt.config.schema import Corpus
    from attnmt.run import Run

T = TypeVar("T")
# In the folder of an evaluation.
HYPOTHESIS_FILE, SCORES_FILE = "hypothesis.txt", "scores.json"


class Rows(NamedTuple, Generic[T]):
    """Something for every sentence, and where it is from."""

    name: str
    rows: Sequence[T]


class Inputs(NamedTuple):
    """All that can be known of the sentences; row N of one belongs to row N of all."""

    hypothesis: Rows[str] | None = None
    source: Rows[str] | None = None
    reference: Rows[str] | None = None
    baseline: Rows[str] | None = None  # other translations
    literature_reference: Rows[str] | None = None  # lc.norm.tok text
    alignment: "Rows[set[Link]] | None" = None
    gold_alignment: Rows[Gold] | None = None

    @property
    def sentences(self) -> int:
        """How many there are."""
        return next(len(part.rows) for part in self if part is not None)

    def names(self) -> dict[str, str]:
        """Where each part that is there is from."""
        parts = zip(self._fields, self, strict=True)
        return {field: part.name for field, part in parts if part is not None}

    def check(self) -> None:
        """Raise DataError when counts differ or a gold link names no word."""
        check_counts({part.name: len(part.rows) for part in self if part is not None})
        if self.gold_alignment and self.source and self.reference:
            _check_words(self.gold_alignment, self.source.rows, self.reference.rows)


def text(path: Path | None) -> Rows[str] | None:
    """The lines of a file, when one is named."""
    return None if path is None else Rows(str(path), list(read_lines(path)))


def baseline(path: Path | None, *names: str) -> Rows[str] | None:
    """Other translations: a file, or of a run folder those of an evaluation.

    It is the first of these `names` that there is.
    """
    if path is not None and path.is_dir():
        from attnmt.run import Run

        files = [Run(path).eval_dir(name) / HYPOTHESIS_FILE for name in names]
        there = [file for file in files if file.is_file()]
        if not there:
            raise ConfigError(
                f"--baseline {path}: expected a file of translations, or a run with an "
                f"evaluation in {files[-1].parent}: the same attnmt eval with --run "
                f"{path} and without --baseline makes it"
            )
        path = there[0]
    return text(path)


def fingerprint(lines: Sequence[str]) -> str:
    """A name of this text and of no other."""
    return sha256("\n".join(lines).encode()).hexdigest()[:16]


def check_same_text(folder: Path, references: Sequence[str], or_else: str) -> None:
    """Raise DataError, with what to do, if the evaluation there is of other text.

    One that is not there, or that an earlier version wrote, is not.
    """
    try:
        kept = json.loads((folder / SCORES_FILE).read_bytes())
    except (OSError, ValueError):
        return
    now = fingerprint(references)
    if kept.get("text", now) != now:
        raise DataError(
            f"{folder}: holds an evaluation of other text "
            f"(its reference: {kept.get('reference')}): {or_else}"
        )


def links(path: Path | None) -> "Rows[set[Link]] | None":
    """Pharaoh links counted from 0, when a file is named."""
    return None if path is None else Rows(str(path), read_links(path))


def gold(path: Path, first_word: int) -> Rows[Gold]:
    """Gold links whose words count from `first_word` (0 or 1)."""
    return Rows(str(path), read_gold(path, one_indexed=first_word == 1))


def seems_one_indexed(gold: Rows[Gold]) -> bool:
    """Whether no gold link names the word 0 on either side, as if there were none."""
    links = (link for sure, possible in gold.rows for link in (*sure, *possible))
    return not any(0 in link for link in links)


def counted_from_one(gold: Rows[Gold]) -> Rows[Gold]:
    """The same links, read as if their words counted from 1."""
    rows = [
        Gold(*({(s - 1, t - 1) for s, t in links} for links in each))
        for each in gold.rows
    ]
    return gold._replace(rows=rows)


def with_test_set(given: Inputs, run: "Run") -> Inputs:
    """Add the test set that the configuration of a run names, unless text is given.

    Raises ConfigError when it names none, DataError when it cannot be read.
    """
    if given.source is not None:
        return given
    test = run.load_config().data.test
    if test is None:
        raise ConfigError(
            f"{run.config_file}: expected a test set (data.test), found none: "
            "pass --source FILE --reference FILE"
        )
    source, reference = _sides(run, test)
    return given._replace(source=source, reference=reference)


def validation_set(run: "Run") -> tuple[Rows[str], Rows[str]]:
    """The validation text of a run. Raises ConfigError when it has none."""
    valid = run.load_config().data.valid
    if valid is None:
        raise ConfigError(
            f"{run.config_file}: expected validation text (data.valid), found none: "
            "there is nothing to tune on"
        )
    return _sides(run, valid)


def training_text(run: "Run") -> Rows[str]:
    """The target side of all that a run was trained on. Raises DataError."""
    from attnmt.text.corpora import read_pairs

    data = run.load_config().data
    pairs = (read_pairs(c, data.source_lang, data.target_lang) for c in data.train)
    rows = [target for corpus in pairs for _, target in corpus]
    return Rows("the training text", rows)


def default_name(source: Path | None) -> str:
    """What an evaluation is called: `test`, or the stem of the file it translates."""
    if source is None:
        return "test"
    if source == STANDARD_STREAM:
        return "stdin"
    return Path(source.name.removesuffix(".gz")).stem


def _sides(run: "Run", corpus: "Corpus") -> tuple[Rows[str], Rows[str]]:
    from attnmt.text.corpora import read_pairs

    data = run.load_config().data
    pairs = list(read_pairs(corpus, data.source_lang, data.target_lang))
    source, reference = _names(corpus)
    return (
        Rows(source, [source for source, _ in pairs]),
        Rows(reference, [target for _, target in pairs]),
    )


def _names(corpus: "Corpus") -> tuple[str, str]:
    if corpus.source is not None:
        return str(corpus.source), str(corpus.target)
    name = corpus.tsv or f"{corpus.tfds} ({corpus.split})"
    return str(name), str(name)


def _check_words(
    gold: Rows[Gold], sources: Sequence[str], references: Sequence[str]
) -> None:
    from attnmt.analysis.words import space_spans

    sentences = zip(gold.rows, sources, references, strict=True)
    for number, (links, source, reference) in enumerate(sentences, 1):
        limits = len(space_spans(source)), len(space_spans(reference))
        for link in sorted({*links.sure, *links.possible}):
            if link[0] >= limits[0] or link[1] >= limits[1]:
                raise DataError(
                    f"{gold.name}:{number}: the link of source word {link[0] + 1} and "
                    f"target word {link[1] + 1} is outside a sentence of {limits[0]} "
                    f"and {limits[1]} words: links are source-target; "
                    "--gold-index tells whether words count from 0 or from 1"
                )
