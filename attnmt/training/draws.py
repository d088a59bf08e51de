"""Translations drawn of a batch, and what each of them risks."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from attnmt.config.schema import Config, Decoding, Sampling
from attnmt.evaluation.metrics import sentence_metric, tokenizer_for
from attnmt.model import Seq2Seq
from attnmt.searching import longest
from attnmt.sentences import padded
from attnmt.text.tokenizer import BOS, EOS, PAD, Tokenizer
from attnmt.translator import Translator

Pieces = tuple[int, ...]  # EOS the last, unless a translation was cut short


class RiskBatch(NamedTuple):
    """Sources, and different translations of each: first all references, then draws."""

    source: np.ndarray  # [batch, source], pieces then EOS
    target_in: np.ndarray  # [rows, target], BOS then pieces
    target_out: np.ndarray  # [rows, target], pieces then EOS
    of: np.ndarray  # [rows] int32, the place of its source
    risks: np.ndarray  # [rows] float32, 0 to 1


class Draws:
    """Makes the batches that `training.minimum_risk` learns from."""

    def __init__(
        self, config: Config, model: Seq2Seq, tokenizers: tuple[Tokenizer, Tokenizer]
    ) -> None:
        self.options = config.training.minimum_risk
        self.ratio = config.decoding.max_length_ratio
        self.translator = Translator(model, tokenizers, Decoding(sampling=Sampling()))
        tokenize = tokenizer_for(config.data.target_lang)
        self.metric = sentence_metric(self.options.metric, tokenize)

    def __call__(
        self, source: np.ndarray, target_out: np.ndarray, seed: int, place: int
    ) -> RiskBatch:
        """References [batch, target] and draws of `source` [batch, source].

        The draws are a function of the weights, the seed and the place of the batch
        in the training. Shen et al. (2016), section 3: the same pieces count once.
        """
        references = [_until_end(row) for row in target_out.tolist()]
        different = [
            [ids for ids in dict.fromkeys(own) if ids != reference]
            for own, reference in zip(
                self._draw(source, seed, place), references, strict=True
            )
        ]
        rows = references + [ids for own in different for ids in own]
        places = np.arange(len(references))
        of = np.concatenate([places, np.repeat(places, list(map(len, different)))])
        return RiskBatch(
            source,
            padded([(BOS, *ids[:-1]) for ids in rows]),
            padded(rows),
            of.astype(np.int32),
            self._risks(rows, of),
        )

    def _draw(self, source: np.ndarray, seed: int, place: int) -> list[list[Pieces]]:
        count = self.options.samples
        limits = longest((source != PAD).sum(axis=1), self.ratio)
        random = np.random.default_rng((seed, place))
        shape = len(source), count, limits.max()
        numbers = random.random(shape, np.float32)
        search = self.translator.search_function(count, count)
        tokens = np.asarray(search(source, limits, numbers).tokens)
        # A draw keeps its place in the beam: [time, batch, draw], nothing to follow.
        return [
            [_until_end(ids[:limit]) for ids in drawn]
            for drawn, limit in zip(
                tokens.transpose(1, 2, 0).tolist(), limits, strict=True
            )
        ]

    def _risks(self, rows: Sequence[Pieces], of: np.ndarray) -> np.ndarray:
        """1 - score / 100 of each, of the text that its pieces make."""
        texts = list(map(self.translator.target_tokenizer.decode, rows))
        scores = [
            self.metric.sentence_score(text, [texts[i]]).score
            for text, i in zip(texts, of, strict=True)
        ]
        return np.clip(1.0 - np.array(scores) / 100.0, 0.0, 1.0).astype(np.float32)


def _until_end(ids: list[int]) -> Pieces:
    """The pieces up to EOS, if there is one."""
    return tuple(ids[: ids.index(EOS) + 1] if EOS in ids else ids)
