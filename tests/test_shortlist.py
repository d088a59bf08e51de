"""A search among the likely translations of a batch, and the file that tells them."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from safetensors.numpy import save_file

from attnmt import checkpoint, shortlist
from attnmt.checkpoint import State
from attnmt.config.loading import dump_config
from attnmt.config.schema import Config, Decoding
from attnmt.edits import Edits
from attnmt.ensemble import EnsembleTranslator
from attnmt.errors import AttnmtError, ConfigError, DataError
from attnmt.export.folder import export_litert, export_saved_model
from attnmt.exported import Export
from attnmt.litert import LiteRTTranslator
from attnmt.model import build_model
from attnmt.run import Run, write_atomically
from attnmt.sealed import file_sha256, sealed
from attnmt.shortlist import SPECIALS, Shortlist, load_shortlist, write_shortlist
from attnmt.text.tokenizer import (
    BOS,
    EOS,
    PAD,
    UNK,
    load_tokenizers,
    prepare_tokenizers,
)
from attnmt.translator import Translator
from attnmt.verify import verify
from attnmt.weights import named_weights
from attnmt.what_if import PinnedTranslator

WORDS = {"dog": "Hund", "man": "Mann", "boat": "Kahn", "ship": "Bug", "cat": "Katze"}
DEEDS = {"sleeps": "ruht", "sinks": "fault", "runs": "eilt"}
PAIRS = [
    (f"the {a} {b}", f"der {x} {y}") for a, x in WORDS.items() for b, y in DEEDS.items()
]
LINES = ["the cat runs on", "", "the boat", "ship"]


def make_run(folder: Path, **decoder: object) -> Run:
    """A run whose model has drawn its weights."""
    (folder / "text.tsv").write_text(
        "".join(f"{source}\t{target}\n" for source, target in PAIRS), "utf-8"
    )
    train = [{"tsv": folder / "text.tsv"}]
    config = Config.model_validate(
        {
            "run_dir": folder / "run",
            "data": {"source_lang": "en", "target_lang": "de", "train": train},
            "tokenizer": {
                "model_type": "word",
                "vocab_size": 30,
                "shared": bool(decoder),
                "byte_fallback": False,
            },
            "model": {
                "embeddings": {"size": 6},
                "encoder": {"units": 5},
                "decoder": {"units": 10, **decoder},
            },
        }
    )
    run = Run(config.run_dir)
    tokenizers = prepare_tokenizers(config, run.tokenizer_dir)
    write_atomically(run.config_file, dump_config(config))
    write_atomically(run.manifest_file, sealed({"format": 2}))
    keras.utils.set_random_seed(3)
    model = build_model(config.model, *map(len, tokenizers))
    draw = np.random.default_rng(5)
    weights = {
        name: draw.normal(size=variable.shape).astype(np.float32)
        for name, variable in named_weights(model).items()
    }
    weights["projection.bias"][[UNK, EOS]] -= 4.0  # so that there is text
    state = State(step=1, tokenizers=[each.fingerprint for each in tokenizers])
    saved = checkpoint.save(run.checkpoints_dir, weights, {}, state)
    for name in ("best", "last"):
        run.point(name, saved)
    return run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run with a shortlist: four target pieces are frequent enough for all."""
    made = make_run(tmp_path_factory.mktemp("whole"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shortlist, "FREQUENT", 2)
        write_shortlist(made)
    return made


@pytest.fixture(scope="module")
def plain(run: Run) -> Translator:
    return Translator.load(run.path, decoding=Decoding(beam_size=3, batch_size=2))


@pytest.fixture(scope="module")
def short(run: Run) -> Translator:
    decoding = Decoding(beam_size=3, batch_size=2, shortlist=1)
    return Translator.load(run.path, decoding=decoding)


def with_shortlist(translator: Translator, found: Shortlist) -> Translator:
    """The same with another shortlist."""
    tokenizers = translator.source_tokenizer, translator.target_tokenizer
    decoding = translator.decoding.model_copy(update={"shortlist": 1})
    return Translator(translator.network, tokenizers, decoding, None, found)


def test_a_piece_brings_its_translation_and_itself(run: Run) -> None:
    source, target = load_tokenizers(run.load_config(), run.tokenizer_dir)
    found = load_shortlist(run, (source, target))
    for english, german in (WORDS | DEEDS).items():
        likely = found.likely[source.id("▁" + english)]
        if (expected := target.id("▁" + german)) not in found.always:
            assert likely[1] == expected
    assert found.always.tolist() == sorted({*SPECIALS, *found.always.tolist()})
    assert target.id("▁der") in found.always
    assert len(found.always) == len(SPECIALS) + 2


def test_a_name_that_stays_what_it_is_is_likely(tmp_path: Path) -> None:
    made = make_run(tmp_path)
    (tmp_path / "text.tsv").write_text("the Bug ruht\tder boat\n" * 9, "utf-8")
    write_shortlist(made)
    tokenizers = load_tokenizers(made.load_config(), made.tokenizer_dir)
    source, target = tokenizers
    likely = load_shortlist(made, tokenizers).likely
    shared = {source.piece(i) for i in range(len(source))}
    shared &= {target.piece(i) for i in range(len(target))}
    assert len(shared) >= len(SPECIALS)
    for piece in shared:
        assert likely[source.id(piece), 0] == target.id(piece)


def test_a_shortlist_of_all_pieces_changes_nothing(plain: Translator) -> None:
    every = np.arange(len(plain.target_tokenizer), dtype=np.int32)
    nothing = np.zeros((len(plain.source_tokenizer), 2), np.int32)
    whole = with_shortlist(plain, Shortlist(every, nothing))
    for ours, theirs in zip(
        plain.n_best(LINES, 3), whole.n_best(LINES, 3), strict=True
    ):
        assert [x.target_ids for x in ours] == [x.target_ids for x in theirs]
        for one, other in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(one.log_probs, other.log_probs, atol=1e-5)
            np.testing.assert_allclose(one.weights, other.weights, atol=1e-6)


def test_the_search_is_among_the_pieces_of_the_shortlist(
    plain: Translator, short: Translator
) -> None:
    """Step by step: each piece is a likely one, with its probability among these."""
    found = short.shortlist
    assert found is not None
    for line in filter(None, LINES):
        (alone,) = short.translate([line])  # company would make the shortlist longer
        likely = found.likely[alone.source_ids][:, :2]
        pieces = np.union1d(found.always, likely)
        encoded = plain.network.encode(tf.constant([alone.source_ids]))
        state, token = plain.network.start(encoded), BOS
        for expected, log_prob in zip(alone.target_ids, alone.log_probs, strict=True):
            logits, _, state = plain.network.step(
                tf.constant([token]), state, encoded.memory
            )
            among = tf.nn.log_softmax(tf.gather(logits[0], pieces)).numpy()
            assert expected in pieces.tolist()
            (place,) = np.flatnonzero(pieces == expected)
            assert log_prob == pytest.approx(float(among[place]), abs=1e-4)
            token = expected
    texts = [[x.text for x in each.translate(LINES)] for each in (plain, short)]
    assert texts[0] != texts[1]


def test_pinned_attention_and_a_shortlist_go_together(
    short: Translator, run: Run, tmp_path: Path
) -> None:
    (tmp_path / "edits.json").write_text(
        '[{"id": 0, "target": 0, "weights": {"2": 1.0}}]', "utf-8"
    )
    lines = LINES[:1]
    again = Translator.load(run.path, decoding=short.decoding)
    pinned = PinnedTranslator(again, Edits(tmp_path / "edits.json"), lines)
    (found,) = pinned.translate(lines)
    assert found.weights[0, 0, 0].tolist() == [0.0, 0.0, 1.0, 0.0, 0.0]
    likely = again.shortlist
    assert likely is not None
    known = np.union1d(likely.always, likely.likely[found.source_ids][:, :2])
    assert np.isin(found.target_ids, known).all()


def test_litert_searches_among_the_same_pieces(
    run: Run, short: Translator, tmp_path: Path
) -> None:
    folder = tmp_path / "export"
    export_litert(run, "float32", folder, LINES)
    other = LiteRTTranslator.load(Export(folder), run, short.decoding)
    ours, theirs = (list(each.translate(LINES)) for each in (short, other))
    assert [x.target_ids for x in theirs] == [x.target_ids for x in ours]
    for one, two in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(two.log_probs, one.log_probs, atol=1e-4)
        np.testing.assert_allclose(two.weights, one.weights, atol=1e-4)


def test_a_saved_model_of_a_run_with_a_shortlist_has_all_pieces(
    run: Run, tmp_path: Path
) -> None:
    shutil.copytree(run.path, tmp_path / "run")
    copy = Run(tmp_path / "run")
    decoding = Decoding(beam_size=3, shortlist=1)
    config = run.load_config().model_copy(update={"decoding": decoding})
    write_atomically(copy.config_file, dump_config(config))
    parity = export_saved_model(copy, tmp_path / "export", LINES).parity
    assert parity.equal == parity.sentences > 0


def test_an_export_without_an_output_layer_of_its_own_has_no_shortlist(
    tmp_path: Path,
) -> None:
    made = make_run(tmp_path, copy_source=True)
    export_litert(made, "float32", tmp_path / "export", LINES)
    with pytest.raises(DataError, match="export the model again"):
        LiteRTTranslator.load(Export(tmp_path / "export"), made, Decoding(shortlist=1))


def test_given_translations_are_scored_among_all_pieces(
    plain: Translator, short: Translator
) -> None:
    sources, targets = zip(*PAIRS[:3], strict=True)
    for ours, theirs in zip(
        plain.force(sources, targets), short.force(sources, targets), strict=True
    ):
        np.testing.assert_array_equal(ours.log_probs, theirs.log_probs)


def test_several_models_at_once_have_no_shortlist(short: Translator) -> None:
    with pytest.raises(ConfigError, match=r"decoding\.shortlist: .* ensemble"):
        EnsembleTranslator([short, short])


def test_a_model_that_copies_has_no_shortlist(tmp_path: Path) -> None:
    made = make_run(tmp_path, copy_source=True)
    write_shortlist(made)
    with pytest.raises(ConfigError, match="copies pieces from the source"):
        Translator.load(made.path, decoding=Decoding(shortlist=1))


def test_who_has_none_is_told_how_to_make_one(tmp_path: Path) -> None:
    made = make_run(tmp_path)
    with pytest.raises(ConfigError, match=f"attnmt shortlist --run {made.path}"):
        Translator.load(made.path, decoding=Decoding(shortlist=1))


def cut(folder: Path) -> None:
    file = folder / "table.safetensors"
    file.write_bytes(file.read_bytes()[:-4])


def flip(folder: Path) -> None:
    file = folder / "table.safetensors"
    data = bytearray(file.read_bytes())
    data[-4] ^= 1
    file.write_bytes(data)


def unseal(folder: Path) -> None:
    file = folder / "shortlist.json"
    file.write_text(file.read_text().replace('"sha256": "', '"sha256": "0'), "utf-8")


def rename(folder: Path) -> None:
    (folder / "table.safetensors").rename(folder / "other")


def forge(**arrays: Any) -> Callable[[Path], None]:
    """Put a table into the folder that is sealed as it has to be."""

    def change(folder: Path) -> None:
        made = load_shortlist(Run(folder.parent), tokenizers_of(folder))
        save_file({**made._asdict(), **arrays}, folder / "table.safetensors")
        header = {
            "format": 2,
            "tokenizers": [each.fingerprint for each in tokenizers_of(folder)],
            "sha256": file_sha256(folder / "table.safetensors"),
        }
        (folder / "shortlist.json").write_text(sealed(header), "utf-8")

    return change


def tokenizers_of(folder: Path):
    run = Run(folder.parent)
    return load_tokenizers(run.load_config(), run.tokenizer_dir)


SOME = np.array([*SPECIALS, 7], np.int32)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (cut, "damaged"),
        (flip, "SHA-256 has changed"),
        (unseal, "its seal"),
        (rename, "table.safetensors"),
        (forge(always=np.array([PAD, 1, BOS, EOS, 9999], np.int32)), "expected ids"),
        (forge(always=np.array([*SPECIALS, -1], np.int32)), "expected ids"),
        (forge(always=SOME.astype(np.float32)), "expected ids"),
        (forge(always=SOME[:0]), "the specials in it"),
        (forge(always=SOME[1:]), "the specials in it"),
        (forge(always=SOME[None]), "a row of ids"),
        (forge(likely=np.zeros((2, 101), np.int32)), "not the shortlist of"),
        (forge(other=SOME), "not the shortlist of"),
    ],
)
def test_a_damaged_shortlist_is_named_and_not_used(
    run: Run, tmp_path: Path, change: Callable[[Path], None], message: str
) -> None:
    copy = Run(Path(shutil.copytree(run.path, tmp_path / "copy")))
    change(copy.shortlist_dir)
    with pytest.raises(DataError, match=message) as error:
        load_shortlist(copy, tokenizers_of(copy.shortlist_dir))
    assert str(copy.shortlist_dir) in str(error.value)
    (problem,) = [problem for _, problem in verify(copy) if problem is not None]
    assert str(copy.shortlist_dir) in problem


def test_that_of_other_pieces_is_refused(run: Run, tmp_path: Path) -> None:
    copy = Run(Path(shutil.copytree(run.path, tmp_path / "copy")))
    header = {"format": 2, "tokenizers": ["0", "0"], "sha256": "0"}
    (copy.shortlist_dir / "shortlist.json").write_text(sealed(header), "utf-8")
    with pytest.raises(AttnmtError, match="attnmt shortlist --run"):
        load_shortlist(copy, tokenizers_of(copy.shortlist_dir))


def test_a_whole_run_with_a_shortlist_has_no_problem(run: Run) -> None:
    checked = dict(verify(run))
    assert checked[run.shortlist_dir] is None
    assert not [problem for problem in checked.values() if problem is not None]


def test_a_long_text_is_read_in_part(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    corpora = shortlist.prepare_training(
        run.load_config().data, *tokenizers_of(run.shortlist_dir), run.encoded_dir
    )
    monkeypatch.setattr(shortlist, "PAIRS", 4)
    sources, targets = shortlist._spread(corpora)
    assert len(sources) == len(targets) == 4
    assert targets[1] == corpora[0].target(4).tolist()
