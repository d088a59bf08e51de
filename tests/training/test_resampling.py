"""What each epoch reads."""

from collections.abc import Callable

import pytest

from attnmt.config.schema import Config
from attnmt.errors import DataError
from attnmt.run import Run
from attnmt.text.encoded import EncodedCorpus, prepare_corpus
from attnmt.text.tokenizer import Tokenizer, prepare_tokenizers
from attnmt.training.resampling import corpora_by_epoch

Parts = tuple[Config, Run, tuple[Tokenizer, Tokenizer], list[EncodedCorpus]]


def prepared(config: Config) -> Parts:
    run, data = Run(config.run_dir), config.data
    tokenizers = prepare_tokenizers(config, run.tokenizer_dir)
    folder = run.encoded_dir / "train.0"
    fixed = [prepare_corpus(data.train[0], data, *tokenizers, folder, data.max_length)]
    return config, run, tokenizers, fixed


def ids(corpora: list[EncodedCorpus]) -> list[list[int]]:
    (corpus,) = corpora
    sides = (corpus.source, corpus.target)
    return [side(i).tolist() for i in range(len(corpus)) for side in sides]


def test_every_epoch_cuts_the_text_anew_and_always_the_same(
    make_config: Callable[..., Config],
) -> None:
    parts = prepared(make_config(tokenizer={"vocab_size": 320, "sampling": 0.2}))
    of_epoch = corpora_by_epoch(*parts)
    zero, one = ids(of_epoch(0)), ids(of_epoch(1))
    assert zero != one and zero != ids(parts[3]) != one
    assert ids(of_epoch(0)) == zero and ids(corpora_by_epoch(*parts)(1)) == one
    texts = [
        [parts[2][0].decode(sentence) for sentence in epoch]
        for epoch in (zero, one, ids(parts[3]))
    ]
    assert texts[0] == texts[1] == texts[2]


def test_sides_of_the_same_text_are_cut_each_for_itself(make_config) -> None:
    config = make_config(tokenizer={"vocab_size": 320, "sampling": 0.2})
    corpus = config.data.train[0].model_copy(
        update={"target": config.data.train[0].source}
    )
    data = config.data.model_copy(update={"train": [corpus]})
    parts = prepared(config.model_copy(update={"data": data}))
    drawn = ids(corpora_by_epoch(*parts)(0))
    assert drawn[::2] != drawn[1::2]


def test_without_sampling_all_epochs_are_one(make_config) -> None:
    parts = prepared(make_config())
    assert corpora_by_epoch(*parts)(4) is parts[3]


def test_a_text_that_cannot_be_written_is_told(make_config) -> None:
    parts = prepared(make_config(tokenizer={"vocab_size": 320, "sampling": 0.2}))
    (parts[1].encoded_dir / ".drawn.0.tmp").write_text("in the way", "utf-8")
    with pytest.raises(DataError, match="epoch 2 cannot be written: .*make room"):
        corpora_by_epoch(*parts)(2)
