"""Measuring a model while it trains."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import sacrebleu

from attnmt.analysis.dump import Dump
from attnmt.config.schema import Config
from attnmt.devices import seed_everything
from attnmt.evaluation.metrics import score
from attnmt.model import Seq2Seq, build_model
from attnmt.text.encoded import prepare_corpus
from attnmt.text.lines import read_lines
from attnmt.text.tokenizer import BOS, EOS, Tokenizer, prepare_tokenizers
from attnmt.training.disk import Disk
from attnmt.training.validation import Validator

pytestmark = pytest.mark.usefixtures("eagerly")


class Setup:
    """A model that knows nothing yet, and what measures it."""

    def __init__(self, config: Config, folder: Path) -> None:
        self.tokenizers = prepare_tokenizers(config, folder)
        assert config.data.valid is not None
        encoded = prepare_corpus(
            config.data.valid, config.data, *self.tokenizers, folder / "valid", None
        )
        seed_everything(3)
        self.model: Seq2Seq = build_model(config.model, *map(len, self.tokenizers))
        self.validator = Validator(config, self.model, self.tokenizers, encoded)
        self.pairs = self.validator.pairs


@pytest.fixture
def setup(make_config: Callable[..., Config], tmp_path: Path) -> Callable[..., Setup]:
    def make(**validation: object) -> Setup:
        # Batches of one sentence or two: an average over batches would be another.
        config = make_config(validation=validation, training={"batch_tokens": 40})
        return Setup(config, tmp_path / "tokenizers")

    return make


def log_probs(
    model: Seq2Seq, tokenizers: tuple[Tokenizer, Tokenizer], source: str, target: str
) -> tuple[np.ndarray, np.ndarray]:
    """Logarithms [target, vocabulary] and the pieces [target], sentence by sentence."""
    (source_ids,) = tokenizers[0].encode([source])
    (target_ids,) = tokenizers[1].encode([target])
    attentional, _ = model(
        np.array([[*source_ids, EOS]]), np.array([[BOS, *target_ids]])
    )
    logits = model.logits(attentional)[0].numpy().astype(float)
    norm = np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    return logits - norm, np.array([*target_ids, EOS])


def test_loss_perplexity_and_accuracy_are_those_of_all_pieces(setup, tmp_path) -> None:
    it = setup(samples=0, metrics=["accuracy", "loss", "perplexity"])
    measured, samples = it.validator.measure(tmp_path / "out", Disk(tmp_path, print))
    costs, hits = [], []
    for source, target in it.pairs:
        logs, ids = log_probs(it.model, it.tokenizers, source, target)
        costs += list(-logs[np.arange(len(ids)), ids])
        hits += list(logs.argmax(axis=-1) == ids)
    assert list(measured) == ["accuracy", "loss", "perplexity"]
    assert measured["loss"] == pytest.approx(np.mean(costs), rel=1e-5)
    assert measured["perplexity"] == pytest.approx(math.exp(np.mean(costs)), rel=1e-4)
    assert measured["accuracy"] == pytest.approx(np.mean(hits))
    assert samples == []


def test_logits_of_a_batch_are_never_many(setup, tmp_path, monkeypatch) -> None:
    whole = setup(samples=0, metrics=["loss"]).validator
    monkeypatch.setattr("attnmt.training.validation.LOGITS", 400)
    few = setup(samples=0, metrics=["loss"]).validator
    assert len(few.plan) == len(few.pairs) > len(whole.plan)
    one, other = (v.measure(tmp_path, Disk(tmp_path, print))[0] for v in (whole, few))
    assert one == pytest.approx(other)


def test_bleu_and_chrf_are_those_of_the_translations_that_are_kept(
    setup, tmp_path
) -> None:
    it = setup(samples=2, metrics=["chrf", "bleu", "loss"])
    measured, _ = it.validator.measure(tmp_path / "out", Disk(tmp_path, print))
    found = list(read_lines(tmp_path / "out/hypothesis.txt"))
    references = [[target for _, target in it.pairs]]
    assert len(found) == 5
    assert measured["chrf"] == sacrebleu.corpus_chrf(found, references).score
    assert measured["bleu"] == sacrebleu.corpus_bleu(found, references).score


def test_a_run_that_draws_is_validated_by_a_search(make_config, tmp_path) -> None:
    for given in ({"sampling": {"seed": 5}}, {"shortlist": 7}):
        it = Setup(make_config(decoding=given), tmp_path / "tokenizers")
        used = it.validator.translator.decoding
        assert (used.sampling, used.shortlist, used.beam_size) == (None, 0, 1)


def test_samples_are_the_first_sentences_with_their_attention(setup, tmp_path) -> None:
    it = setup(samples=3, metrics=["loss"])
    _, samples = it.validator.measure(tmp_path / "out", Disk(tmp_path, print))
    assert [(s.source, s.reference) for s in samples] == it.pairs[:3]
    found = list(read_lines(tmp_path / "out/hypothesis.txt"))
    assert found == [sample.hypothesis for sample in samples]
    records = list(Dump(tmp_path / "out/attention"))
    assert [record.hypothesis for record in records] == found
    assert [record.source for record in records] == [s.source for s in samples]


def test_a_measurement_changes_nothing(setup, tmp_path) -> None:
    it = setup(samples=1, metrics=["loss", "bleu"])
    before = [variable.numpy() for variable in it.model.variables]
    first, _ = it.validator.measure(tmp_path / "first", Disk(tmp_path, print))
    again, _ = it.validator.measure(tmp_path / "again", Disk(tmp_path, print))
    assert first == again
    for old, variable in zip(before, it.model.variables, strict=True):
        np.testing.assert_array_equal(old, variable.numpy())


def test_text_is_scored_as_its_language_and_the_tokenizer_want(
    make_config: Callable[..., Config], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = make_config(
        data={"target_lang": "zh"},
        tokenizer={"lowercase": True},
        training={"batch_tokens": 40},
    )
    how: dict[str, object] = {}

    def scored(hypotheses: list[str], references: list[str], **options: object):
        how.update(options)
        return score(hypotheses, references, **options)  # type: ignore[arg-type]

    monkeypatch.setattr("attnmt.training.validation.score", scored)
    validator = Setup(config, tmp_path / "tokenizers").validator
    validator.measure(tmp_path / "measured", Disk(tmp_path, print))
    assert (how["tokenize"], how["lowercase"]) == ("zh", True)
