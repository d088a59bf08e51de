"""What is found in parallel text before a training learns from it."""

from pathlib import Path

import pytest

from attnmt.config import schema
from attnmt.errors import DataError
from attnmt.text import preflight
from attnmt.text.preflight import Checked, check_text

GOOD = [
    ("the small dog runs home today", "der kleine Hund läuft heute heim"),
    ("a large cat sleeps on the sofa", "eine große Katze schläft auf dem Sofa"),
    ("we have seen nothing of it", "wir haben nichts davon gesehen"),
]
ODD = [
    ("", "ein Satz ohne Quelle"),  # 1
    ("Berlin", "Berlin"),
    ("a word\x07 that rings", "ein Wort, das klingelt"),
    ("an old file", "eine alte Datei aus Stra\ufffdburg"),
    ("one", "ein ganzer Absatz, der hier gewiss nicht hingehört"),  # 5
    ("so " * 9, "so " * 9 + "!"),
    ("no", "ein"),
]


def data(folder: Path, **corpora: list[tuple[str, str]]) -> schema.Data:
    """A section `data` of TSV files; those that begin with train are trained on."""
    files = {}
    for name, pairs in corpora.items():
        files[name] = {"tsv": folder / f"{name}.tsv"}
        text = "".join(f"{source}\t{target}\n" for source, target in pairs)
        files[name]["tsv"].write_text(text, "utf-8")
    train = [file for name, file in files.items() if name.startswith("train")]
    rest = {name: files[name] for name in ("valid", "test") if name in files}
    languages = {"source_lang": "en", "target_lang": "de", "max_length": 8}
    return schema.Data.model_validate({"train": train, **rest, **languages})


def found(checked: Checked) -> dict[str, list[int]]:
    return {what: lines.tolist() for what, lines in checked.findings}


def test_nothing_is_found_in_good_text(tmp_path: Path) -> None:
    (checked,) = check_text(data(tmp_path, train=GOOD))
    assert (checked.key, checked.pairs, checked.findings) == ("data.train.0", 3, [])
    assert checked.name == str(tmp_path / "train.tsv")
    assert checked.characters == (
        sum(len(source) for source, _ in GOOD) / 3,
        sum(len(target) for _, target in GOOD) / 3,
    )


def test_odd_pairs_are_named_by_their_lines(tmp_path: Path) -> None:
    (checked,) = check_text(data(tmp_path, train=ODD + GOOD * 1))
    assert found(checked) == {
        preflight.EMPTY: [1],
        preflight.EQUAL: [2],
        preflight.STRANGE: [3, 4],
        preflight.UNEVEN: [5],
        preflight.LONG: [6],
    }


def test_pairs_that_come_again_are_found_across_corpora(tmp_path: Path) -> None:
    other = [GOOD[2], ("new", "neu"), ("new", "neu"), ("new", "anders")]
    first, second = check_text(data(tmp_path, train=GOOD, train_more=other))
    assert first.findings == []
    assert second.key == "data.train.1"
    assert found(second) == {preflight.REPEATED: [1, 3]}


def test_text_to_measure_by_is_not_trained_on(tmp_path: Path) -> None:
    valid = [("unseen", "ungesehen"), GOOD[1]]
    test = [GOOD[0], (GOOD[2][0], "davon haben wir nichts gesehen")]
    checked = check_text(data(tmp_path, train=GOOD, valid=valid, test=test))
    train, of_valid, of_test = checked
    assert (train.findings, of_valid.key, of_test.key) == (
        [],
        "data.valid",
        "data.test",
    )
    assert found(of_valid) == {preflight.KNOWN_PAIR: [2]}
    assert found(of_test) == {preflight.KNOWN_PAIR: [1], preflight.KNOWN_SOURCE: [2]}


def test_text_without_a_pair_has_no_lengths(tmp_path: Path) -> None:
    checked = list(check_text(data(tmp_path, train=[], valid=[("", "")])))
    assert [each.pairs for each in checked] == [0, 1]
    assert found(checked[1]) == {preflight.EMPTY: [1]}


def test_text_that_is_not_parallel_is_an_error(tmp_path: Path) -> None:
    corpora = data(tmp_path, train=GOOD)
    (tmp_path / "train.tsv").write_text("one\ttwo\nthree\n", "utf-8")
    with pytest.raises(DataError, match=r"train\.tsv:2: expected source TAB target"):
        list(check_text(corpora))
