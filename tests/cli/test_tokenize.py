"""`attnmt tokenize` as the installed command: train, encode, decode."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from attnmt.cli.tokenize import ModelType
from attnmt.config import schema

LINES = ["der Hund grüßt", "", "der  Mann\tmag 日本 \u2028 ½", "Mann mag Hund", "  "]


def tokenize(
    *arguments: object, text: bytes = b"", python: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, *python, "-m", "attnmt", "tokenize"]
    return subprocess.run(
        [*command, *map(str, arguments)],
        input=text,
        capture_output=True,
        env={**os.environ, "LC_ALL": "C"},
    )


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    text = "".join(f"{line}\n" for line in LINES)
    (folder / "text").write_text(text, encoding="utf-8", newline="\n")
    path = folder / "small.model"
    result = tokenize("train", folder / "text", "-o", path)
    assert result.returncode == 0 and result.stdout == b""
    assert b"pieces, not 8000" in result.stderr and result.stderr.count(b"\n") == 1
    assert (folder / "small.vocab").read_text("utf-8").startswith("<pad>\n<unk>\n")
    return path


@pytest.mark.parametrize("ids", [(), ("--ids",)])
def test_decode_gives_back_what_encode_cut_line_by_line(ids, model, tmp_path: Path):
    text = "\n".join(LINES).encode()
    pieces = tokenize("encode", "-m", model, *ids, text=text)
    assert pieces.returncode == 0
    assert pieces.stdout.count(b"\n") == len(LINES)
    (tmp_path / "pieces").write_bytes(pieces.stdout)
    back = tokenize(
        "decode", "-m", model, *ids, tmp_path / "pieces", "-o", tmp_path / "text"
    )
    assert back.returncode == 0 and back.stdout == b""
    expected = ["der Hund grüßt", "", "der Mann mag 日本 1⁄2", "Mann mag Hund", ""]
    assert (tmp_path / "text").read_bytes().decode() == "\n".join([*expected, ""])


def test_pieces_show_where_words_begin(model: Path):
    shown = tokenize("encode", "-m", model, text=b"der Mann").stdout.decode()
    assert shown.replace(" ", "") == "▁der▁Mann\n"
    numbers = tokenize("encode", "-m", model, "--ids", text=b"der Mann").stdout
    assert all(number.isdigit() for number in numbers.split())


def test_lowercase_reads_upper_case_alike(model: Path):
    lower = tokenize("encode", "-m", model, text="der grüßt".encode())
    upper = tokenize("encode", "-m", model, "--lowercase", text="DER GRÜßT".encode())
    assert upper.stdout == lower.stdout


def test_training_reads_standard_input(tmp_path: Path):
    path = tmp_path / "m.model"
    options = ("--model-type", "char", "--vocab-size", 16)
    result = tokenize("train", "-", "-o", path, *options, text=b"abc cba\n")
    assert result.returncode == 0 and path.exists()


@pytest.mark.parametrize(
    ("arguments", "text", "code", "message"),
    [
        (("encode",), b"fine\n\xffx", 3, "standard input:2:1: not UTF-8: byte 0xff"),
        (("decode", "--ids"), b"5\nx\n", 3, "-:2: 'x' is not the number of a piece"),
        (("decode", "--ids"), b"99999", 3, "'99999' is not the number of a piece"),
        (("decode", "--ids"), b"9" * 5000, 3, "is not the number of a piece"),
        (("encode", "absent.txt"), b"", 3, "absent.txt: cannot be read: No such file"),
    ],
)
def test_wrong_input_ends_in_one_line(arguments, text, code, message, model: Path):
    result = tokenize(*arguments, "-m", model, text=text)
    assert result.returncode == code
    assert message in result.stderr.decode() and result.stderr.count(b"\n") == 1


def test_pieces_of_another_model_are_told(model: Path):
    result = tokenize("decode", "-m", model, text="▁Mann\n▁Mann ▁xyz".encode())
    assert (result.returncode, result.stdout.decode()) == (0, "Mann\nMann ⁇ \n")
    told = result.stderr.decode()
    assert "-: 1 pieces are none of" in told and "the first in line 2" in told


def test_a_file_that_is_no_model_ends_in_one_line(tmp_path: Path):
    (tmp_path / "x.model").write_bytes(b"text")
    result = tokenize("encode", "-m", tmp_path / "x.model", text=b"x")
    assert result.returncode == 3
    assert result.stderr.decode().endswith("x.model: not a SentencePiece model\n")


def test_a_vocabulary_below_the_characters_is_a_usage_error(tmp_path: Path):
    letters = " ".join("abcdefghijklmnopqrstuvwxyz").encode()
    options = ("--vocab-size", 16, "--no-byte-fallback")
    result = tokenize("train", "-", "-o", tmp_path / "m", *options, text=letters)
    assert result.returncode == 2
    assert b"tokenizer.vocab_size is 16" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_tensorflow_is_not_imported(model: Path):
    result = tokenize("encode", "-m", model, text=b"x", python=("-X", "importtime"))
    assert result.returncode == 0
    imported = {line.split(b"|")[-1].strip() for line in result.stderr.split(b"\n")}
    assert b"sentencepiece" in imported
    assert not imported & {b"tensorflow", b"keras", b"tensorflow_datasets"}


def test_model_types_are_those_of_the_configuration():
    field = schema.Tokenizer.model_json_schema()["properties"]["model_type"]
    assert [kind.value for kind in ModelType] == field["enum"]


@pytest.mark.parametrize("output", ["-", "no/such/folder.model"])
def test_a_model_that_could_not_be_written_is_not_trained(
    output: str, tmp_path: Path
) -> None:
    (tmp_path / "text").write_text("der Hund\n", "utf-8")
    result = tokenize("train", tmp_path / "text", "-o", output)
    assert result.returncode == 2
    assert b"--output: expected the name of a model in a folder" in result.stderr


def test_a_model_does_not_take_the_place_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("der Hund\n", "utf-8")
    options = ("-o", tmp_path, "--vocab-size", "300")
    result = tokenize("train", tmp_path / "text", *options)
    assert result.returncode == 2
    assert f"--output: expected the name of a model, found the folder {tmp_path}" in (
        result.stderr.decode()
    )
    assert [path.name for path in tmp_path.iterdir()] == ["text"]


def test_models_of_two_languages_have_their_own_pieces(tmp_path: Path) -> None:
    for lang, text in (("en", "the dog barks\n"), ("de", "der Hund bellt\n")):
        path, options = tmp_path / f"spm.{lang}", ("--vocab-size", 300)
        done = tokenize("train", "-", "-o", path, *options, text=text.encode())
        assert done.returncode == 0, done.stderr
    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == ["spm.de", "spm.de.vocab", "spm.en", "spm.en.vocab"]


@pytest.mark.parametrize("name", ["text", "small.model"])
def test_encoding_replaces_no_input(name: str, model: Path, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("der Hund\n", "utf-8")
    (tmp_path / "small.model").write_bytes(model.read_bytes())
    before = (tmp_path / name).read_bytes()
    files = ("-m", tmp_path / "small.model", tmp_path / "text")
    done = tokenize("encode", *files, "-o", tmp_path / name)
    assert done.returncode == 2
    assert b"expected an output that is not the input" in done.stderr
    assert (tmp_path / name).read_bytes() == before


@pytest.mark.parametrize("name", ["m.model", "m.vocab"])
def test_training_replaces_no_text(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("der Hund\n", "utf-8")
    done = tokenize("train", tmp_path / name, "-o", tmp_path / "m.model")
    assert done.returncode == 2
    assert b"expected an output that is not the input" in done.stderr
    assert (tmp_path / name).read_text("utf-8") == "der Hund\n"


def test_lines_that_sentencepiece_would_skip_are_told(tmp_path: Path) -> None:
    lines = ["der Hund mag den Mann", "Hund " * 14_000, "der ▅ Mann", "der Mann"]
    text = "".join(f"{line}\n" for line in lines).encode()
    done = tokenize("train", "-", "-o", tmp_path / "m", "--vocab-size", 300, text=text)
    assert done.returncode == 0
    told = "nothing is learnt from 2 of the lines, the first begins with 'Hund Hund "
    assert told in done.stderr.decode()
    text = b"Hund " * 14_000
    done = tokenize("train", "-", "-o", tmp_path / "n", text=text)
    assert done.returncode == 3 and b"no text to train" in done.stderr
    assert b"nothing is learnt from 1 of the lines" in done.stderr


def test_text_that_is_one_long_line_is_learnt_from(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("der Hund mag den Mann " * 400 + "\n", "utf-8")
    path = tmp_path / "long.model"
    result = tokenize("train", tmp_path / "text", "-o", path)
    assert result.returncode == 0, result.stderr
    assert "▁Hund" in (tmp_path / "long.vocab").read_text("utf-8")
