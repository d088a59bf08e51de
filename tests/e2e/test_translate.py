"""`attnmt translate`: N lines in, N lines out, whatever the lines are."""

import gzip
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from threading import Timer

import numpy as np
import pytest

from attnmt.analysis.dump import Dump

Command = Callable[..., subprocess.CompletedProcess[str]]
LONG = " ".join(["the old town hall"] * 400)  # more pieces than are translated
LINES = [
    "My aunts will not go to the town hall.",
    "",
    "She washed the shirt.\r",
    "   \t",
    "Ein 😀 and 漢字, \u2028 a line\x85 separator \x0c and a \x00 byte.",
    LONG,
    "\ufeffA mark inside.\u00a0",
    "no end of line",
]
BLANK = [1, 3]
SPLIT = LINES.index(LONG)  # translated in parts, whose pieces are not told


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of lines that are hard on readers of lines; the last one has no end."""
    path = tmp_path_factory.mktemp("text") / "hard.txt"
    path.write_bytes("\n".join(LINES).encode())
    return path


@pytest.fixture(scope="module")
def translations(
    text: Path, trained: Path, attnmt: Command, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A folder with the translations of that file in JSON and their attention."""
    folder = tmp_path_factory.mktemp("translations")
    output = (
        "--format",
        "jsonl",
        "-o",
        folder / "jsonl",
        "--attention",
        folder / "dump",
    )
    done = attnmt("translate", text, *output, "--n-best", 2, cwd=trained)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    (folder / "stderr").write_text(done.stderr, "utf-8")
    return folder


