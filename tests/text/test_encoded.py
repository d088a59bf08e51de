"""Encoded corpora hold the same ids on disk, whole, and are made again when needed."""

import os
from pathlib import Path

import numpy as np
import pytest

from attnmt.config.schema import Corpus, Data
from attnmt.errors import DataError
from attnmt.text import encoded
from attnmt.text.encoded import encode_corpus, load_encoded, prepare_corpus
from attnmt.text.tokenizer import Tokenizer

Both = tuple[Tokenizer, Tokenizer]
Files = tuple[Corpus, Data]


@pytest.mark.parametrize("chunk", [1, 7, 8192])
def test_ids_are_those_of_the_tokenizers(
    chunk, pairs, tokenizers: Both, tmp_path, monkeypatch
):
    monkeypatch.setattr(encoded, "_CHUNK", chunk)
    corpus = encode_corpus(iter(pairs), *tokenizers, tmp_path / "c", None)
    assert len(corpus) == len(pairs)
    for side, tokenizer in enumerate(tokenizers):
        ids = tokenizer.encode([pair[side] for pair in pairs])
        read = (corpus.source, corpus.target)[side]
        lengths = (corpus.source_lengths, corpus.target_lengths)[side]
        assert [read(i).tolist() for i in range(len(corpus))] == ids
        assert lengths.dtype == np.int32
        assert lengths.tolist() == [len(line) for line in ids]


def test_many_sentences_are_gathered_in_the_order_asked(
    pairs, tokenizers: Both, tmp_path
):
    corpus = encode_corpus(pairs, *tokenizers, tmp_path / "c", None)
    indices = np.array([5, 0, 299, 5])
    for gather, one in (
        (corpus.sources, corpus.source),
        (corpus.targets, corpus.target),
    ):
        ids, lengths = gather(indices)
        assert ids.tolist() == np.concatenate([one(i) for i in indices]).tolist()
        assert lengths.tolist() == [len(one(i)) for i in indices]


def test_empty_and_long_pairs_are_left_out_and_counted(tokenizer, tmp_path: Path):
    pairs = [("dog", ""), ("", ""), ("dog " * 9, "x"), ("dog", "Hund"), (" ", "y" * 99)]
    corpus = encode_corpus(pairs, tokenizer, tokenizer, tmp_path / "c", 4)
    assert len(corpus) == 1
    assert corpus.dropped == {"empty": 3, "too_long": 1}
    assert tokenizer.decode(corpus.source(0)) == "dog"
    assert load_encoded(tmp_path / "c").dropped == corpus.dropped


def test_length_is_that_of_the_pieces_alone(tokenizer: Tokenizer, tmp_path: Path):
    length = len(tokenizer.encode(["the dog sees"])[0])
    pair = ("the dog sees", "dog")
    encode_corpus([pair], tokenizer, tokenizer, tmp_path / "fits", length)
    with pytest.raises(DataError, match=rf"1 longer than {length - 1} pieces"):
        encode_corpus([pair], tokenizer, tokenizer, tmp_path / "long", length - 1)


@pytest.mark.parametrize("nothing", [[], [("", "x"), ("x", "")]])
def test_a_corpus_without_pairs_is_refused(nothing, tokenizer, tmp_path: Path):
    with pytest.raises(DataError, match="text: no sentence pair is left"):
        encode_corpus(nothing, tokenizer, tokenizer, tmp_path / "c", None)
    assert list(tmp_path.iterdir()) == []


def test_a_failure_leaves_the_older_corpus(pairs, tokenizer, tmp_path: Path):
    def failing():
        yield from pairs
        raise DataError("x.en:7:1: not UTF-8")

    encode_corpus(pairs[:3], tokenizer, tokenizer, tmp_path / "c", None)
    with pytest.raises(DataError, match="x.en:7:1"):
        encode_corpus(failing(), tokenizer, tokenizer, tmp_path / "c", None)
    assert len(load_encoded(tmp_path / "c")) == 3
    assert os.listdir(tmp_path) == ["c"]


