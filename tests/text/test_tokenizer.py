"""Text becomes pieces and text again; spans tile its bytes, whatever it holds."""

import io
from itertools import pairwise
from pathlib import Path

import pytest
import sentencepiece
from hypothesis import example, given, settings
from hypothesis import strategies as st

from attnmt.errors import ConfigError, DataError
from attnmt.text import spm
from attnmt.text.tokenizer import (
    BOS,
    EOS,
    PAD,
    UNK,
    Tokenizer,
    load_tokenizers,
    prepare_tokenizers,
)

MODEL_TYPES = ("bpe", "unigram", "char", "word")
TEXT = st.text(
    st.one_of(
        st.characters(codec="utf-8"),
        st.sampled_from(
            "ab  \t\r\0\x85\xa0\u200b\u2028\ufeff▁ﬁßẞİǅÅ½…Ａ日👩\u200d\u0301"
        ),
    ),
    max_size=30,
)


def hostile(test):
    """Run a test on odd strings, those that have been trouble first."""
    for text in ("▁x ▁", "  a  ", "a\0b", "İẞSTANBUL ﬁn", "\u200b", "e\u0301\u0301 ½"):
        test = example(text)(test)
    return settings(max_examples=400, deadline=None)(given(TEXT)(test))


def tiles(spans: list[tuple[int, int]], text: str) -> bool:
    ends = [0, *(end for _, end in spans)]
    in_order = all(begin <= end for begin, end in pairwise(ends))
    return in_order and spans == list(pairwise(ends)) and ends[-1] == len(text.encode())


@pytest.fixture(scope="module", params=MODEL_TYPES)
def any_tokenizer(request, make_config, tmp_path_factory) -> Tokenizer:
    """A lower-casing tokenizer of each type."""
    config = make_config(model_type=request.param, lowercase=True)
    return prepare_tokenizers(config, tmp_path_factory.mktemp(request.param))[0]


@hostile
def test_spans_tile_the_raw_bytes(any_tokenizer: Tokenizer, text: str):
    ids, pieces, spans = any_tokenizer.encode_with_spans(text)
    assert len(ids) == len(pieces) == len(spans)
    assert tiles(spans, text) or not ids
    assert any_tokenizer.encode([text]) == [ids]


@settings(max_examples=400, deadline=None)
@given(data=st.data())
def test_decoded_text_is_one_line_tiled_by_its_spans(any_tokenizer, data):
    ids = data.draw(st.lists(st.integers(0, len(any_tokenizer) - 1)))
    text, encoding = any_tokenizer.decode_with_spans(ids)
    assert tiles(encoding.spans, text) or not encoding.ids
    assert encoding.ids == [i for i in ids if i not in (PAD, BOS, EOS)]
    assert any_tokenizer.decode(ids) == text
    assert "\n" not in text and "\r" not in text


def test_a_span_holds_the_text_of_its_piece(tokenizer: Tokenizer):
    line = "der Hund  grüßt"
    encoding = tokenizer.encode_with_spans(line)
    surfaces = [line.encode()[b:e].decode() for b, e in encoding.spans]
    assert "".join(surfaces) == line
    assert [piece.replace("▁", " ").strip() for piece in encoding.pieces] == [
        surface.strip() for surface in surfaces
    ]


def test_the_last_byte_of_a_character_has_its_span(tokenizer: Tokenizer):
    encoding = tokenizer.encode_with_spans("日")
    assert encoding.pieces == ["▁", "<0xE6>", "<0x97>", "<0xA5>"]
    assert encoding.spans == [(0, 0), (0, 0), (0, 0), (0, 3)]


def test_training_text_survives(tokenizers, pairs):
    for side, tokenizer in enumerate(tokenizers):
        lines = [pair[side] for pair in pairs]
        assert [tokenizer.decode(ids) for ids in tokenizer.encode(lines)] == lines


@pytest.mark.parametrize("line", ["日本 👩\u200d👧", "a\0b", "Ωmega €5", "naïve"])
def test_bytes_spell_unknown_characters(line: str, tokenizer: Tokenizer):
    assert tokenizer.decode(tokenizer.encode([line])[0]) == line


