import base64
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from attnmt.analysis.dump import Dump, DumpWriter
from attnmt.analysis.statistics import statistics
from attnmt.analysis.viewer.payload import payload, quantised
from attnmt.errors import DataError
from attnmt.evaluation.alignment_error import Gold
from attnmt.evaluation.inputs import Rows


def dump_of(path, *records) -> Dump:
    with DumpWriter(path, {}, "f4") as writer:
        for record in records:
            writer.write(record)
    return Dump(path)


def restored(output) -> np.ndarray:
    raw = np.frombuffer(base64.b64decode(output["weights"]), np.uint8)
    shape = output["shape"]
    return raw.reshape(shape) * np.reshape(output["scales"], (*shape[:3], 1))


@pytest.fixture
def dump(tmp_path, make_record) -> Dump:
    first = make_record(0, layers=2, heads=3, n_best=2)
    second = make_record(0, hypothesis="boat", rank=1, n_best=2)
    return dump_of(tmp_path / "a.attn", first, second, make_record(1, ""))


def test_a_sentence_has_its_words_pieces_weights_and_figures(dump):
    page = payload(dump)
    assert page["systems"] == ["a.attn"]
    first = page["sentences"][0]
    assert (first["id"], first["rank"], first["n_best"]) == (0, 0, 2)
    (output,) = first["outputs"]
    assert output["columns"]["words"] == ["ein", "Kahn", "sinkt", "."]
    assert output["columns"]["pieces"][:3] == ["▁e", "in", "▁Ka"]
    assert output["columns"]["ranges"] == [
        *[(0, 1), (0, 1), (1, 2), (1, 2), (2, 3), (2, 3), (3, 4), (3, 4), (4, 5)]
    ]
    assert output["rows"]["words"] == ["a", "boat", "is", "sinking", "."]
    record = next(iter(dump))
    found = statistics(record)
    assert found is not None
    assert output["figures"]["entropy"] == pytest.approx(found.entropy, abs=1e-4)
    assert output["figures"]["worst_coverage"] == min(found.coverage[:3])
    assert output["figures"]["score"] == record.norm_score
    assert output["flags"] == [*record.flags, *found.flags]
    error = np.abs(restored(output) - record.weights).max()
    assert 0 < error <= max(output["scales"]) * 0.501


@given(arrays.arrays(np.float32, (1, 2, 3, 5), elements=st.floats(0, 1, width=32)))
def test_a_byte_is_off_by_half_the_scale_at_most(weights):
    found = quantised(weights)
    assert max(found["scales"]) <= 1 / 255 + 1e-9
    scales = np.reshape(found["scales"], (*weights.shape[:3], 1))
    assert (np.abs(restored(found) - weights) <= 0.501 * scales).all()


def test_a_sharp_row_does_not_hide_an_even_one():
    weights = np.full((1, 1, 2, 600), 1 / 600, np.float32)
    weights[0, 0, 0] = np.eye(600)[3]
    found = restored(quantised(weights))
    np.testing.assert_allclose(found.sum(axis=-1), 1.0, atol=1e-4)


def test_blank_lines_and_empty_hypotheses_have_a_place(tmp_path, make_record):
    empty = make_record(
        *(1, "ein Kahn", " "),
        target_pieces=["</s>"],
        target_ids=[0],
        target_spans=[(1, 1)],
        log_probs=[-0.5],
        weights=np.full((1, 1, 1, 5), 0.2),
    )
    blank, none = payload(dump_of(tmp_path / "a", make_record(0, ""), empty))[
        "sentences"
    ]
    assert blank["outputs"][0]["shape"] == [1, 1, 0, 0]
    assert blank["outputs"][0]["weights"] == ""
    assert none["outputs"][0]["rows"] == {
        "words": [],
        "pieces": ["</s>"],
        "ranges": [(0, 1)],
    }


def test_what_an_imported_dump_does_not_know_is_not_zero(tmp_path, make_record):
    record = make_record(flags=["imported"])
    (sentence,) = payload(dump_of(tmp_path / "a", record))["sentences"]
    assert set(sentence["outputs"][0]["log_probs"]) == {None}


