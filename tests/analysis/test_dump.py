import json
import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from attnmt.analysis.dump import Dump, DumpWriter
from attnmt.analysis.words import WORD_RULE
from attnmt.errors import DataError

HEADER = {"mode": "translate", "attention": {"name": "Additive"}}
TEXTS = ["ein Kahn", "", "日本 \u2028 é\x85 \x1b[31m \x0b x\u2029", "  ", "a\tb"]


@pytest.fixture(scope="module")
def records(make_record):
    records = [make_record(i, text, layers=2, heads=3) for i, text in enumerate(TEXTS)]
    second = make_record(5, "zwei", "two", rank=1, n_best=2, flags=["unfinished"])
    return [*records, make_record(5, "zwei", "pair", n_best=2), second]


def write(path: Path, records, header=HEADER, **options) -> Path:
    with DumpWriter(path, header, **options) as writer:
        for record in records:
            writer.write(record)
    return path


@pytest.fixture
def dump(tmp_path, records) -> Path:
    return write(tmp_path / "out.attn", records)


def edit_line(path: Path, number: int, **changes) -> None:
    """Change fields of a line of records.jsonl, as if the dump were not finished."""
    lines = (path / "records.jsonl").read_text("utf-8").split("\n")
    lines[number - 1] = json.dumps(json.loads(lines[number - 1]) | changes)
    (path / "records.jsonl").write_text("\n".join(lines), "utf-8")
    (path / "DONE.json").unlink()


# Writing and reading


def test_what_is_written_is_read(dump, records):
    opened = Dump(dump)
    assert len(opened) == len(records) == 7
    for found, record in zip(opened, records, strict=True):
        assert found.model_dump() == record.model_dump()
        assert found.weights.dtype == "<f2"
        np.testing.assert_allclose(found.weights, record.weights, atol=2.5e-4)
    assert opened[-1].hypothesis == "two"
    assert opened.header["attention"] == {"name": "Additive"}


def test_four_bytes_keep_every_bit(tmp_path, records):
    opened = Dump(write(tmp_path / "out.attn", records, dtype="f4"))
    for found, record in zip(opened, records, strict=True):
        np.testing.assert_array_equal(found.weights, record.weights)


def test_plain_numpy_reads_a_dump_in_five_lines(dump, records):
    folder, arrays = dump, []
    dtype = json.loads((folder / "header.json").read_bytes())["dtype"]
    raw = (folder / "weights.bin").read_bytes()
    for line in (folder / "records.jsonl").open(encoding="utf-8", newline="\n"):
        r = json.loads(line)
        cells = raw[r["offset"] : r["offset"] + r["nbytes"]]
        arrays.append(np.frombuffer(cells, dtype).reshape(r["shape"]))
    for found, record in zip(arrays, records, strict=True):
        np.testing.assert_allclose(found, record.weights, atol=2.5e-4)
    assert arrays[0].shape == (2, 3, 11, 5)


def test_header_says_what_the_weights_are(dump):
    header = json.loads((dump / "header.json").read_text("utf-8"))
    assert header.pop("tool").startswith("attnmt ")
    assert header == HEADER | {
        "format": "attn-dump",
        "version": 1,
        "level": "piece",
        "word_rule": WORD_RULE,
        "dtype": "<f2",
        "axes": ["layer", "head", "target", "source"],
        "eos_rows": True,
        "bos_rows": False,
    }


def test_lines_have_the_names_of_the_format(dump):
    line = json.loads((dump / "records.jsonl").read_bytes().split(b"\n")[0])
    names = """id rank n_best src hyp score norm_score src_pieces tgt_pieces src_ids
        tgt_ids src_spans tgt_spans logp flags align_kind src_words tgt_words
        src_piece2word tgt_piece2word align shape offset nbytes crc32"""
    assert list(line) == names.split()
    assert line["src_words"] == [[0, 3], [4, 8]]
    assert line["src_piece2word"] == [0, 0, 1, 1, -1]


def test_an_extra_is_a_column_by_its_own_name(tmp_path, make_record):
    extras = {"p_gen": np.linspace(0, 1, 11), "p_center": np.full((11, 2), 1.5)}
    records = [make_record(0, extras=extras), make_record(1, "")]
    folder = write(tmp_path / "out.attn", records)
    line = json.loads((folder / "records.jsonl").read_bytes().split(b"\n")[0])
    assert list(line)[-7:-4] == ["extras", "p_gen", "p_center"]
    assert line["extras"] == ["p_gen", "p_center"]
    np.testing.assert_allclose(line["p_gen"], extras["p_gen"], atol=1e-7)
    assert line["p_center"] == [[1.5, 1.5]] * 11
    found, blank = Dump(folder)
    assert list(found.extras) == ["p_gen", "p_center"] and blank.extras == {}
    for name, column in extras.items():
        np.testing.assert_array_equal(found.extras[name], column.astype(np.float32))


