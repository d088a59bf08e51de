"""What a batch of minimum risk training is made of."""

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF

from attnmt.config.schema import Config
from attnmt.model import build_model
from attnmt.text.tokenizer import BOS, EOS, PAD, prepare_tokenizers
from attnmt.training.draws import Draws, RiskBatch

pytestmark = pytest.mark.usefixtures("eagerly")
MakeConfig = Callable[..., Config]
TEXTS = [("the dog sees", "der Hund sieht"), ("the man", "der Mann mag den Kahn")]


@pytest.fixture
def make(make_config: MakeConfig, tmp_path: Path) -> Callable[..., Draws]:
    """A function that makes the draws of a model that knows nothing."""

    def made(**options) -> Draws:
        config = make_config(training={"minimum_risk": {"samples": 3} | options})
        tokenizers = prepare_tokenizers(config, tmp_path)
        keras.utils.set_random_seed(1)
        return Draws(
            config, build_model(config.model, *map(len, tokenizers)), tokenizers
        )

    return made


def ids(draws: Draws, side: int) -> np.ndarray:
    tokenizer = draws.translator.target_tokenizer  # shared
    rows = [[*tokenizer.encode([pair[side]])[0], EOS] for pair in TEXTS]
    width = max(map(len, rows))
    return np.array([row + [PAD] * (width - len(row)) for row in rows], np.int32)


def drawn(draws: Draws, seed: int = 4, place: int = 5) -> RiskBatch:
    return draws(ids(draws, 0), ids(draws, 1), seed, place)


@pytest.mark.parametrize("metric", ["chrf", "bleu"])
def test_a_translation_risks_what_its_text_lacks(make, metric: str) -> None:
    draws = make(metric=metric)
    batch = drawn(draws)
    assert batch.source.shape == ids(draws, 0).shape
    assert batch.of.tolist() == [0, 1, 0, 0, 0, 1, 1, 1]
    sacrebleu = BLEU(effective_order=True) if metric == "bleu" else CHRF()
    for row, of, risk in zip(batch.target_out, batch.of, batch.risks, strict=True):
        text = draws.translator.target_tokenizer.decode(row)
        score = sacrebleu.sentence_score(text, [TEXTS[of][1]]).score
        assert risk == pytest.approx(1.0 - score / 100.0, abs=1e-6)
    np.testing.assert_array_equal(batch.risks[:2], 0.0)
    assert (batch.risks[2:] > 0.3).all()


def test_rows_begin_with_the_references_and_end_where_they_end(make) -> None:
    draws = make()
    batch, references = drawn(draws), ids(draws, 1)
    np.testing.assert_array_equal(
        batch.target_out[:2, : references.shape[1]], references
    )
    limits = (ids(draws, 0) != PAD).sum(axis=1) * 0.2 + 10
    for i, (row, read) in enumerate(
        zip(batch.target_out, batch.target_in, strict=True)
    ):
        length = int((row != PAD).sum())
        assert (row[length:] == PAD).all() and (row[: length - 1] != EOS).all()
        assert (row[:length] != BOS).all()
        assert (
            read[: length + 1].tolist() == [BOS, *row[: length - 1], PAD][: len(read)]
        )
        if i >= 2 and row[length - 1] != EOS:  # cut short
            assert length == int(limits[batch.of[i]])


def test_draws_are_a_function_of_seed_and_place(make) -> None:
    draws = make()
    one, same = drawn(draws), drawn(draws)
    for part, again in zip(one, same, strict=True):
        np.testing.assert_array_equal(part, again)
    others = [drawn(draws, place=6), drawn(draws, seed=5)]
    found = [batch.target_out[2:].tolist() for batch in (one, *others)]
    assert found[0] != found[1] != found[2] != found[0]


def test_what_is_drawn_twice_counts_once(make) -> None:
    """A model that is sure to end at once makes the same translation every time."""
    draws = make()
    bias = draws.translator.network.projection.bias
    bias.assign(100.0 * np.eye(bias.shape[0])[EOS])
    batch = drawn(draws)
    assert batch.of.tolist() == [0, 1, 0, 1]
    assert batch.target_out[2:, 0].tolist() == [EOS, EOS]
    assert not batch.target_out[2:, 1:].any()
    assert batch.risks.tolist() == [0.0, 0.0, 1.0, 1.0]

    references = np.array([[EOS, PAD], [7, EOS]], np.int32)
    batch = draws(ids(draws, 0), references, 4, 5)
    assert batch.of.tolist() == [0, 1, 1]  # the first reference is all that is drawn
    assert batch.target_out.tolist() == [[EOS, PAD], [7, EOS], [EOS, PAD]]