def test_without_bytes_an_unknown_character_is_unknown(make_config, tmp_path: Path):
    config = make_config(byte_fallback=False, vocab_size=60)
    tokenizer = prepare_tokenizers(config, tmp_path)[0]
    ids = tokenizer.encode(["a Ω"])[0]
    assert UNK in ids and "⁇" in tokenizer.decode(ids)


def test_blank_lines_have_no_pieces(tokenizer: Tokenizer):
    assert tokenizer.encode(["", "  ", "\u200b"]) == [[], [], []]
    assert tokenizer.encode_with_spans("  ").spans == []
    assert tokenizer.decode([]) == ""


def test_text_cannot_write_special_pieces(tokenizer: Tokenizer):
    ids = tokenizer.encode(["<s> </s> <pad> <unk>"])[0]
    assert not {PAD, UNK, BOS, EOS} & set(ids)
    assert [tokenizer.piece(i) for i in range(4)] == ["<pad>", "<unk>", "<s>", "</s>"]


def test_half_a_surrogate_pair_is_refused(tokenizer: Tokenizer):
    with pytest.raises(DataError, match="surrogate"):
        tokenizer.encode(["\ud800"])
    with pytest.raises(DataError, match="surrogate"):
        tokenizer.encode_with_spans("\ud800")


def test_lowercase_reads_upper_case_alike(make_config, tmp_path: Path):
    tokenizer = prepare_tokenizers(make_config(lowercase=True), tmp_path)[0]
    assert tokenizer.encode(["DER HUND GRÜSST"]) == tokenizer.encode(
        ["der hund grüsst"]
    )
    plain = Tokenizer(tmp_path / "shared.model", lowercase=False)
    assert plain.encode(["DER"]) != tokenizer.encode(["DER"])
    assert plain.fingerprint != tokenizer.fingerprint


def test_a_shared_model_knows_both_languages(make_config, tmp_path: Path, pairs):
    source, target = prepare_tokenizers(make_config(), tmp_path)
    assert source is target
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "shared.model",
        "shared.vocab",
    ]
    vocabulary = (tmp_path / "shared.vocab").read_text("utf-8").split("\n")
    assert vocabulary[: len(source)] == [source.piece(i) for i in range(len(source))]
    assert "▁Hund" in vocabulary and "▁dog" in vocabulary


def test_separate_models_know_one_language_each(tokenizers: tuple[Tokenizer, ...]):
    source, target = tokenizers
    assert source.id("▁dog") != UNK and source.id("▁Hund") == UNK
    assert target.id("▁dog") == UNK and target.id("▁Hund") != UNK


def test_a_run_keeps_its_models(make_config, tmp_path: Path, monkeypatch):
    before = prepare_tokenizers(make_config(shared=False), tmp_path)
    monkeypatch.setattr("attnmt.text.tokenizer.train_model", None)
    for load in (prepare_tokenizers, load_tokenizers):
        after = load(make_config(shared=False), tmp_path)
        assert [t.fingerprint for t in after] == [t.fingerprint for t in before]


def test_a_given_model_is_copied(make_config, tmp_path: Path, tokenizers):
    prepare_tokenizers(make_config(), tmp_path / "first")
    given_model = tmp_path / "first" / "shared.model"
    config = make_config(shared=False, source_model=given_model, vocab_size=350)
    source, target = prepare_tokenizers(config, tmp_path / "second")
    copied = tmp_path / "second" / "source.model"
    assert copied.read_bytes() == given_model.read_bytes()
    assert target.fingerprint == tokenizers[1].fingerprint


def test_a_model_numbered_otherwise_is_renumbered(tmp_path: Path, pairs):
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=(source for source, _ in pairs),
        model_writer=model,
        vocab_size=29,
        minloglevel=2,
    )
    (tmp_path / "usual.model").write_bytes(model.getvalue())
    usual = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    assert usual.pad_id() == -1
    ours = Tokenizer(tmp_path / "usual.model")
    assert [ours.id(p) for p in ("<pad>", "<unk>", "<s>", "</s>")] == [0, 1, 2, 3]
    assert len(ours) == len(usual) + 1
    line = "the dog sees Ω"
    assert ours.encode_with_spans(line).pieces == [
        piece.piece for piece in usual.encode(line, return_type="proto").pieces
    ]