@pytest.mark.parametrize("name", ["extras", "score", "src", "align", "crc32"])
def test_an_extra_with_the_name_of_a_field_is_refused(tmp_path, make_record, name):
    record = make_record(extras={name: np.zeros(11)})
    with pytest.raises(DataError, match=f"line 1 .* no extra can be called {name}"):
        write(tmp_path / "out.attn", [record])


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"extras": 3}, "extras: expected numbers for each name"),
        ({"extras": ["p_gen"]}, "p_gen: expected finite numbers for 11 pieces"),
        ({"extras": [["p"]]}, "expected finite numbers for 11 pieces"),
        ({"extras": ["align"]}, "extras: could not convert"),
        ({"extras": ["x"], "x": [10**400]}, "extras: expected numbers for each name"),
    ],
)
def test_extras_that_are_none_are_told(dump, changes, problem):
    edit_line(dump, 1, **changes)
    with pytest.raises(DataError, match=rf"records.jsonl:1: .*{problem}"):
        Dump(dump)[0]


def test_no_reader_splits_a_line_in_two(dump, records):
    text = (dump / "records.jsonl").read_bytes().decode()
    assert len(text.splitlines()) == len(text.split("\n")) - 1 == len(records)
    assert "日本" in text  # readable, not escaped


def test_blank_line_has_no_cells(dump):
    blank = Dump(dump)[1]
    assert blank.weights.shape == (2, 3, 0, 0)
    assert blank.source_pieces == blank.alignment == []


def test_equal_translations_make_equal_files(dump, records, tmp_path):
    again = write(tmp_path / "again.attn", records)
    for name in ("header.json", "records.jsonl", "weights.bin", "DONE.json"):
        assert (again / name).read_bytes() == (dump / name).read_bytes()


def test_thousand_records_are_written_in_well_under_a_second(tmp_path, make_record):
    text = " ".join(f"word{i}" for i in range(12))
    records = [make_record(i, text, text) for i in range(1000)]
    start = time.process_time()
    write(tmp_path / "out.attn", records)
    assert time.process_time() - start < 1


# What is refused at writing


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e6])
def test_weights_that_are_not_finite_are_refused(tmp_path, make_record, value):
    record = make_record(4)
    record.weights[0, 0, 1, 2] = value  # 1e6 is infinite in two bytes
    with pytest.raises(DataError, match="input line 5 are not all finite"):
        write(tmp_path / "out.attn", [make_record(3), record])
    assert not (tmp_path / "out.attn" / "DONE.json").exists()
    assert len(Dump(tmp_path / "out.attn")) == 1


def test_score_that_is_no_number_is_refused(tmp_path, make_record):
    with pytest.raises(DataError, match="input line 1 cannot be written"):
        write(tmp_path / "out.attn", [make_record(score=float("nan"))])


@pytest.mark.parametrize("second", [{"id_": 1}, {"id_": 2}, {"id_": 2, "rank": 1}])
def test_records_out_of_order_are_refused(tmp_path, make_record, second):
    records = [make_record(2, rank=1), make_record(**second)]
    with pytest.raises(ValueError, match="out of order"):
        write(tmp_path / "out.attn", records)


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"weights": np.zeros((1, 1, 4, 5))}, "expected weights"),
        ({"weights": np.zeros((11, 9))}, "expected weights"),
        ({"target_ids": [1]}, "target pieces, ids"),
        ({"source_ids": [1]}, "source pieces, ids"),
        ({"source_spans": [(0, 99)] * 9}, "span"),
        ({"extras": {"p_center": np.zeros(10)}}, "p_center: expected finite .* 11 p"),
        ({"extras": {"p_gen": [0.5, np.nan] + [0.5] * 9}}, "p_gen: expected finite"),
        ({"extras": {"p_gen": ["often"] * 11}}, "could not convert"),
        ({"extras": {"p_gen": {"a": 1}}}, "expected numbers for each name"),
    ],
)
def test_record_must_fit_together(make_record, fields, problem):
    with pytest.raises(ValueError, match=problem):
        make_record(**fields)


# Where a dump is written


