"""Edits of the attention are read strictly, and told with file and line."""

from pathlib import Path

import numpy as np
import pytest

from attnmt.edits import Edits
from attnmt.errors import ConfigError
from attnmt.sentences import SourceLine, read_line
from attnmt.text.tokenizer import Encoding


class Halves:
    """A tokenizer that cuts words of more than a letter in two."""

    def encode_with_spans(self, line: str) -> Encoding:
        spans, end = [], 0
        for word in line.split():
            begin = line.index(word, end)
            middle = begin + max(1, len(word) // 2)
            spans += [(end, middle), (middle, begin + len(word))][: len(word)]
            end = begin + len(word)
        pieces = [line[begin:stop] for begin, stop in spans]
        return Encoding(list(range(4, 4 + len(pieces))), pieces, spans)


def lines(*texts: str, longest: int = 99) -> list[SourceLine]:
    read = (read_line(Halves(), i, x, longest) for i, x in enumerate(texts))  # type: ignore
    return list(read)


TEXTS = lines("a boat sinks", "", "we go")


def written(folder: Path, text: str) -> Edits:
    """The edits of a file with that text; GOOD and WEIGHTS stand for more of it."""
    text = text.replace("GOOD", '"target": 0, WEIGHTS')
    text = text.replace("WEIGHTS", '"weights": {"0": 1}')
    (folder / "edits.json").write_text(text, "utf-8")
    return Edits(folder / "edits.json")


def row(folder: Path, edit: str) -> np.ndarray:
    (rows,) = written(folder, f"[{edit}]").rows(TEXTS).values()
    (found,) = rows.values()
    return found


def test_a_word_gives_its_weight_to_its_pieces_and_a_row_sums_to_one(tmp_path):
    found = row(tmp_path, '{"id": 0, "target": 2, "weights": {"0": 1, "2": 3.0}}')
    np.testing.assert_allclose(found, [0.25, 0, 0, 0.375, 0.375, 0])
    assert found.dtype == np.float32


@pytest.mark.parametrize("weight", ["1e39", "1e-50"])
def test_any_weight_above_0_will_do(tmp_path, weight):
    found = row(tmp_path, f'{{"id": 0, "target": 0, "weights": {{"3": {weight}}}}}')
    np.testing.assert_array_equal(found, [0, 0, 0, 0, 0, 1])


def test_the_position_after_the_last_word_is_the_end(tmp_path):
    found = row(tmp_path, '{"id": 0, "target": 0, "weights": {"3": 0.5}}')
    np.testing.assert_array_equal(found, [0, 0, 0, 0, 0, 1])


def test_a_piece_is_one_position(tmp_path):
    edit = '{"id": 2, "target": 0, "level": "piece", "weights": {"1": 2, "4": 2}}'
    np.testing.assert_array_equal(row(tmp_path, edit), [0, 0.5, 0, 0, 0.5])


def test_rows_are_found_by_line_and_step(tmp_path):
    one, two = '{"id": 2, "target": 5, WEIGHTS}', '{"id": 0, "target": 1, WEIGHTS}'
    rows = written(tmp_path, f"[\n\t{one},\n\t{two}]").rows(TEXTS)
    assert {id_: list(steps) for id_, steps in rows.items()} == {2: [5], 0: [1]}
    assert written(tmp_path, "[]").rows(TEXTS) == {}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('[\n{"id": 0, "target": 0}]', ":2: 0.weights: Field required"),
        ('[{"id": -1, GOOD}]', ":1: 0.id: Input should be greater than or equal"),
        ('[{"id": "0", GOOD}]', ":1: 0.id: Input should be a valid integer"),
        ('[{"id": 0,\n"traget": 1, GOOD}]', ":2: 0.traget: Extra inputs are not"),
        ('[{"id": 0, "id": 1, GOOD}]', ":1: 0.id: given twice"),
        (
            '[{"id": 0, "target": 0, "weights": {}}]',
            "0.weights: Dictionary should have",
        ),
        (
            '[{"id": 0, "target": 0, "weights": {"-1": 1}}]',
            "String should match pattern",
        ),
        (
            '[{"id": 0, "target": 0,\n"weights": {"1": -1}}]',
            ":2: 0.weights.1: Input sho",
        ),
        ('[{"id": 0, "target": 0, "weights": {"1": .nan}}]', "finite number"),
        (
            '[{"id": 0, "level": "letter", GOOD}]',
            "0.level: Input should be 'word'",
        ),
        ('[{"id": 0, GOOD},\n{"id": 0, GOOD}]', ":2: 1: id 0 target 0 was"),
        ('{"id": 0}', ":1: all: Input should be a valid list"),
        ("[{", ":1: not YAML"),
    ],
)
def test_a_wrong_file_is_told_by_its_lines(text, problem, tmp_path):
    with pytest.raises(ConfigError) as error:
        written(tmp_path, text)
    assert problem in str(error.value)
    assert str(error.value).startswith(f"{tmp_path / 'edits.json'}:")


@pytest.mark.parametrize(
    ("edit", "problem"),
    [
        ('"id": 3, "target": 0, WEIGHTS', "id: expected less than 3 lines"),
        ('"id": 1, "target": 0, WEIGHTS', "id: line 1 is blank"),
        (
            '"id": 0, "target": 0, "weights": {"4": 1}',
            "no source word 4: expected 0 to 3",
        ),
        ('"id": 2, "target": 0, "weights": {"2": 0}', "expected one above 0"),
        (
            '"id": 2, "target": 0, "level": "piece", "weights": {"5": 1}',
            "no source piece 5: expected 0 to 4",
        ),
    ],
)
def test_what_is_not_in_the_lines_is_told(edit, problem, tmp_path):
    edits = written(tmp_path, f'[\n{{"id": 0, "target": 7, WEIGHTS}},\n{{{edit}}}]')
    with pytest.raises(ConfigError, match=problem) as error:
        edits.rows(TEXTS)
    assert str(error.value).startswith(f"{tmp_path / 'edits.json'}:3: ")


def test_a_word_that_was_cut_off_cannot_be_read(tmp_path):
    edits = written(tmp_path, '[{"id": 0, "target": 0, "weights": {"2": 1}}]')
    with pytest.raises(ConfigError, match="source word 2 of line 0 was cut off"):
        edits.rows(lines("a boat sinks", longest=3))


def test_steps_beyond_a_translation_are_told(tmp_path):
    edits = written(tmp_path, '[\n{"id": 0, "target": 7, WEIGHTS}]')
    assert list(edits.beyond(0, 8)) == list(edits.beyond(1, 7)) == []
    (message,) = edits.beyond(0, 7)
    assert "edits.json:2: target 7 was not reached" in message


def test_each_character_is_a_word_where_nobody_writes_spaces(tmp_path):
    edits = written(tmp_path, '[{"id": 0, "target": 0, "weights": {"2": 1}}]')
    (line,) = lines("x")
    spans = [(0, 3), (3, 9), (9, 15), (15, 15)]  # 我, 喜欢, 苹果, </s>
    encoding = Encoding([4, 5, 6, 3], ["我", "喜欢", "苹果", "</s>"], spans)
    line = line._replace(source="我喜欢苹果", encoding=encoding)
    assert edits.rows([line])[0][0].tolist() == [0.0, 1.0, 0.0, 0.0]


def test_there_may_be_thousands_of_edits(tmp_path):
    many = ",".join(f'{{"id": 0, "target": {i}, WEIGHTS}}' for i in range(1000))
    assert len(written(tmp_path, f"[{many}]").edits) == 1000
