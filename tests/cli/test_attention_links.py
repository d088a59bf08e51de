"""`attnmt attention align` and `aer` as the installed command."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from attnmt.analysis.dump import DumpWriter, Record
from attnmt.analysis.words import word_spans
from attnmt.cli.attention import app

ROOT = Path(__file__).parents[2]
HANSARDS = (
    Path(os.environ.get("ATTNMT_CORPORA", ROOT / "../shared/corpora")) / "align_enfr"
)
needs_hansards = pytest.mark.skipif(
    not HANSARDS.is_dir(), reason=f"no {HANSARDS}: set ATTNMT_CORPORA"
)


def attention(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "attnmt", "attention", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, encoding="utf-8")


def record(id_: int, source: str, hypothesis: str, links: str, **fields) -> Record:
    """A piece for a word; each target word reads mostly the word it is linked to."""
    sides = {}
    for side, text in (("source", source), ("target", hypothesis)):
        end = len(text.encode())
        spans = [*word_spans(text), (end, end)] if source else []
        sides[f"{side}_spans"] = spans
        sides[f"{side}_pieces"] = ["x"] * len(spans)
        sides[f"{side}_ids"] = [0] * len(spans)
    shape = len(sides["target_spans"]), len(sides["source_spans"])
    weights = np.full((1, 1, *shape), 0.1, np.float32)
    for link in links.split():
        s, t = map(int, link.split("-"))
        weights[0, 0, t, s] = 0.6
    values = {"score": -1.0, "norm_score": -1.0, "log_probs": [-0.1] * shape[0]}
    values |= {"id": id_, "source": source, "hypothesis": hypothesis}
    return Record(**values | sides | fields, weights=weights)


def write(path: Path, *records: Record) -> Path:
    with DumpWriter(path, {}) as writer:
        for one in records:
            writer.write(one)
    return path


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    return write(
        tmp_path / "forward.attn",
        record(0, "a b c", "x y", "2-0 0-1"),
        record(0, "a b c", "z", "1-0", rank=1),
        record(1, "", "", ""),
        record(2, "a b", "x y z", "0-0 1-1 1-2"),
    )


def test_align_writes_a_line_for_every_input_line(dump: Path):
    result = attention("align", dump)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == "0-1 2-0\n\n0-0 1-1 1-2\n"


def test_align_by_threshold_into_a_file(dump: Path, tmp_path: Path):
    result = attention(
        *("align", dump, "--method", "threshold", "--threshold", 0.05),
        *("-o", tmp_path / "links"),
    )
    assert (result.returncode, result.stdout) == (0, "")
    first = (tmp_path / "links").read_text().split("\n")[0]
    assert first == "0-0 0-1 1-0 1-1 2-0 2-1"


def test_align_symmetrises_two_dumps(dump: Path, tmp_path: Path):
    other = write(
        tmp_path / "reverse.attn",
        record(0, "x y", "a b c", "0-0 0-1 0-2"),
        record(1, "", "", ""),
        record(2, "x y z", "a b", "0-0 1-1"),
    )
    both = ("align", dump, "--reverse", other, "--symmetrise")
    assert attention(*both, "intersection").stdout == "2-0\n\n0-0 1-1\n"
    union = "0-0 0-1 1-0 2-0\n\n0-0 1-1 1-2\n"
    assert attention(*both, "union").stdout == union


def test_align_refuses_a_reverse_dump_of_other_sentences(dump: Path, tmp_path: Path):
    wrong = record(2, "x y", "a b", "0-0")
    first = record(0, "x y", "a b c", "0-0"), record(1, "", "", "")
    short = write(tmp_path / "short.attn", *first)
    other = write(tmp_path / "other.attn", *first, wrong)
    for path, problem in ((short, "found 3 in"), (other, f"{other}: id 2")):
        result = attention("align", dump, "--reverse", path)
        assert result.returncode == 3 and problem in result.stderr
        assert "Traceback" not in result.stderr and result.stdout.count("\n") < 3


def test_align_refuses_a_missing_line_and_a_broken_record(dump: Path, tmp_path: Path):
    gap = write(tmp_path / "gap.attn", record(0, "a", "x", ""), record(2, "a", "x", ""))
    result = attention("align", gap)
    assert result.returncode == 3
    assert "rank 0 for input line 1" in result.stderr
    raw = bytearray((dump / "weights.bin").read_bytes())
    raw[3] ^= 64
    (dump / "weights.bin").write_bytes(raw)
    result = attention("align", dump, "-o", tmp_path / "links")
    assert result.returncode == 3
    assert "records.jsonl:1: crc32" in result.stderr
    assert not (tmp_path / "links").exists()


def test_aer_of_a_dump_is_that_of_its_links(dump: Path, tmp_path: Path):
    (tmp_path / "gold").write_text("0-1 2p0\n\n0-0 1-1 1p0\n")
    attention("align", dump, "-o", tmp_path / "links")
    figures = []
    for links in (dump, tmp_path / "links"):
        result = attention("aer", links, "--gold", tmp_path / "gold", "--json")
        assert (result.returncode, result.stderr) == (0, "")
        figures.append(json.loads(result.stdout))
    assert figures[0] == figures[1]
    # 5 links, of which 3 of 3 are sure and 4 possible.
    assert figures[0]["aer"] == pytest.approx(1 - (3 + 4) / (5 + 3))
    assert figures[0]["aer_by_offset"]["1"] > figures[0]["aer"]


def test_aer_finds_attention_that_is_a_word_ahead(tmp_path: Path):
    (tmp_path / "gold").write_text("0-0 1-1 2-2\n")
    (tmp_path / "links").write_text("1-0 2-1\n")
    result = attention(
        *("aer", tmp_path / "links", "--gold", tmp_path / "gold"),
        *("--sentences", tmp_path / "each", "--json"),
    )
    rates = json.loads(result.stdout)["aer_by_offset"]
    assert rates["1"] == pytest.approx(1 - 4 / 5) and rates["0"] == rates["-1"] == 1
    assert json.loads((tmp_path / "each").read_text())["aer"] == 1


def test_aer_judges_a_word_early_as_it_does_a_word_late(tmp_path: Path):
    words = range(5)
    (tmp_path / "gold").write_text(" ".join(f"{i}-{i}" for i in words))
    rates = []
    for name, moved in (("early", -1), ("late", 1)):
        links = [f"{i}-{i + moved}" for i in words if 0 <= i + moved < 5]
        (tmp_path / name).write_text(" ".join(links))
        options = ("--gold", tmp_path / "gold", "--json")
        result = attention("aer", tmp_path / name, *options)
        rates.append(json.loads(result.stdout)["aer_by_offset"])
    early, late = rates
    assert early["1"] == late["-1"] < early["0"] == late["0"]


def test_an_offset_that_leaves_no_link_is_left_out(tmp_path: Path):
    for name, text in (("links", "0-0"), ("gold", "0p0")):
        (tmp_path / name).write_text(text)
    options = ("--gold", tmp_path / "gold", "--json")
    result = attention("aer", tmp_path / "links", *options)
    assert json.loads(result.stdout)["aer_by_offset"] == {"0": 0.0}


def test_aer_refuses_unequal_counts_and_no_links(tmp_path: Path):
    (tmp_path / "gold").write_text("0-0\n0-0\n")
    (tmp_path / "links").write_text("0-0\n")
    result = attention("aer", tmp_path / "links", "--gold", tmp_path / "gold")
    assert result.returncode == 3 and "found 1 in" in result.stderr
    (tmp_path / "links").write_text("0-0\n0:0\n")
    result = attention("aer", tmp_path / "links", "--gold", tmp_path / "gold")
    assert result.returncode == 3 and "links:2: expected links" in result.stderr


def test_links_may_count_from_one(tmp_path: Path):
    (tmp_path / "gold").write_text("0-0 1-1\n")
    (tmp_path / "links").write_text("1-1 2-2\n")
    command = ("aer", tmp_path / "links", "--gold", tmp_path / "gold", "--json")
    assert json.loads(attention(*command, "--links-index", 1).stdout)["aer"] == 0


def test_a_word_that_reads_the_end_most_may_have_no_link(tmp_path: Path):
    dump = write(tmp_path / "end.attn", record(0, "a b", "x y", "2-0 1-1"))
    assert attention("align", dump).stdout == "0-0 1-1\n"
    assert attention("align", dump, "--end", "no-link").stdout == "1-1\n"
    (tmp_path / "gold").write_text("1-1\n")
    command = ("aer", dump, "--gold", tmp_path / "gold", "--gold-index", 0, "--json")
    for options, rate in ((), 1 / 3), (("--end", "no-link"), 0):
        figures = json.loads(attention(*command, *options).stdout)
        assert figures["aer"] == pytest.approx(rate)


@needs_hansards
@pytest.mark.parametrize(
    ("file", "percent"),
    [
        ("fastalign.talp", 16.4),
        ("fastalign.reverse.talp", 15.9),
        ("fastalign.grow-diagonal.talp", 10.5),
        ("fastalign.grow-diagonal-final.talp", 12.1),
        ("giza.talp", 8.0),
        ("giza.reverse.talp", 9.8),
        ("giza.grow-diagonal.talp", 5.9),
        ("giza.grow-diagonal-final.talp", 6.2),
        ("awesome.out", 4.1),
    ],
)
def test_aer_gives_known_figures_and_finds_the_first_number(file: str, percent: float):
    links, gold = HANSARDS / "hyp" / file, HANSARDS / "test.gold.1idx"
    options = ["--target-first"] if "reverse" in file else []
    command = ["aer", str(links), "--gold", str(gold), "--json", *options]
    result = CliRunner().invoke(app, command)  # in this process, for speed
    assert "words count from 1" in result.stderr
    assert round(100 * json.loads(result.stdout)["aer"], 1) == percent


def test_what_is_blank_in_one_direction_has_no_links(dump: Path, tmp_path: Path):
    other = write(
        tmp_path / "reverse.attn",
        record(0, "x y", "a b c", "0-0 0-1 0-2"),
        record(1, "", "", ""),
        record(2, "", "", ""),
    )
    result = attention("align", dump, "--reverse", other, "--symmetrise", "union")
    assert result.returncode == 0, result.stderr
    assert result.stdout.split("\n")[0] == "0-0 0-1 1-0 2-0"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("align", "--symmetrise", "union"), "--symmetrise: expected --reverse"),
        (("align", "--threshold", 0.2), "--threshold: expected --method strong"),
        (("aer", "--gold", "gold", "--method", "mutual"), "are for a dump, not"),
        (("aer", "--gold", "gold", "--json", "--sentences", "-"), "--sentences -: "),
    ],
    ids=str,
)
def test_options_that_would_do_nothing_are_refused(
    dump: Path, tmp_path: Path, options: tuple, message: str
):
    name, *rest = options
    (tmp_path / "gold").write_text("0-0\n")
    result = attention(name, tmp_path / "gold" if name == "aer" else dump, *rest)
    assert result.returncode == 2 and message in result.stderr


def test_gold_links_are_not_replaced(tmp_path: Path):
    for name in ("links", "gold"):
        (tmp_path / name).write_text("0-0\n")
    for name in ("links", "gold"):
        files = (tmp_path / "links", "--gold", tmp_path / "gold")
        result = attention("aer", *files, "--sentences", tmp_path / name)
        assert result.returncode == 2
        assert "expected an output that is not the input" in result.stderr
        assert (tmp_path / name).read_text() == "0-0\n"