def test_missing_folders_are_made(tmp_path, records):
    assert len(Dump(write(tmp_path / "a" / "b" / "out.attn", records))) == 7


@pytest.mark.parametrize("here", [".", "..", "/"])
def test_folder_has_a_name(here):
    with pytest.raises(DataError, match="expected a folder by its name"):
        DumpWriter(Path(here), HEADER)


def test_empty_folder_is_filled(tmp_path, records):
    (tmp_path / "out.attn").mkdir()
    assert len(Dump(write(tmp_path / "out.attn", records))) == 7


def test_new_dump_replaces_an_old_one_when_it_is_complete(dump, records, make_record):
    with DumpWriter(dump, HEADER) as writer:
        writer.write(make_record(0, "neu"))
        assert len(Dump(dump)) == 7
    assert [record.source for record in Dump(dump)] == ["neu"]
    assert [path.name for path in dump.parent.iterdir()] == ["out.attn"]


def test_old_dump_survives_a_failure_of_the_new_one(dump, make_record):
    with pytest.raises(KeyboardInterrupt), DumpWriter(dump, HEADER) as writer:
        writer.write(make_record(0, "neu"))
        raise KeyboardInterrupt
    assert len(Dump(dump)) == 7
    assert [path.name for path in dump.parent.iterdir()] == ["out.attn"]


def a_file(path: Path, dump: Path) -> None:
    path.write_text("mine")


def a_folder(path: Path, dump: Path) -> None:
    path.mkdir()
    (path / "thesis.tex").write_text("mine")


def a_dump_and_more(path: Path, dump: Path) -> None:
    dump.rename(path)
    (path / "thesis.tex").write_text("mine")


def a_link(path: Path, dump: Path) -> None:
    path.symlink_to(dump)


def a_dangling_link(path: Path, dump: Path) -> None:
    path.symlink_to("nowhere")


@pytest.mark.parametrize(
    "make", [a_file, a_folder, a_dump_and_more, a_link, a_dangling_link]
)
def test_what_is_not_only_a_dump_is_left_alone(tmp_path, dump, make):
    path = tmp_path / "mine"
    make(path, dump)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(DataError, match="mine: exists and is not"):
        DumpWriter(path, HEADER)
    assert sorted(tmp_path.rglob("*")) == before


def test_path_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match=r"out\.attn: cannot be written"):
        write(tmp_path / "file" / "out.attn", [])


# Dumps that were not finished


def test_unfinished_dump_is_read_with_one_warning(dump, caplog):
    (dump / "DONE.json").unlink()
    with caplog.at_level(logging.WARNING):
        assert len(list(Dump(dump))) == 7
    assert len(caplog.messages) == 1
    assert "not finished; reading its 7 complete records" in caplog.messages[0]


def test_finished_dump_is_read_without_a_warning(dump, caplog):
    list(Dump(dump))
    assert caplog.messages == []


@pytest.mark.parametrize("name", ["records.jsonl", "weights.bin"])
def test_any_torn_end_leaves_the_complete_records(dump, name):
    (dump / "DONE.json").unlink()
    whole = (dump / name).read_bytes()
    complete = [record.source for record in Dump(dump)]
    counts = set()
    for size in range(0, len(whole), 13):
        (dump / name).write_bytes(whole[:size])
        found = [record.source for record in Dump(dump)]
        assert found == complete[: len(found)]
        counts.add(len(found))
    # Of the last seven records, those without weights need none.
    assert counts >= {0, 2, 4, 5}