def test_what_a_killed_process_left_is_swept(pairs, tokenizer, tmp_path: Path):
    (tmp_path / ".c.tmp").mkdir()
    (tmp_path / ".c.tmp" / "source.ids").write_bytes(b"half")
    encode_corpus(pairs, tokenizer, tokenizer, tmp_path / "c", None)
    assert os.listdir(tmp_path) == ["c"]


def test_a_cut_file_is_noticed(pairs, tokenizer, tmp_path: Path):
    folder = tmp_path / "c"
    encode_corpus(pairs, tokenizer, tokenizer, folder, None)
    for name in ("source.ids", "target.offsets"):
        path = folder / name
        content = path.read_bytes()
        path.write_bytes(content[:-16])
        with pytest.raises(DataError, match="encoded corpus"):
            load_encoded(folder)
        path.write_bytes(content)
    assert len(load_encoded(folder)) == len(pairs)


def test_pieces_beyond_16_bits_keep_their_numbers(make_config, tmp_path: Path):
    from attnmt.text.spm import train_model, write_model

    words = [f"w{i}" for i in range(66_000)]
    options = make_config(model_type="word", vocab_size=70_000).tokenizer
    write_model(tmp_path / "words.model", train_model(lambda: words, options))
    tokenizer = Tokenizer(tmp_path / "words.model")
    assert len(tokenizer) > 2**16
    corpus = encode_corpus(
        [("w0 w1", word) for word in words], tokenizer, tokenizer, tmp_path / "c", None
    )
    largest = max(range(len(corpus)), key=lambda i: corpus.target(i)[0])
    assert corpus.target(largest)[0] == len(tokenizer) - 1


@pytest.fixture
def files(tmp_path: Path) -> tuple[Corpus, Data]:
    (tmp_path / "en").write_text("the dog\nthe man\n")
    (tmp_path / "de").write_text("der Hund\nder Mann\n")
    corpus = Corpus(source=tmp_path / "en", target=tmp_path / "de")
    data = Data(source_lang="en", target_lang="de", train=[corpus])
    return corpus, data


def test_an_encoded_corpus_is_used_again(
    files: Files, tokenizers: Both, tmp_path, monkeypatch
):
    folder = tmp_path / "c"
    first = prepare_corpus(*files, *tokenizers, folder, 100)
    monkeypatch.setattr(encoded, "read_pairs", None)
    again = prepare_corpus(*files, *tokenizers, folder, 100)
    assert again.target(1).tolist() == first.target(1).tolist()


def test_other_text_tokenizer_or_length_encodes_again(
    files: Files, tokenizers: Both, tmp_path: Path
):
    source, target = tokenizers
    folder = tmp_path / "c"

    def prepared(source=source, target=target, max_length=100):
        prepare_corpus(*files, source, target, folder, max_length)
        return (folder / "meta.json").stat().st_ino

    first = prepared()
    assert prepared() == first
    longer = prepared(max_length=101)
    assert longer != first
    swapped = prepared(source=target, max_length=101)
    assert swapped != longer
    (tmp_path / "en").write_text("the dog\nthe boat\n")
    prepared(max_length=101)
    assert source.decode(load_encoded(folder).source(1)) == "the boat"


def test_a_changed_dataset_folder_is_encoded_again(tokenizers: Both, tmp_path: Path):
    root = tmp_path / "root"
    root.mkdir()
    (root / "en.train.txt").write_text("the dog\n")
    (root / "de.train.txt").write_text("der Hund\n")
    corpus = Corpus(tfds=str(root), split="train")
    data = Data(source_lang="en", target_lang="de", train=[corpus])
    prepare_corpus(corpus, data, *tokenizers, tmp_path / "c", None)
    (root / "en.train.txt").write_text("the boat\n")
    encoded = prepare_corpus(corpus, data, *tokenizers, tmp_path / "c", None)
    assert tokenizers[0].decode(encoded.source(0)) == "the boat"


def test_missing_text_is_named(files: Files, tokenizers: Both, tmp_path: Path):
    (tmp_path / "de").unlink()
    with pytest.raises(DataError, match=r"de: cannot be read: No such file"):
        prepare_corpus(*files, *tokenizers, tmp_path / "c", 100)