@pytest.mark.parametrize("content", [b"", b"nonsense", None])
def test_a_file_that_is_no_model_is_named(content, make_config, tmp_path: Path):
    path = tmp_path / "bad.model"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=r"bad\.model"):
        prepare_tokenizers(make_config(source_model=path), tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("model_type", MODEL_TYPES)
def test_training_is_silent_and_repeatable(model_type, make_config, tmp_path, capfd):
    config = make_config(model_type=model_type, vocab_size=16, byte_fallback=False)
    if model_type in ("bpe", "unigram"):
        config = make_config(model_type=model_type, vocab_size=290)
    for name in ("a", "b"):
        prepare_tokenizers(config, tmp_path / name)
    a, b = ((tmp_path / n / "shared.model").read_bytes() for n in ("a", "b"))
    assert a == b
    assert capfd.readouterr() == ("", "")


def test_a_sampled_text_gives_the_same_model(make_config, tmp_path, monkeypatch):
    monkeypatch.setattr(spm, "_MOST_SENTENCES", 101)
    for name in ("a", "b"):
        prepare_tokenizers(make_config(), tmp_path / name)
    a, b = ((tmp_path / n / "shared.model").read_bytes() for n in ("a", "b"))
    assert a == b


@pytest.mark.parametrize("model_type", MODEL_TYPES)
def test_a_vocabulary_is_lowered_to_the_text(model_type, make_config, tmp_path, capfd):
    config = make_config(model_type=model_type, vocab_size=5000)
    tokenizer = prepare_tokenizers(config, tmp_path)[0]
    captured = capfd.readouterr()
    assert len(tokenizer) < 5000
    assert f"{len(tokenizer)} pieces, not 5000" in captured.err
    assert captured.err.count("\n") == 1 and captured.out == ""


def test_a_vocabulary_below_the_characters_is_refused(make_config, tmp_path: Path):
    config = make_config(vocab_size=20, byte_fallback=False)
    with pytest.raises(ConfigError, match=r"vocab_size is 20, .* need \d+ pieces"):
        prepare_tokenizers(config, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_bytes_spell_the_rare_characters_of_a_large_script(make_config):
    options = make_config(vocab_size=400).tokenizer
    common = ["das ist gut und schön"] * 40_000
    script = [chr(0x4E00 + i) for i in range(300)]
    model = spm.load_processor(spm.train_model(lambda: common + script, options))
    assert model.piece_to_id("s") != UNK and model.piece_to_id("一") == UNK
    assert model.decode(model.encode("一二 gut")) == "一二 gut"


@pytest.mark.parametrize("text", ["", "\n\n", "  \n"])
def test_text_without_words_is_refused(text, make_config, tmp_path: Path):
    config = make_config()
    for path in (config.data.train[0].source, config.data.train[0].target):
        (tmp_path / path.name).write_text(text)
    corpus = {"source": tmp_path / "en", "target": tmp_path / "de"}
    data = config.data.model_copy(
        update={"train": [config.data.train[0].model_copy(update=corpus)]}
    )
    with pytest.raises(DataError, match="no text to train a tokenizer on"):
        prepare_tokenizers(config.model_copy(update={"data": data}), tmp_path / "run")


def test_an_error_in_the_text_reaches_the_user(make_config):
    def sentences():
        yield "fine"
        raise DataError("x.en:2:1: not UTF-8")

    with pytest.raises(DataError, match="x.en:2:1"):
        spm.train_model(sentences, make_config().tokenizer)


def test_an_interrupted_training_is_interrupted(make_config) -> None:
    def interrupted():
        yield "one line"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        spm.train_model(interrupted, make_config().tokenizer)


def test_the_pieces_that_spell_bytes_are_not_taken_for_characters(make_config) -> None:
    told = "characters of the training text and 256 bytes .* need 263 .*byte_fallback"
    with pytest.raises(ConfigError, match=told):
        spm.train_model(lambda: ["a b"], make_config(vocab_size=20).tokenizer)
