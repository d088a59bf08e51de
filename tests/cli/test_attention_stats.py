"""`attnmt attention stats` as the installed command."""

import json
import subprocess
import sys

from attnmt.analysis.dump import DumpWriter


def stats(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "attnmt", "attention", "stats"]
    return subprocess.run(
        [*command, *map(str, arguments)], capture_output=True, encoding="utf-8"
    )


def write(path, make_record):
    with DumpWriter(path, {}) as writer:
        writer.write(make_record(0, "ein Kahn sinkt", "a boat a boat sinks"))
        writer.write(make_record(0, "ein Kahn sinkt", "boat sinks", rank=1))
        writer.write(make_record(1, "", ""))
    return path


def test_figures_of_the_dump_and_of_each_hypothesis(tmp_path, make_record):
    dump = write(tmp_path / "dump", make_record)
    result = stats(dump, "-o", tmp_path / "each.jsonl", "--json")
    assert (result.returncode, result.stderr) == (0, "")
    assert json.loads(result.stdout)["flags"]["repetition"] == 1
    lines = (tmp_path / "each.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    assert [(row["id"], row["rank"]) for row in rows] == [(0, 0), (0, 1), (1, 0)]
    assert "repetition" in rows[0]["flags"] and rows[0]["repeated"] == [2, 3]


def test_table_of_one_rank(tmp_path, make_record):
    result = stats(write(tmp_path / "dump", make_record), "--rank", 1)
    assert result.stdout.startswith("1 hypotheses, 1 with words\n")
    assert "entropy" in result.stdout and "repetition" not in result.stdout


def test_a_broken_record_is_told_with_its_line(tmp_path, make_record):
    dump = write(tmp_path / "dump", make_record)
    raw = (dump / "weights.bin").read_bytes()
    (dump / "weights.bin").write_bytes(raw[:-1] + b"\x7f")
    result = stats(dump, "-o", tmp_path / "each.jsonl")
    assert result.returncode == 3 and "records.jsonl:2: crc32" in result.stderr
    assert not (tmp_path / "each.jsonl").exists()


def test_standard_output_is_not_written_twice(tmp_path, make_record):
    result = stats(write(tmp_path / "dump", make_record), "-o", "-", "--json")
    assert (result.returncode, result.stdout) == (2, "")
    assert "--output -: standard output is for --json" in result.stderr