def test_slots_are_columns_and_no_source_word_is(tmp_path, make_record):
    weights = np.full((1, 1, 3, 4), 0.25)
    record = make_record(0, "ein Kahn", "boat", align_kind="slot", weights=weights)
    gold = Rows("gold", [Gold([(0, 0)], [])])
    (sentence,) = payload(dump_of(tmp_path / "a", record), gold=gold)["sentences"]
    (output,) = sentence["outputs"]
    assert output["slots"] and sentence["source"] == "ein Kahn"
    assert output["columns"]["words"] == ["slot 1", "slot 2", "slot 3", "slot 4"]
    assert output["columns"]["pieces"] == output["columns"]["words"]
    assert output["columns"]["ranges"] == [(0, 1), (1, 2), (2, 3), (3, 4)]
    assert "aer" not in output["figures"]


def test_gold_links_are_told_apart_and_scored(tmp_path, make_record):
    record = make_record(0, "ein Kahn", "a boat")
    link, *_ = record.alignment
    gold = Rows("gold", [Gold([link], [link, (1, 0), (0, 1)])])
    (sentence,) = payload(dump_of(tmp_path / "a", record), gold=gold)["sentences"]
    assert sentence["gold"]["sure"] == [link]
    assert sentence["gold"]["possible"] == sorted({(1, 0), (0, 1)} - {link})
    assert 0 <= sentence["outputs"][0]["figures"]["aer"] < 1


def test_gold_without_a_line_for_every_input_line_is_refused(dump):
    with pytest.raises(DataError, match="gold: .* up to id 1, found 1 lines"):
        payload(dump, gold=Rows("gold", [Gold([], [])]))


def test_ids_and_rank_choose(dump):
    def chosen(*args):
        return [(s["id"], s["rank"]) for s in payload(dump, *args)["sentences"]]

    assert chosen() == [(0, 0), (0, 1), (1, 0)]
    assert chosen((0,)) == [(0, 0), (0, 1)]
    assert chosen((), 1) == [(0, 1)]
    with pytest.raises(DataError, match="no record with id 7"):
        chosen((7,))


def test_a_second_system_stands_beside_the_first(tmp_path, make_record):
    one = dump_of(tmp_path / "x" / "same.attn", make_record(0), make_record(1, ""))
    two = dump_of(
        tmp_path / "y" / "same.attn",
        make_record(0, hypothesis="one boat"),
        make_record(1, ""),
    )
    page = payload(one, other=two)
    assert page["systems"] == [str(one.path), str(two.path)]
    texts = [output["text"] for output in page["sentences"][0]["outputs"]]
    assert texts == ["a boat is sinking .", "one boat"]


def test_other_input_cannot_be_compared(tmp_path, dump, make_record):
    other = make_record(0, "zwei Kähne")
    with pytest.raises(DataError, match="b: id 0: expected the source 'ein Kahn"):
        payload(dump, other=dump_of(tmp_path / "b", other))
    short = dump_of(tmp_path / "c", make_record(0))
    with pytest.raises(DataError, match="c: expected id 0 rank 1 .* found none"):
        payload(dump, other=short)
    assert len(payload(dump, (0,), 0, other=short)["sentences"]) == 1


def test_a_dump_without_records_is_refused(tmp_path):
    with pytest.raises(DataError, match="has no records"):
        payload(dump_of(tmp_path / "a"))


def test_what_steers_text_is_replaced_and_all_is_json(tmp_path, make_record):
    hostile = "a\x00b \u202eevil \x1b[31m"
    record = make_record(0, hostile, hostile, score=0.0, norm_score=0.0)
    page = payload(dump_of(tmp_path / "a", record))
    text = json.dumps(page, ensure_ascii=False, allow_nan=False)
    assert "�" in text
    assert not {"\x00", "\u202e", "\x1b"} & set(text) and "\\u0000" not in text
