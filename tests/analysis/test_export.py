"""A dump in the formats of other tools, and back again."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attnmt.analysis.dump import Dump, DumpWriter
from attnmt.analysis.export import exported, text_lines, write_npz
from attnmt.analysis.imports import marian_sentences, sockeye_sentences, to_record
from attnmt.analysis.record import Record
from attnmt.analysis.views import piece_matrix, word_matrix
from attnmt.errors import DataError
from attnmt.sentences import bare
from attnmt.text.lines import write_lines


def unfinished(record: Record) -> Record:
    changes = {
        "weights": record.weights[:, :, :-1],
        "flags": ["unfinished"],
        "target_pieces": record.target_pieces[:-1],
        "target_ids": record.target_ids[:-1],
        "target_spans": record.target_spans[:-1],
        "log_probs": record.log_probs[:-1],
    }
    return record.model_copy(update=changes)


@pytest.fixture
def dump(tmp_path: Path, make_record: Callable[..., Record]) -> Dump:
    records = [
        make_record(0, "ein Kahn sinkt .", "a boat is sinking .", heads=2),
        make_record(0, "ein Kahn sinkt .", "boat !", rank=1, heads=2),
        make_record(1, " ", "", heads=2),
        unfinished(make_record(2, "Ça va ?", "l' été va", heads=2)),
        make_record(3, "ja", "", heads=2),
    ]
    return written(tmp_path / "out.attn", *records)


def written(path: Path, *records: Record) -> Dump:
    with DumpWriter(path, {}, "f4") as writer:
        for record in records:
            writer.write(record)
    return Dump(path)


def lines(dump: Dump, to, *, pieces=False, rank=None, head=None) -> list[str]:
    rows = exported(dump, to, pieces=pieces, rank=rank, head=head)
    return list(text_lines(rows, to, dump.path))


def test_pharaoh_links_what_a_token_reads_most(tmp_path, make_record):
    weights = np.zeros((1, 1, 5, 3))
    weights[0, 0, range(5), [1, 1, 0, 2, 2]] = 1  # column 2 is that of </s>
    record = make_record(0, "ja", "so be", weights=weights)
    dump = written(tmp_path / "links.attn", record)
    assert lines(dump, "pharaoh") == ["0-0 0-1"]
    assert lines(dump, "pharaoh", pieces=True) == ["0-2 1-0 1-1"]
    cut = written(tmp_path / "cut.attn", unfinished(record))
    assert lines(cut, "pharaoh", pieces=True) == ["0-2 1-0 1-1"]


def test_a_line_that_was_translated_in_parts_keeps_its_text(tmp_path):
    joined = bare(0, "ein Kahn . er sinkt .", "token", ["split"], "a boat . it sinks .")
    dump = written(tmp_path / "split.attn", joined)
    assert lines(dump, "marian") == ["a boat . it sinks . ||| "]
    first, *rest = lines(dump, "sockeye")
    assert first.split(" ||| ")[1::2] == [
        "a boat . it sinks .",
        "ein Kahn . er sinkt .",
        "0",
    ]
    assert rest == [""]

    for tool, found in (("marian", lines(dump, "marian")), ("sockeye", [first, ""])):
        write_lines(tmp_path / tool, found)
        write_lines(tmp_path / "source", [joined.source])
        (sentence,) = (
            marian_sentences(tmp_path / tool, tmp_path / "source")
            if tool == "marian"
            else sockeye_sentences(tmp_path / tool)
        )
        back = to_record(0, sentence)
        assert (back.source, back.hypothesis) == (joined.source, joined.hypothesis)
        assert (back.target_pieces, back.flags) == ([], ["imported", "split"])


def test_marian_has_a_group_for_each_token_and_the_end(dump):
    first, blank, cut, nothing = lines(dump, "marian")
    target, groups = first.split(" ||| ")
    assert target == "a boat is sinking ."
    assert [len(group.split(",")) for group in groups.split(" ")] == [5] * 6
    assert (blank, cut.count(" ")) == (" ||| ", 2 + 1 + 3)
    assert nothing.startswith(" ||| ") and nothing.count(",") == 1


def test_sockeye_has_a_matrix_for_each_line(dump):
    found = lines(dump, "sockeye")
    target, source = "a boat is sinking . </s>", "ein Kahn sinkt . </s>"
    assert found[0].startswith(f"0 ||| {target} ||| 0.400000 ||| {source} ||| 5 ||| 6")
    assert [len(row.split(" ")) for row in found[1:6]] == [6] * 5  # a row per source
    assert found[6:9] == ["", "1 |||  ||| 0.400000 |||  ||| 0 ||| 0", ""]
    assert found[9].endswith(" ||| l' été va ||| 0.400000 ||| Ça va ? </s> ||| 4 ||| 3")


@pytest.mark.parametrize("pieces", [False, True], ids=["words", "pieces"])
@pytest.mark.parametrize("tool", ["marian", "sockeye"])
def test_what_is_exported_comes_back_within_the_printed_precision(
    dump, tmp_path, tool, pieces
):
    matrix = piece_matrix if pieces else word_matrix
    best = [record for record in dump if not record.rank]
    views = [matrix(record) for record in best]
    file, source = tmp_path / "exported", tmp_path / "source"
    write_lines(file, lines(dump, tool, pieces=pieces))
    write_lines(source, (" ".join(view.source[:-1]) for view in views))
    sentences = (
        marian_sentences(file, source) if tool == "marian" else sockeye_sentences(file)
    )
    subwords = "sentencepiece" if pieces else "none"
    found = [to_record(i, s, subwords) for i, s in enumerate(sentences)]
    again = Dump(written(tmp_path / "again.attn", *found).path)
    for record, view, old in zip(again, views, best, strict=True):
        back = matrix(record)
        assert (back.source, back.target) == (view.source, view.target)
        np.testing.assert_allclose(back.weights, view.weights, atol=1e-6)
        assert (record.source, record.hypothesis) == (
            old.source.strip(),
            old.hypothesis,
        )
        assert record.finished == old.finished and "imported" in record.flags
        if tool == "sockeye":
            assert record.norm_score == pytest.approx(old.norm_score, abs=1e-6)


@pytest.mark.parametrize(
    ("source", "target"), [("a ||| b", "x"), ("a", "x ||| y"), ("a </s>", "x </s> y")]
)
def test_text_that_another_tool_would_misread_is_refused(
    tmp_path, make_record, source, target
):
    dump = written(tmp_path / "bad.attn", make_record(0, source, target))
    with pytest.raises(DataError, match="id 0: the token '.*' would be misread"):
        lines(dump, "sockeye")
    (line,) = lines(dump, "jsonl")
    assert json.loads(line)["source"] == source


HOSTILE = st.lists(
    # U+FEFF is no part of a text file that begins with it.
    st.sampled_from(
        "a ||| </s> ▁b \ufeff \u200b \u202e \x00 é東 @@ <0xFF> ' |".split(" ")
    )
)


@given(source=HOSTILE, target=HOSTILE, tool=st.sampled_from(["marian", "sockeye"]))
@settings(max_examples=50)
def test_any_text_comes_back_or_is_refused(
    tmp_path_factory, make_record, source, target, tool
):
    folder = tmp_path_factory.mktemp("any")
    source = [token for token in source if token != "\ufeff"]
    record = make_record(0, " ".join(source), " ".join(target)).between_spaces()
    view = word_matrix(record)
    try:
        found = list(text_lines([(record, view)], tool, folder))
    except DataError:
        assert {"|||", "</s>"} & {*source, *target} or "\ufeff" in "".join(target)
        return
    write_lines(folder / "file", found)
    write_lines(folder / "source", [" ".join(view.source[:-1])])
    (sentence,) = (
        marian_sentences(folder / "file", folder / "source")
        if tool == "marian"
        else sockeye_sentences(folder / "file")
    )
    back = word_matrix(to_record(0, sentence))
    assert (back.source, back.target) == (view.source, view.target)
    np.testing.assert_allclose(back.weights, view.weights, atol=1e-6)


def test_a_piece_with_a_space_is_refused(tmp_path, make_record):
    record = make_record(0, "ab", "cd")
    bad = record.model_copy(update={"target_pieces": ["c\td", "e", "</s>"]})
    dump = written(tmp_path / "bad.attn", bad)
    assert lines(dump, "marian")
    with pytest.raises(DataError, match="would be misread"):
        lines(dump, "marian", pieces=True)
    cells = lines(dump, "tsv", pieces=True)
    assert cells[1].split("\t")[:6] == ["0", "0", "0", r"c\td", "0", "▁a"]


def test_tsv_has_a_line_for_each_weight(dump):
    header, *cells = lines(dump, "tsv")
    names = "id rank target_index target source_index source weight".split()
    assert header.split("\t") == names
    sizes = [word_matrix(record).weights.size for record in dump]
    assert len(cells) == sum(sizes)
    assert all(cell.count("\t") == 6 for cell in cells)
    last = cells[sizes[0] + sizes[1] - 1].split("\t")
    assert last[:6] == ["0", "1", "2", "</s>", "4", "</s>"]
    assert float(last[6]) == pytest.approx(word_matrix(dump[1]).weights[-1, -1], 1e-5)


def test_jsonl_has_an_object_for_each_hypothesis_or_those_of_a_rank(dump):
    rows = [json.loads(line) for line in lines(dump, "jsonl", head=1)]
    assert [(r["id"], r["rank"]) for r in rows] == [
        (0, 0),
        (0, 1),
        (1, 0),
        (2, 0),
        (3, 0),
    ]
    np.testing.assert_allclose(
        rows[0]["weights"], word_matrix(dump[0], 1).weights, rtol=1e-5
    )
    (row,) = [json.loads(line) for line in lines(dump, "jsonl", rank=1)]
    assert row["target"] == "boat !" and row["target_tokens"] == ["boat", "!", "</s>"]


def test_npz_has_arrays_for_each_hypothesis_without_pickle(dump, tmp_path):
    paths = tmp_path / "one.npz", tmp_path / "two.npz"
    for path in paths:
        write_npz(path, exported(dump, "npz", pieces=True, rank=None, head=None))
    assert paths[0].read_bytes() == paths[1].read_bytes()
    with np.load(paths[0], allow_pickle=False) as arrays:
        assert len(arrays.files) == 3 * len(dump)
        for record in dump:
            place, view = f"{record.id}_{record.rank}", piece_matrix(record)
            np.testing.assert_array_equal(arrays[f"{place}_weights"], view.weights)
            assert arrays[f"{place}_source"].tolist() == view.source
            assert arrays[f"{place}_target"].tolist() == view.target


def test_npz_refuses_the_text_that_numpy_would_cut(tmp_path, make_record):
    record = make_record(0, "ab", "cd")
    bad = record.model_copy(update={"source_pieces": ["a", "b\0", "</s>"]})
    rows = exported(
        written(tmp_path / "bad.attn", bad), "npz", pieces=True, rank=None, head=None
    )
    with pytest.raises(DataError, match="0_0 has a token that ends in a NUL"):
        write_npz(tmp_path / "bad.npz", rows)
    assert not (tmp_path / "bad.npz").exists()


def test_slots_are_exported_as_data_only(tmp_path, make_record):
    weights = np.full((1, 1, 3, 4), 0.25)
    slots = make_record(0, "ein Kahn", "boat", align_kind="slot", weights=weights)
    dump = written(tmp_path / "slots.attn", slots)
    assert json.loads(lines(dump, "jsonl")[0])["source_tokens"][3] == "slot 4"
    for to in ("pharaoh", "marian", "sockeye"):
        with pytest.raises(DataError, match="over memory slots"):
            lines(dump, to)


def test_a_line_without_the_wanted_rank_is_told(dump):
    with pytest.raises(DataError, match="rank 1 for input line 1 next"):
        lines(dump, "marian", rank=1)