def test_half_written_done_is_not_done(dump, caplog):
    done = (dump / "DONE.json").read_bytes()
    (dump / "DONE.json").write_bytes(done[: len(done) // 2])
    assert len(Dump(dump)) == 7
    assert len(caplog.messages) == 1


KILLED = """
import sys; from pathlib import Path
sys.path.insert(0, "tests")
from conftest import record_of
from attnmt.analysis.dump import DumpWriter
with DumpWriter(Path(sys.argv[1]), {}) as writer:
    for i in range(10**9):
        writer.write(record_of(i))
        print(i, flush=True)
"""


def test_killed_writer_leaves_every_record_it_had_written(tmp_path, make_record):
    path = tmp_path / "out.attn"
    command = [sys.executable, "-c", KILLED, str(path)]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=root) as process:
        assert process.stdout
        while int(process.stdout.readline()) < 25:
            pass
        os.kill(process.pid, signal.SIGKILL)
    found = list(Dump(path))
    assert len(found) > 25
    np.testing.assert_allclose(found[25].weights, make_record(25).weights, atol=1e-3)


# Dumps that are damaged


def test_changed_weights_are_noticed(dump):
    with (dump / "weights.bin").open("r+b") as file:
        file.seek(100)
        byte = file.read(1)[0]
        file.seek(100)
        file.write(bytes([byte ^ 1]))
    opened = Dump(dump)
    with pytest.raises(DataError, match=r"records\.jsonl:1: crc32"):
        opened[0]
    opened[1]


@pytest.mark.parametrize("name", ["records.jsonl", "weights.bin"])
@pytest.mark.parametrize("change", [lambda b: b[:-1], lambda b: b + b"\0"])
def test_finished_dump_of_another_size_is_refused(dump, name, change):
    path = dump / name
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(DataError, match="changed since it was finished"):
        Dump(dump)


def test_changed_text_of_a_finished_dump_is_noticed(dump):
    path = dump / "records.jsonl"
    path.write_bytes(path.read_bytes().replace(b"Kahn", b"Bahn"))
    with pytest.raises(DataError, match="changed since it was finished"):
        Dump(dump)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"offset": 1}, "expected offset"),
        ({"nbytes": 7}, "expected nbytes"),
        ({"shape": [1, 2, 3]}, "shape"),
        ({"shape": [-1, 3, 11, -5]}, "shape"),
        ({"crc32": "x"}, "crc32"),
        ({"id": None}, "id"),
        ({"rank": -1}, "rank"),
        ({"src": 3}, "src"),
        ({"tgt_pieces": ["a"]}, "target pieces, ids"),
        ({"src_spans": [[0, 999]] * 5}, "source span"),
        ({"norm_score": float("nan")}, "its scores are not all finite"),
    ],
)
def test_field_that_does_not_fit_is_named_with_its_line(dump, changes, problem):
    edit_line(dump, 3, **changes)
    with pytest.raises(DataError, match=rf"records\.jsonl:3: {problem}"):
        list(Dump(dump))


@pytest.mark.parametrize("line", [b"", b"{", b"[]", b"\xff\xfe", b'{"id": 1}'])
def test_line_that_is_no_record_is_named(dump, line):
    path = dump / "records.jsonl"
    lines = path.read_bytes().split(b"\n")
    path.write_bytes(b"\n".join([lines[0], line, *lines[1:]]))
    with pytest.raises(DataError, match=r"records\.jsonl:2: "):
        Dump(dump)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"format": "other"}, "expected format 'attn-dump', found 'other'"),
        ({"version": 2}, "expected version 1, found 2"),
        ({"dtype": ">f4"}, "expected dtype .* found '>f4'"),
    ],
)
def test_other_formats_are_refused(dump, change, problem):
    path = dump / "header.json"
    path.write_text(json.dumps(json.loads(path.read_bytes()) | change))
    with pytest.raises(DataError, match=rf"header\.json: {problem}"):
        Dump(dump)


@pytest.mark.parametrize("content", ["", "[]", "{", "null"])
def test_header_that_is_none_is_refused(dump, content):
    (dump / "header.json").write_text(content)
    with pytest.raises(DataError, match=r"header\.json: "):
        Dump(dump)


def test_what_is_no_dump_is_refused(tmp_path):
    with pytest.raises(DataError, match="expected the folder of an attention dump"):
        Dump(tmp_path / "missing")
    (tmp_path / "file").write_text("text")
    with pytest.raises(DataError, match="expected the folder of an attention dump"):
        Dump(tmp_path / "file")


# Choosing records


def test_records_are_chosen_by_id_and_rank(dump):
    opened = Dump(dump)
    assert [(r.id, r.rank) for r in opened.select([5, 2])] == [(2, 0), (5, 0), (5, 1)]
    assert [(r.id, r.rank) for r in opened.select(rank=1)] == [(5, 1)]
    assert len(list(opened.select())) == 7


@pytest.mark.parametrize("choice", [([9], None), ([5, 9], 0), ([2], 1), ([], 3)])
def test_missing_id_or_rank_names_the_range(dump, choice):
    with pytest.raises(DataError, match="ids go from 0 to 5, ranks from 0 to 1"):
        Dump(dump).select(*choice)


def test_dump_without_records_has_nothing_to_choose(tmp_path):
    empty = Dump(write(tmp_path / "out.attn", []))
    assert list(empty) == list(empty.select()) == []
    with pytest.raises(DataError, match="the dump has no records"):
        empty.select([0])
