"""Parallel corpora come from files, TSV and TensorFlow datasets, or are refused."""

import gzip
from pathlib import Path

import pytest

from attnmt.config.schema import Corpus
from attnmt.errors import DataError
from attnmt.text.corpora import read_pairs

PAIRS = [("a man", "ein Mann"), ("", "leer"), ("the sea", "die See")]


def read(**corpus) -> list[tuple[str, str]]:
    return list(read_pairs(Corpus(**corpus), "en", "de"))


def write(path: Path, lines: list[str]) -> Path:
    text = "".join(f"{line}\n" for line in lines).encode()
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
    return path


def test_two_files_give_pairs_in_order(tmp_path: Path):
    source = write(tmp_path / "en.gz", [s for s, _ in PAIRS])
    target = write(tmp_path / "de", [t for _, t in PAIRS])
    assert read(source=source, target=target) == PAIRS


@pytest.mark.parametrize(("source", "target"), [(2, 5), (5, 2), (0, 1)])
def test_unequal_files_are_refused_with_both_counts(source, target, tmp_path: Path):
    short = write(tmp_path / "x.en", ["line"] * source)
    long = write(tmp_path / "x.de", ["Zeile"] * target)
    with pytest.raises(
        DataError, match=rf"x\.en has {source} lines but .*x\.de has {target}:"
    ):
        read(source=short, target=long)


def test_tsv_gives_its_two_columns(tmp_path: Path):
    path = write(tmp_path / "x.tsv.gz", ["\t".join(pair) for pair in PAIRS])
    assert read(tsv=path) == PAIRS


@pytest.mark.parametrize(("line", "found"), [("one", "1 field$"), ("a\tb\tc", "3 f")])
def test_tsv_of_other_columns_is_refused_with_its_line(line, found, tmp_path: Path):
    path = write(tmp_path / "x.tsv", ["a\tb", line])
    with pytest.raises(DataError, match=rf"x\.tsv:2: expected source TAB .*{found}"):
        read(tsv=path)


def test_real_files_pair_up(corpora_folder: Path):
    folder = corpora_folder / "multi30k"
    pairs = read(source=folder / "train.en", target=folder / "train.de")
    assert len(pairs) == 29_000
    assert not any("\n" in line or "\r" in line for pair in pairs for line in pair)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory) -> Path:
    """A data_dir with the prepared dataset tiny_translate and no class for it."""
    tf = pytest.importorskip("tensorflow")
    tfds = pytest.importorskip("tensorflow_datasets")

    def split(pairs):
        columns = {"en": [s for s, _ in pairs], "de": [t for _, t in pairs]}
        return tf.data.Dataset.from_tensor_slices(columns)

    folder = tmp_path_factory.mktemp("tensorflow_datasets")
    tfds.dataset_builders.store_as_tfds_dataset(
        name="tiny_translate",
        version="1.0.0",
        features=tfds.features.Translation(["en", "de"]),
        split_datasets={"train": split(PAIRS), "dev": split([("grün\nx", "\xa0ß")])},
        data_dir=folder,
        disable_shuffling=True,
    )
    return folder


@pytest.fixture
def translate_folder(tmp_path: Path) -> Path:
    write(tmp_path / "en.train.txt", [s for s, _ in PAIRS])
    write(tmp_path / "de.train.txt", [t for _, t in PAIRS])
    return tmp_path


def test_a_prepared_dataset_is_found_by_name(prepared: Path, capfd):
    assert read(tfds="tiny_translate", split="train", data_dir=prepared) == PAIRS
    assert capfd.readouterr().out == ""


def test_a_prepared_dataset_is_found_by_folder_and_subsplit(prepared: Path):
    folder = str(prepared / "tiny_translate" / "1.0.0")
    assert read(tfds=folder, split="train[1:]") == PAIRS[1:]


def test_dataset_text_becomes_one_line(prepared: Path):
    pairs = read(tfds="tiny_translate", split="dev", data_dir=prepared)
    assert pairs == [("grün x", "\xa0ß")]


def test_a_translate_folder_is_read(translate_folder: Path):
    assert read(tfds=str(translate_folder), split="train") == PAIRS


@pytest.mark.parametrize(
    ("corpus", "message"),
    [
        ({"tfds": "tiny_translate", "split": "nope"}, "nope.*train"),
        ({"tfds": "no_such_translate", "split": "train"}, "no_such_translate not f"),
    ],
)
def test_an_unknown_dataset_or_split_is_named(corpus, message, prepared: Path):
    with pytest.raises(DataError, match=f"(?i)cannot be read: .*{message}") as error:
        read(**corpus, data_dir=prepared)
    assert "\n" not in str(error.value)


def test_an_unknown_split_of_a_folder_is_named(translate_folder: Path):
    with pytest.raises(DataError, match=r"Unrecognized split dev.*\['train'\]"):
        read(tfds=str(translate_folder), split="dev")


def test_a_missing_language_is_named_with_those_there_are(translate_folder: Path):
    corpus = Corpus(tfds=str(translate_folder), split="train")
    with pytest.raises(DataError, match="key 'fr'; the keys are de, en"):
        list(read_pairs(corpus, "en", "fr"))


def test_a_folder_that_is_no_dataset_is_refused(translate_folder: Path):
    (translate_folder / "README").touch()
    with pytest.raises(DataError, match="found README"):
        read(tfds=str(translate_folder), split="train")
