"""A tag is a piece before the sentences of its corpus, and nothing that text can be."""

from pathlib import Path

import pytest

from attnmt.config.schema import Config, Corpus
from attnmt.text.encoded import EncodedCorpus, prepare_corpus
from attnmt.text.sampling import Sampler
from attnmt.text.tokenizer import UNK, Tokenizer, load_tokenizers, prepare_tokenizers

TAG = "<bt>"


def twice(config: Config, tag: str | None) -> Config:
    """The corpus of a configuration twice, tagged the second time."""
    (corpus,) = config.data.train
    corpora = [corpus, corpus.model_copy(update={"tag": tag})]
    data = config.data.model_copy(update={"train": corpora})
    return config.model_copy(update={"data": data})


def sources(corpus: EncodedCorpus) -> list[list[int]]:
    return [corpus.source(i).tolist() for i in range(len(corpus))]


@pytest.mark.parametrize("options", [{}, {"shared": False}, {"model_type": "unigram"}])
def test_the_source_side_gets_a_piece_more(make_config, tmp_path: Path, options):
    plain = prepare_tokenizers(twice(make_config(**options), None), tmp_path / "plain")
    both = prepare_tokenizers(twice(make_config(**options), TAG), tmp_path / "tagged")
    size = len(plain[0])
    assert len(both[0]) == size + 1 and both[0].id(TAG) == size
    for i in range(size):
        assert both[0].piece(i) == plain[0].piece(i)
    if not options.get("shared", True):
        assert both[1].fingerprint == plain[1].fingerprint
        assert both[1].id(TAG) == UNK


def test_text_that_reads_like_a_tag_stays_text(make_config, tmp_path: Path):
    lines = [f"{TAG} the dog sees", f"the{TAG}dog", TAG]
    tokenizer = prepare_tokenizers(twice(make_config(), TAG), tmp_path)[0]
    encoded = tokenizer.encode(lines)
    assert not any(tokenizer.id(TAG) in ids for ids in encoded)
    assert [tokenizer.decode(ids) for ids in encoded] == lines
    ids = tokenizer.encode(["the dog"])[0]
    assert tokenizer.decode([tokenizer.id(TAG), *ids]) == "the dog"


def test_a_given_model_gets_the_tag_that_it_lacks(make_config, tmp_path: Path):
    prepare_tokenizers(make_config(), tmp_path / "first")
    given = tmp_path / "first/shared.model"
    config = twice(make_config(source_model=given), TAG)
    made = prepare_tokenizers(config, tmp_path / "second")[0]
    assert made.id(TAG) == len(Tokenizer(given)) == len(made) - 1
    again = prepare_tokenizers(
        twice(make_config(source_model=tmp_path / "second/shared.model"), TAG),
        tmp_path / "third",
    )[0]
    assert again.fingerprint == made.fingerprint
    assert load_tokenizers(config, tmp_path / "third")[0].id(TAG) == made.id(TAG)


@pytest.mark.parametrize("sampling", [0.0, 0.3])
def test_only_the_sentences_of_its_corpus_begin_with_a_tag(
    make_config, tmp_path: Path, sampling
):
    config = twice(make_config(), TAG)
    tokenizers = prepare_tokenizers(config, tmp_path / "tokenizer")
    tag = tokenizers[0].id(TAG)
    plain, marked = (
        prepare_corpus(
            corpus,
            config.data,
            *(Sampler(t, sampling, [1]) if sampling else t for t in tokenizers),
            tmp_path / str(i),
            None,
        )
        for i, corpus in enumerate(config.data.train)
    )
    assert sources(marked) == [[tag, *ids] for ids in sources(plain)]
    assert marked.targets(range(9))[0].tolist() == plain.targets(range(9))[0].tolist()


def test_an_empty_line_stays_empty_and_another_tag_is_another_corpus(
    make_config, tmp_path: Path
):
    (tmp_path / "en").write_text("\nthe dog\n", "utf-8")
    (tmp_path / "de").write_text("nichts\nder Hund\n", "utf-8")
    config = twice(make_config(), TAG)
    tokenizers = prepare_tokenizers(config, tmp_path / "tokenizer")
    corpus = Corpus(source=tmp_path / "en", target=tmp_path / "de")

    def prepared(corpus: Corpus) -> EncodedCorpus:
        return prepare_corpus(
            corpus, config.data, *tokenizers, tmp_path / "encoded", 100
        )

    first = sources(prepared(corpus))
    found = prepared(corpus.model_copy(update={"tag": TAG}))
    assert found.dropped["empty"] == 1
    assert sources(found) == [[tokenizers[0].id(TAG), *ids] for ids in first]
    assert sources(prepared(corpus)) == first
