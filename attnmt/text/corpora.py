"""Parallel corpora: two files, one TSV file, or a TensorFlow dataset."""

import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import redirect_stdout
from itertools import zip_longest
from pathlib import Path
from typing import Any, cast

from attnmt.config.schema import Corpus
from attnmt.errors import DataError
from attnmt.text.lines import read_lines

Pair = tuple[str, str]


def read_pairs(corpus: Corpus, source_lang: str, target_lang: str) -> Iterator[Pair]:
    """Yield the source and target sentences of a corpus in its own order.

    Raises DataError when the two sides do not match or the text cannot be read.
    """
    if corpus.tsv is not None:
        return _read_tsv(corpus.tsv)
    if corpus.tfds is not None:
        return _read_tfds(corpus, source_lang, target_lang)
    assert corpus.source is not None and corpus.target is not None
    return read_files(corpus.source, corpus.target)


def read_files(source: Path, target: Path) -> Iterator[Pair]:
    """Yield the pairs of two files; raises DataError when one has more lines."""
    pairs = zip_longest(read_lines(source), read_lines(target))
    for number, (source_line, target_line) in enumerate(pairs):
        if source_line is None or target_line is None:
            longer = source if target_line is None else target
            rest = 1 + sum(1 for _ in pairs)
            counts = {source: number, target: number, longer: number + rest}
            raise DataError(
                f"{source} has {counts[source]} lines but {target} has "
                f"{counts[target]}: line N of one must translate line N of the other"
            )
        yield source_line, target_line


def _read_tsv(path: Path) -> Iterator[Pair]:
    for number, line in enumerate(read_lines(path), 1):
        fields = line.split("\t")
        if len(fields) != 2:
            raise DataError(
                f"{path}:{number}: expected source TAB target, "
                f"found {len(fields)} field{'s' * (len(fields) != 1)}"
            )
        yield fields[0], fields[1]


def _read_tfds(corpus: Corpus, source_lang: str, target_lang: str) -> Iterator[Pair]:
    name = f"{corpus.tfds} ({corpus.split})"
    for number, example in enumerate(_load_tfds(corpus), 1):
        for lang in (source_lang, target_lang):
            if not isinstance(example.get(lang), bytes):
                raise DataError(
                    f"{name}: no text under the key {lang!r}; the keys are "
                    f"{', '.join(sorted(example))}: set source_lang and target_lang"
                )
        yield (
            _one_line(example[source_lang], f"{name}: example {number}"),
            _one_line(example[target_lang], f"{name}: example {number}"),
        )


def _load_tfds(corpus: Corpus) -> Iterable[Mapping[str, bytes]]:
    """Open the split of a dataset folder, of a TranslateFolder, or of a named dataset.

    A named dataset that is not in `data_dir` is downloaded and prepared there.
    """
    import tensorflow_datasets as tfds

    assert corpus.tfds is not None
    folder = Path(corpus.tfds)
    try:
        with redirect_stdout(sys.stderr):  # TFDS reports downloads with print
            if not folder.is_dir():
                dataset = tfds.load(
                    corpus.tfds, split=corpus.split, data_dir=corpus.data_dir
                )
            else:
                dataset = _folder_builder(folder).as_dataset(split=corpus.split)
    except Exception as error:  # TFDS does not document what it raises
        raise DataError(_tfds_message(corpus, error)) from error
    return cast(Iterable[Mapping[str, bytes]], tfds.as_numpy(dataset))


def _folder_builder(folder: Path) -> Any:
    import tensorflow_datasets as tfds

    if (folder / "dataset_info.json").is_file():
        return tfds.builder_from_directory(folder)
    if strangers := [p.name for p in folder.iterdir() if p.name.count(".") != 2]:
        raise DataError(
            "expected a prepared dataset with its dataset_info.json, or files named "
            f"LANGUAGE.SPLIT.txt only; found {strangers[0]}"
        )
    return tfds.folder_dataset.TranslateFolder(str(folder))


def _tfds_message(corpus: Corpus, error: Exception) -> str:
    where = f" in {corpus.data_dir}" if corpus.data_dir else ""
    detail = next((line for line in str(error).split("\n") if line.strip()), "")
    return (
        f"TensorFlow dataset {corpus.tfds}, split {corpus.split}{where}: cannot be "
        f"read: {detail or type(error).__name__}"
    )


def _one_line(raw: bytes, name: str) -> str:
    try:
        return " ".join(raw.decode("utf-8").split("\n"))
    except UnicodeDecodeError as error:
        raise DataError(f"{name}: not UTF-8: {error}") from error
