"""A dump of words agrees with the dump of pieces that it was made from."""

import random

import numpy as np
import pytest

from attnmt.analysis.dump import Dump, DumpWriter
from attnmt.analysis.record import Record
from attnmt.analysis.word_level import word_record
from attnmt.config.schema import Tokenizer as Options
from attnmt.text.spm import train_model
from attnmt.text.tokenizer import Encoding, Tokenizer

PARTS = [
    *("<script>alert(1)</script>", "|||", "a-b", "</s>", "▁", "<0xE2>", "l'été", "x"),
    *("\x00", "\x1b[31m", "\u202e", "\u2066", "\ufeff", "\u200b", "\u0301", "\u0600"),
    *(" ", "  ", "\t", "\u00a0", "\u3000", "\u2028", "\u0085", "\x1c", "\r"),
    *("東京タワー", "は。", "กำลังไป", "ភាសាខ្មែរ", "မြန်မာ", "ພາສາ", "か\u3099"),
    *("👩\u200d🚀", "🇩🇪", "ﬁ", "½", "שלום", "नमस्ते", "\U0010ffff", "\ufffe", "ǅ"),
]


def hostile_lines(count: int) -> list[str]:
    draw = random.Random(4)
    return ["".join(draw.choices(PARTS, k=draw.randint(0, 9))) for _ in range(count)]


@pytest.fixture(scope="module", params=[True, False], ids=["bytes", "no bytes"])
def tokenizer(request, tmp_path_factory) -> Tokenizer:
    text = ["the cat saw a dog in Tokio", "東京は大きい。", "l'été va bien"] * 20
    options = Options(vocab_size=340, byte_fallback=request.param)
    path = tmp_path_factory.mktemp("spm") / "small.model"
    path.write_bytes(train_model(lambda: text, options))
    return Tokenizer(path)


def record_of(id_: int, source: str, target: str, tokenizer: Tokenizer) -> Record:
    """Random attention between the pieces of two lines."""
    sides = {}
    for side, text in (("source", source), ("target", target)):
        ids, pieces, spans = tokenizer.encode_with_spans(text)
        end = len(text.encode())
        ending = Encoding([3], ["</s>"], [(end, end)])
        sides[f"{side}_ids"] = ids + ending.ids
        sides[f"{side}_pieces"] = pieces + ending.pieces
        sides[f"{side}_spans"] = spans + ending.spans
    draw = np.random.default_rng(id_)
    size = len(sides["target_ids"]), len(sides["source_ids"])
    return Record(
        id=id_,
        source=source,
        hypothesis=target,
        score=-1.0,
        norm_score=-1.0,
        log_probs=(-draw.random(size[0])).tolist(),
        weights=draw.dirichlet(np.full(size[1], 0.1), (2, size[0])).astype("f4")[None],
        **sides,
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("dtype", "tolerance", "count"), [("f2", 1e-3, 2000), ("f4", 1e-6, 200)]
)
def test_pieces_and_words_of_hostile_lines_agree_in_mass(
    tokenizer, tmp_path, dtype, tolerance, count
):
    lines = hostile_lines(count)
    with DumpWriter(tmp_path / "pieces", {}, dtype) as writer:
        for id_, pair in enumerate(zip(lines, lines[::-1], strict=True)):
            writer.write(record_of(id_, *pair, tokenizer))
    pieces = Dump(tmp_path / "pieces")
    with DumpWriter(tmp_path / "words", {"level": "word"}, dtype) as writer:
        for record in pieces:
            writer.write(word_record(record))
    for one, other in zip(pieces, Dump(tmp_path / "words"), strict=True):
        assert tiles(one.source_spans[:-1], one.source)
        np.testing.assert_allclose(
            other.word_weights(), one.word_weights(), atol=tolerance
        )
        # Words of which normalisation leaves no piece have no attention.
        empty = len(one.target_words) if len(one.target_pieces) == 1 else 0
        rows = other.weights.astype(np.float64).sum(axis=-1)[:, :, empty:]
        np.testing.assert_allclose(rows, 1, atol=tolerance)
        assert sum(other.log_probs) == pytest.approx(sum(one.log_probs))


def tiles(spans: list[tuple[int, int]], text: str) -> bool:
    raw = text.encode()
    joined = b"".join(raw[begin:end] for begin, end in spans)
    return joined == raw or not spans


def test_words_take_the_place_of_pieces(make_record):
    record = make_record(0, "ein Kahn", "a boat", heads=2, extras={"gate": [1] * 5})
    words = word_record(record)
    assert words.source_pieces == ["ein", "Kahn", "</s>"]
    assert words.target_pieces == ["a", "boat", "</s>"]
    assert words.target_spans == [(0, 1), (2, 6), (6, 6)]
    log_probs = record.log_probs
    expected = [sum(log_probs[:2]), sum(log_probs[2:4]), log_probs[4]]
    assert words.log_probs == pytest.approx(expected)
    assert words.target_ids == [-1] * 3 and words.extras == {}
    np.testing.assert_allclose(words.weights, record.word_weights(), atol=1e-7)


def test_the_first_piece_may_speak_for_a_word(make_record):
    words = word_record(make_record(0, "ein", "boat"), "first")
    pieces = make_record(0, "ein", "boat").weights[0, 0]
    expected = [pieces[0, :2].sum(), pieces[0, 2]]
    np.testing.assert_allclose(words.weights[0, 0, 0], expected, atol=1e-6)


def test_unfinished_blank_and_slots_keep_their_form(make_record):
    record = make_record(0, "ein Kahn", "a boat")
    cut = record.model_copy(
        update={
            "weights": record.weights[:, :, :-1],
            "target_pieces": record.target_pieces[:-1],
            "target_spans": record.target_spans[:-1],
            "log_probs": record.log_probs[:-1],
            "flags": ["unfinished"],
        }
    )
    assert word_record(cut).weights.shape == (1, 1, 2, 3)
    blank = make_record(0, " ", "")
    assert word_record(blank) is blank
    weights = np.full((1, 1, 3, 4), 0.25)
    slots = make_record(0, "ein Kahn", "boat", align_kind="slot", weights=weights)
    assert word_record(slots).weights.shape == (1, 1, 2, 4)