@pytest.fixture(scope="module")
def found(translations: Path) -> list[dict]:
    lines = (translations / "jsonl").read_text("utf-8").split("\n")
    assert lines.pop() == ""
    return [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def best(found: list[dict]) -> list[str]:
    """The first translation of every line."""
    return [fields["text"] for fields in found if fields["rank"] == 0]


def test_every_line_has_its_translations_in_order(found: list[dict]) -> None:
    numbers = [(fields["id"], fields["rank"]) for fields in found]
    ranks = [range(1 if i in (*BLANK, SPLIT) else 2) for i in range(len(LINES))]
    assert numbers == [(i, rank) for i, some in enumerate(ranks) for rank in some]
    for fields in found:
        assert fields["source"] == LINES[fields["id"]].removesuffix("\r")
        assert not set(fields["text"]) & {"\n", "\r"}


def test_blank_lines_stay_blank_and_others_do_not(found: list[dict]) -> None:
    for fields in found:
        blank = fields["id"] in BLANK
        assert (fields["text"] == "") == blank
        assert fields["flags"] == ["empty_src"] * blank or not blank
        assert (fields["pieces"] == []) == (blank or fields["id"] == SPLIT)


def test_scores_are_those_of_the_pieces_and_best_comes_first(found: list[dict]) -> None:
    for fields in found:
        assert len(fields["log_probs"]) == len(fields["pieces"])
        if fields["id"] != SPLIT:
            total = pytest.approx(sum(fields["log_probs"]), abs=1e-4)
            assert fields["log_prob"] == total
    pairs = zip(found, found[1:], strict=False)
    falls = [a["score"] >= b["score"] for a, b in pairs if a["id"] == b["id"]]
    assert len(falls) == len(LINES) - len(BLANK) - 1 and all(falls)


def test_a_line_that_is_too_long_is_told_and_flagged(
    translations: Path, found: list[dict], text: Path
) -> None:
    warning = (translations / "stderr").read_text("utf-8")
    assert f"{text}:{SPLIT + 1}: the line is too long: translated in parts" in warning
    flagged = {fields["id"] for fields in found if "split" in fields["flags"]}
    assert flagged == {SPLIT}


def test_the_newest_run_is_taken_and_named(translations: Path) -> None:
    first = (translations / "stderr").read_text("utf-8").split("\n")[0]
    assert first == "run: runs/tiny (the newest under ./runs)"


def test_the_dump_has_a_record_with_weights_for_every_translation(
    translations: Path, found: list[dict]
) -> None:
    dump = Dump(translations / "dump")
    assert (translations / "dump/DONE.json").exists()
    assert dump.header["decoding"]["beam_size"] == 5
    assert len(dump) == len(found)
    for record, fields in zip(dump, found, strict=True):
        names = ("id", "rank", "source", "text", "source_pieces", "log_probs", "flags")
        assert [getattr(record, name) for name in names] == [fields[n] for n in names]
        assert record.target_pieces == fields["pieces"]
        assert record.weights.dtype == np.float16
        sums = record.weights.astype(float).sum(axis=-1)
        assert sums.shape == (1, 1, len(fields["pieces"]))
        np.testing.assert_allclose(sums, 1.0, atol=2e-3)


def test_word_alignments_name_words_that_are_there(found: list[dict]) -> None:
    linked = 0
    for fields in found:
        links = [link.split("-") for link in fields["alignment"].split()]
        linked += len(links)
        assert all(int(s) < len(fields["source"].split()) for s, _ in links)
        targets = [int(t) for _, t in links]
        assert len(set(targets)) == len(targets)
        assert all(t < len(fields["text"].split()) for t in targets)
    assert linked > len(LINES)


def test_the_weights_are_those_of_the_pieces_one_after_the_other(
    translations: Path, trained: Path
) -> None:
    import tensorflow as tf

    from attnmt import Translator
    from attnmt.text.tokenizer import BOS

    network = Translator.load(trained / "runs/tiny").network
    records = [r for r in Dump(translations / "dump") if 0 < len(r.source_ids) < 100]
    assert len(records) == 2 * (len(LINES) - len(BLANK) - 1)
    for record in records:
        source = np.array([record.source_ids])
        target_in = np.array([[BOS, *record.target_ids[:-1]]])
        attentional, weights = network(source, target_in)
        np.testing.assert_allclose(weights[0], record.weights[0, 0], atol=1e-3)
        log_probs = tf.nn.log_softmax(network.logits(attentional))
        chosen = tf.gather(log_probs[0], record.target_ids, batch_dims=1)
        np.testing.assert_allclose(chosen, record.log_probs, atol=1e-4)


@pytest.mark.parametrize(
    ("size", "source"), [(1, "-"), pytest.param(7, "gzip", marks=pytest.mark.slow)]
)
def test_text_and_batches_change_no_translation(
    size: int,
    source: str,
    text: Path,
    best: list[str],
    trained: Path,
    attnmt: Command,
    tmp_path: Path,
) -> None:
    packed, output = tmp_path / "hard.txt.gz", tmp_path / "out.txt.gz"
    packed.write_bytes(gzip.compress(text.read_bytes()))
    options: tuple[object, ...] = ("--batch-size", size, "--run", "runs/tiny")
    if source == "-":
        given = text.read_bytes().decode()
        done = attnmt("translate", *options, cwd=trained, text=given)
        found = done.stdout
    else:
        done = attnmt("translate", packed, "-o", output, *options, cwd=trained)
        found = gzip.decompress(output.read_bytes()).decode()
        assert done.stdout == ""
    assert done.returncode == 0, done.stderr
    assert found == "".join(f"{line}\n" for line in best)
    assert "run:" not in done.stderr


def test_a_run_that_was_moved_translates_greedily_with_scores_and_links(
    text: Path, trained: Path, attnmt: Command, tmp_path: Path
) -> None:
    moved = shutil.copytree(trained / "runs/tiny", tmp_path / "elsewhere/model")
    for name in ("encoded", "tensorboard", "validation", "metrics.jsonl"):
        (shutil.rmtree if (moved / name).is_dir() else Path.unlink)(moved / name)
    options = ("--beam", 1, "--scores", "--align", "--batch-size", 3)
    done = attnmt(
        *("translate", text, *options), cwd=tmp_path, env={"ATTNMT_RUN": str(moved)}
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith(f"run: {moved} (from ATTNMT_RUN)\n")
    lines = [line.split(" ||| ") for line in done.stdout.split("\n")[:-1]]
    assert [len(fields) for fields in lines] == [3] * len(LINES)
    assert [i for i, (found, _, _) in enumerate(lines) if not found] == BLANK
    assert all(float(score) <= 0 for _, score, _ in lines)
    unlinked = [i for i, (_, _, links) in enumerate(lines) if not links]
    assert unlinked == sorted([*BLANK, SPLIT])


@pytest.mark.slow
def test_a_table_has_five_columns_and_no_lines_give_none(
    trained: Path, attnmt: Command, tmp_path: Path
) -> None:
    (tmp_path / "some").write_text("The shirt is old.\n\nMy aunts go.\n", "utf-8")
    (tmp_path / "none").write_text("", "utf-8")
    options = ("--run", trained / "runs/tiny", "--format", "tsv")
    done = attnmt("translate", "some", *options, cwd=tmp_path)
    rows = [line.split("\t") for line in done.stdout.split("\n")[:-1]]
    assert [row[:2] for row in rows] == [["0", "0"], ["1", "0"], ["2", "0"]]
    assert rows[1] == ["1", "0", "0.0000", "", ""]
    assert all(len(row) == 5 and float(row[2]) <= 0 for row in rows)
    none = attnmt("translate", "none", *options, cwd=tmp_path)
    assert (none.returncode, none.stdout, none.stderr) == (0, "", "")


def test_text_that_cannot_be_read_is_one_line_and_leaves_the_output_alone(
    trained: Path, attnmt: Command, tmp_path: Path
) -> None:
    options = ("--run", trained / "runs/tiny", "-o", "out")
    (tmp_path / "out").write_text("older\n", "utf-8")
    missing = attnmt("translate", "missing.txt", *options, cwd=tmp_path)
    expected = "missing.txt: cannot be read: No such file or directory\n"
    assert (missing.returncode, missing.stdout, missing.stderr) == (3, "", expected)

    (tmp_path / "latin").write_bytes(b"The shirt.\nThe caf\xe9 is old.\n")
    latin = attnmt("translate", "latin", *options, cwd=tmp_path)
    assert (latin.returncode, latin.stdout) == (3, "")
    assert latin.stderr.startswith("latin:2:8: not UTF-8: byte 0xe9")
    assert latin.stderr.count("\n") == 1
    assert {p.name for p in tmp_path.iterdir()} == {"out", "latin"}
    assert (tmp_path / "out").read_text("utf-8") == "older\n"


def test_a_folder_that_is_no_run_is_told(attnmt: Command, tmp_path: Path) -> None:
    named = attnmt("translate", "--run", "nowhere", cwd=tmp_path)
    assert (named.returncode, named.stdout) == (2, "")
    assert named.stderr == (
        "--run: nowhere is not a run folder: it has no config.yaml\n"
    )
    searched = attnmt("translate", cwd=tmp_path)
    assert searched.returncode == 2
    assert "ATTNMT_RUN" in searched.stderr and "./runs" in searched.stderr


def test_the_input_is_never_the_output(attnmt, trained, tmp_path) -> None:
    (tmp_path / "text").write_text("A lamp.\n", "utf-8")
    found = attnmt("translate", "text", "--run", trained, "-o", "text", cwd=tmp_path)
    assert found.returncode == 2 and "not the input" in found.stderr
    assert (tmp_path / "text").read_text("utf-8") == "A lamp.\n"


@pytest.mark.slow
def test_a_program_that_writes_line_by_line_is_answered_line_by_line(
    command: list[str], environment: dict[str, str], trained: Path
) -> None:
    arguments = ("translate", "-", "--run", "runs/tiny", "--batch-size", "1")
    with subprocess.Popen(
        [*command, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=trained,
        env=environment,
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        limit = Timer(120, process.kill)  # a wait for a next line would have no end
        limit.start()
        for line in (b"The old shirt is red.\n", b"\n", b"A lamp.\n"):
            process.stdin.write(line)
            process.stdin.flush()
            answer = process.stdout.readline()  # before the next line is there
            assert answer.endswith(b"\n") and (answer == b"\n") is (line == b"\n")
        limit.cancel()
        process.stdin.close()
        assert process.wait() == 0 and process.stdout.read() == b""
