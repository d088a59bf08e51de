"""The Translator of a run that has learnt eight sentences by heart."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from attnmt import Translation, Translator
from attnmt.config.schema import Config, Decoding
from attnmt.errors import ConfigError, DataError
from attnmt.run import Run
from attnmt.text.lines import read_lines
from attnmt.text.tokenizer import BOS, EOS, PAD
from attnmt.training.session import train
from attnmt.translating import with_decoding

PLACE = " on the old bridge by the river in the town"
ORT = " auf der alten Brücke am Fluss in der Stadt"
NOUNS = {"dog": "Hund", "man": "Mann", "boat": "Kahn", "ship": "Bug"}
PAIRS = [
    (f"the {noun}{rest} sleeps", f"der {german}{more} schläft")
    for noun, german in NOUNS.items()
    for rest, more in (("", ""), (PLACE, ORT))
]
SOURCES = [source for source, _ in PAIRS]
TARGETS = [target for _, target in PAIRS]
GREEDY = Decoding(beam_size=1, length_penalty=0.0, batch_size=3)
BEAM = Decoding(beam_size=4, batch_size=3)


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    folder = tmp_path_factory.mktemp("learnt")
    (folder / "pairs.tsv").write_text(
        "".join(f"{source}\t{target}\n" for source, target in PAIRS), "utf-8"
    )
    drops = {"embedding": 0.0, "output": 0.0}
    return Config.model_validate(
        {
            "run_dir": folder / "run",
            "data": {
                "source_lang": "en",
                "target_lang": "de",
                "train": [{"tsv": folder / "pairs.tsv", "weight": 9}],
            },
            "tokenizer": {"vocab_size": 320, "shared": False},
            "model": {
                "embeddings": {"size": 20},
                "encoder": {"cell": "gru", "units": 16},
                "decoder": {"cell": "gru", "units": 24},
                "dropout": drops,
            },
            "training": {
                "learning_rate": 0.02,
                "label_smoothing": 0.0,
                "batch_tokens": 120,
                "max_epochs": 999,
                "max_steps": 120,
            },
        }
    )


@pytest.fixture(scope="module")
def run(config: Config) -> Run:
    return train(config)


@pytest.fixture(scope="module")
def beam(run: Run) -> Translator:
    return Translator.load(run.path, decoding=BEAM)


@pytest.fixture(scope="module")
def greedy(run: Run) -> Translator:
    return Translator.load(run.path, decoding=GREEDY)


@pytest.fixture(scope="module")
def found(beam: Translator) -> list[Translation]:
    return list(beam.translate(SOURCES))


def assert_alike(one: Translation, other: Translation) -> None:
    assert (one.text, one.target_ids, one.flags) == (
        *(other.text, other.target_ids, other.flags),
    )
    np.testing.assert_allclose(one.log_probs, other.log_probs, atol=1e-4)
    np.testing.assert_allclose(one.weights, other.weights, atol=1e-5)


def test_what_was_learnt_is_translated(found, greedy) -> None:
    assert [translation.text for translation in found] == TARGETS
    assert [translation.text for translation in greedy.translate(SOURCES)] == TARGETS


def test_batches_side_by_side_change_nothing(run: Run) -> None:
    translator = Translator.load(run.path, decoding=BEAM)  # batches of three
    told = {}
    for lanes in (1, 3):
        translator.lanes = lanes
        told[lanes] = sum(translator.n_best(SOURCES * 3, 2), [])
        assert translator.at_once == lanes
    for one, other in zip(*told.values(), strict=True):
        assert (one.id, one.rank) == (other.id, other.rank)
        assert_alike(one, other)


def test_a_translation_tells_pieces_words_and_weights(found) -> None:
    for i, translation in enumerate(found):
        assert (translation.id, translation.rank, translation.n_best) == (i, 0, 1)
        assert (translation.source, translation.flags) == (SOURCES[i], [])
        sizes = len(translation.target_pieces), len(translation.source_pieces)
        assert translation.weights.shape == (1, 1, *sizes)
        assert translation.weights.dtype == np.float32
        np.testing.assert_allclose(translation.weights.sum(axis=-1), 1.0, atol=1e-5)
        assert (translation.source_ids[-1], translation.target_ids[-1]) == (EOS, EOS)
        assert translation.score == pytest.approx(sum(translation.log_probs), abs=1e-4)
        targets = [target for _, target in translation.alignment]
        assert targets == list(range(len(TARGETS[i].split())))


def test_spans_tile_the_texts_and_end_with_the_end(found) -> None:
    for translation in found:
        for text, pieces, spans in (
            (translation.source, translation.source_pieces, translation.source_spans),
            (translation.text, translation.target_pieces, translation.target_spans),
        ):
            raw = text.encode()
            assert b"".join(raw[begin:end] for begin, end in spans) == raw
            assert (pieces[-1], spans[-1]) == ("</s>", (len(raw), len(raw)))


def test_greedy_search_takes_the_most_probable_piece_each_time(greedy) -> None:
    network = greedy.network
    for translation in greedy.translate(SOURCES[:3]):
        encoded, memory = network.encode(np.array([translation.source_ids]))
        state = network.start((encoded, memory))
        token = BOS
        for expected, row in zip(
            translation.target_ids, translation.weights[0, 0], strict=True
        ):
            logits, seen, state = network.step(np.array([token]), state, memory)
            scores = logits[0].numpy()
            scores[[PAD, BOS]] = -np.inf
            token = scores.argmax()
            assert token == expected
            np.testing.assert_allclose(seen.weights[0], row, atol=1e-5)


def test_n_best_are_different_and_ordered_and_begin_with_the_best(beam, found) -> None:
    for best, translations in zip(found, beam.n_best(SOURCES, 3), strict=True):
        assert [t.rank for t in translations] == [0, 1, 2]
        assert {t.n_best for t in translations} == {3}
        assert len({tuple(t.target_ids) for t in translations}) == 3
        scores = [t.norm_score for t in translations]
        assert scores == sorted(scores, reverse=True)
        assert_alike(translations[0], best)


def test_more_translations_than_the_beam_widen_it(greedy) -> None:
    (translations,) = greedy.n_best(SOURCES[:1], 4)
    assert len(translations) == 4


def test_forced_decoding_sees_what_the_beam_saw(beam) -> None:
    compared = 0
    for translations in beam.n_best(SOURCES, 2):
        sources, texts = zip(*((t.source, t.text) for t in translations), strict=True)
        for searched, forced in zip(
            translations, beam.force(sources, texts), strict=True
        ):
            assert forced.text == searched.text
            # A text may also be cut into pieces in another way than the beam did.
            if forced.target_ids == searched.target_ids:
                assert_alike(forced, searched)
                assert forced.score == pytest.approx(searched.score, abs=1e-4)
                assert forced.target_spans == searched.target_spans
                compared += 1
    assert compared >= len(SOURCES)


def test_any_target_can_be_forced_and_a_wrong_one_is_less_probable(beam) -> None:
    sources = [SOURCES[0], SOURCES[0], "", SOURCES[0]]
    right, wrong, blank, nothing = beam.force(
        sources, [TARGETS[0], TARGETS[2], "x", ""]
    )
    assert right.score > wrong.score
    assert (wrong.text, len(wrong.alignment)) == (TARGETS[2], 3)
    assert (blank.text, blank.flags, blank.weights.size) == ("", ["empty_src"], 0)
    assert (nothing.target_ids, nothing.alignment) == ([EOS], [])
    with pytest.raises(ValueError):
        list(beam.force(SOURCES, TARGETS[:3]))


@pytest.mark.parametrize("size", [1, 5, 64])
def test_company_in_a_batch_changes_no_translation(run, found, size: int) -> None:
    decoding = BEAM.model_copy(update={"batch_size": size})
    other = Translator.load(run.path, decoding=decoding)
    for one, two in zip(found, other.translate(SOURCES), strict=True):
        assert_alike(one, two)


def test_without_attention_the_text_is_the_same(run, found) -> None:
    other = Translator.load(run.path, decoding=BEAM)
    other.attends = False
    for one, two in zip(found, other.translate(SOURCES), strict=True):
        assert (one.id, one.text, one.flags) == (two.id, two.text, two.flags)
        assert one.norm_score == pytest.approx(two.norm_score, abs=1e-5)
        assert two.weights.size == 0 and two.target_pieces == []


def test_lines_come_out_in_order_and_blank_ones_stay_blank(greedy, found) -> None:
    lines = ["", SOURCES[1], " \t", SOURCES[0], "\u3000", SOURCES[3], ""]
    translations = list(greedy.translate(lines))
    expected = ["", TARGETS[1], "", TARGETS[0], "", TARGETS[3], ""]
    assert [translation.text for translation in translations] == expected
    assert [translation.id for translation in translations] == list(range(7))
    assert [translation.source for translation in translations] == lines
    blank = translations[2]
    assert (blank.flags, blank.target_pieces, blank.alignment) == (
        ["empty_src"],
        [],
        [],
    )
    assert list(greedy.translate([])) == []


def test_no_more_lines_are_read_than_the_window_before_one_is_answered(greedy) -> None:
    read = []

    def lines() -> Iterator[str]:
        for line in SOURCES:
            read.append(line)
            yield line

    answers = greedy.n_best(lines(), 1, window=2)
    assert next(answers)[0].text == TARGETS[0]
    assert len(read) == 2


def test_hostile_text_has_a_translation_for_every_line(greedy, tmp_path: Path) -> None:
    file = tmp_path / "hostile"
    odd = [
        "a\rb",
        "\x85",
        "\u2028\u2029",
        "\v\f\x1c\x1d",
        "\0",
        "\ufeff",
        "\x1b[2J",
        "▁",
    ]
    lines = [*odd, "", " ", "\t", "日本 \U0001f1e9", "e\u0301" * 9, *SOURCES]
    data = b"\xef\xbb\xbf" + "\r\n".join(lines).encode() + b"\n\xff\xfe\n\nlast"
    file.write_bytes(data)
    found = list(greedy.translate(read_lines(file, replace=True)))
    assert len(found) == data.count(b"\n") + 1
    assert [t.id for t in found] == list(range(len(found)))
    assert not any(set(t.text) & set("\n\r") for t in found)


def test_a_long_line_is_translated_in_parts_and_joined(run, found) -> None:
    pieces = [len(translation.source_pieces) - 1 for translation in found]
    longest = {"max_source_length": max(pieces)}
    translator = Translator.load(run.path, decoding=BEAM.model_copy(update=longest))
    long = " ".join([SOURCES[1]] * 3)
    before, (joined,), after = translator.n_best([SOURCES[0], long, SOURCES[2]], 2)
    assert [len(before), len(after)] == [2, 2]
    assert (joined.id, joined.rank, joined.n_best) == (1, 0, 1)
    assert (joined.source, joined.flags) == (long, ["split"])
    assert joined.text == " ".join([TARGETS[1]] * 3)
    assert joined.score == pytest.approx(3 * found[1].score, abs=1e-3)
    assert joined.norm_score == pytest.approx(3 * found[1].norm_score, abs=1e-3)
    assert joined.weights.size == 0 and joined.alignment == []
    assert_alike(before[0], found[0])
    assert_alike(after[0], found[2])


def test_the_given_translation_of_a_long_line_reads_its_beginning(
    greedy, monkeypatch
) -> None:
    short = greedy.decoding.model_copy(update={"max_source_length": 3})
    monkeypatch.setattr(greedy, "decoding", short)
    (translation,) = greedy.force([SOURCES[1]], [TARGETS[1]])
    assert translation.flags == ["truncated"]
    assert len(translation.source_pieces) == 4
    assert translation.source == SOURCES[1]
    size = len(SOURCES[1])
    assert translation.source_spans[-1] == (size, size)


def test_a_translation_that_does_not_end_is_cut_and_flagged(run, found) -> None:
    decoding = GREEDY.model_copy(update={"max_length_ratio": 1e-9})
    (cut,) = Translator.load(run.path, decoding=decoding).translate([SOURCES[1]])
    assert cut.flags == ["unfinished"]
    assert len(cut.target_pieces) == 10
    assert cut.target_ids == found[1].target_ids[:10]
    assert TARGETS[1].startswith(cut.text)
    assert cut.target_spans[-1][1] == len(cut.text.encode())


def test_the_header_of_a_dump_tells_what_made_it(beam, run) -> None:
    header = beam.describe()
    assert header["checkpoint"] == run.best_checkpoint().name
    assert header["decoding"]["beam_size"] == 4
    assert header["attention"]["name"] == "AdditiveAttention"
    changed = Translator.load(run.path, settings=["model.attention.temperature=2"])
    settings = changed.describe()["attention"]["settings"]  # type: ignore[index]
    assert settings == header["attention"]["settings"] | {"temperature": 2.0}


def test_one_text_is_not_read_letter_by_letter(beam) -> None:
    for found in (beam.n_best("text", 2), beam.force("one", ["eins"])):
        with pytest.raises(TypeError, match="expected several lines"):
            next(found)


def test_what_does_not_fit_the_rest_of_decoding_is_told_by_its_key(run) -> None:
    with pytest.raises(ConfigError, match="decoding.shortlist: expected 0 with sam"):
        with_decoding(run.load_config(), shortlist=20, sampling={})


def test_the_best_checkpoint_is_loaded(run, found, tmp_path: Path) -> None:
    copy = Run(Path(shutil.copytree(run.path, tmp_path / "copy")))
    last = copy.checkpoints_dir / "000000120"
    last.rename(last.with_name("000000050"))
    with pytest.raises(DataError, match="no checkpoint"):
        Translator.load(copy.path)
    (copy.path / "best").write_text("000000050\n", "utf-8")
    assert Translator.load(copy.path).origin["checkpoint"] == "000000050"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("checkpoints/000000120/weights.safetensors", "damaged"),
        ("checkpoints/000000120/state.json", "expected a JSON file"),
        ("tokenizer/target.model", "not a SentencePiece model"),
    ],
)
def test_a_damaged_run_is_refused_by_name(
    run, tmp_path: Path, name: str, message: str
) -> None:
    copy = Path(shutil.copytree(run.path, tmp_path / "copy"))
    (copy / name).write_bytes((copy / name).read_bytes()[:-9])
    with pytest.raises(DataError, match=message) as error:
        Translator.load(copy)
    assert str(copy / name) in str(error.value)
    (copy / name).unlink()
    with pytest.raises(DataError) as error:
        Translator.load(copy)
    assert str(copy / name) in str(error.value)


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="not a run folder"):
        Translator.load(tmp_path)


def test_decoding_settings_change_only_where_asked(config: Config) -> None:
    changed = with_decoding(config, beam_size=2, length_penalty=None)
    assert changed == config.decoding.model_copy(update={"beam_size": 2})
    with pytest.raises(ConfigError) as error:
        with_decoding(config, beam_size=2000, length_penalty=float("inf"))
    size, penalty = str(error.value).split("\n")
    assert size.startswith("decoding.beam_size: expected a whole number")
    assert size.endswith("found 2000")
    assert penalty.startswith("decoding.length_penalty: expected a number")


def test_what_a_run_draws_by_is_changed_one_by_one_and_excludes_a_beam(
    config: Config,
) -> None:
    sampling = {"temperature": 0.5, "seed": 1}
    decoding = with_decoding(config, sampling=sampling)
    draws = config.model_copy(update={"decoding": decoding})
    changed = with_decoding(draws, sampling={"seed": 2}).sampling
    assert changed is not None
    assert (changed.temperature, changed.seed) == (0.5, 2)
    with pytest.raises(ConfigError, match="decoding.sampling of the run"):
        with_decoding(draws, beam_size=5)


def test_one_text_in_place_of_lines_is_refused(greedy) -> None:
    with pytest.raises(TypeError, match="expected several lines"):
        next(greedy.translate("not a list"))
