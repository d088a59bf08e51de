"""Measuring a model on the validation corpus, by loss and by decoded text."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from attnmt.analysis.dump_writer import DumpWriter
from attnmt.compiled import compiled
from attnmt.config.schema import Config
from attnmt.evaluation.inputs import fingerprint
from attnmt.evaluation.metrics import KNOWN, score, tokenizer_for
from attnmt.model import IDS, Seq2Seq
from attnmt.text.batches import make_batch, plan_validation
from attnmt.text.corpora import read_pairs
from attnmt.text.encoded import EncodedCorpus
from attnmt.text.lines import write_lines
from attnmt.text.tokenizer import Tokenizer
from attnmt.training.disk import Disk
from attnmt.training.objective import totals
from attnmt.translating import Translation
from attnmt.translator import Translator

LOGITS = 2**26  # of a batch, all at a time: a quarter of a gigabyte
HIGHER_IS_BETTER = {
    "loss": False,
    "perplexity": False,
    "accuracy": True,
    "bleu": True,
    "chrf": True,
    "exact": True,
}


class Sample(NamedTuple):
    """A sentence of the validation set with what the model makes of it."""

    source: str
    reference: str
    hypothesis: str


class Validator:
    """Measures a model on the validation corpus of a configuration."""

    def __init__(
        self,
        config: Config,
        model: Seq2Seq,
        tokenizers: tuple[Tokenizer, Tokenizer],
        encoded: EncodedCorpus,
    ) -> None:
        data, self.options = config.data, config.validation
        self._tokenize = tokenizer_for(data.target_lang)
        self._lowercase = config.tokenizer.lowercase  # as what it writes is
        assert data.valid is not None
        self.pairs = list(read_pairs(data.valid, data.source_lang, data.target_lang))
        most = min(config.training.batch_tokens, LOGITS // len(tokenizers[1]))
        self.encoded, self.plan = encoded, plan_validation(encoded, most)
        # Scores of draws would say little, and a shortlist is learnt after a training.
        decoding = config.decoding.model_copy(
            update={
                "beam_size": self.options.beam_size,
                "sampling": None,
                "shortlist": 0,
            }
        )
        self.translator = Translator(model, tokenizers, decoding)
        # Figures of the same text and search alone can be compared.
        text = fingerprint(["\t".join(pair) for pair in self.pairs])
        search = decoding.model_dump_json(exclude_defaults=True, exclude={"batch_size"})
        self.of = text, fingerprint([search])
        self._totals = compiled(
            lambda *batch: totals(model, *batch, smoothing=0.0),
            input_signature=[IDS, IDS, IDS],
        )

    def measure(
        self, folder: Path, disk: Disk
    ) -> tuple[dict[str, float], list[Sample]]:
        """The metrics asked for, by name, and samples.

        Translations, and the attention of the samples, are written into `folder`, if
        the disk has room.
        """
        measured = self._by_loss()
        texts = [name for name in self.options.metrics if name in KNOWN]
        translations = self._translate(full=bool(texts))
        with disk.writing():
            self._keep(translations, folder)
        samples = list(self._samples(translations[: self.options.samples]))
        if texts:
            hypotheses = [translation.text for translation in translations]
            scores = score(
                hypotheses,
                [target for _, target in self.pairs],
                metrics=texts,
                tokenize=self._tokenize,
                lowercase=self._lowercase,
            )
            measured |= {n: s.value for n, s in zip(texts, scores, strict=True)}
        return {name: measured[name] for name in self.options.metrics}, samples

    def _by_loss(self) -> dict[str, float]:
        sums = np.zeros(4)
        for indices in self.plan:
            sums += np.array(self._totals(*make_batch([self.encoded], indices)))
        _, log_loss, correct, tokens = sums
        mean = log_loss / max(1.0, tokens)
        return {
            "loss": mean,
            "perplexity": math.exp(min(mean, 700.0)),
            "accuracy": correct / max(1.0, tokens),
        }

    def _translate(self, full: bool) -> list[Translation]:
        pairs = self.pairs if full else self.pairs[: self.options.samples]
        return list(self.translator.translate(source for source, _ in pairs))

    def _keep(self, translations: list[Translation], folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        write_lines(folder / "hypothesis.txt", (t.text for t in translations))
        shown = translations[: self.options.samples]
        if shown:
            with DumpWriter(folder / "attention", self.translator.describe()) as dump:
                for translation in shown:
                    dump.write(translation)

    def _samples(self, shown: list[Translation]) -> Iterator[Sample]:
        for translation in shown:
            source, reference = self.pairs[translation.id]
            yield Sample(source, reference, translation.text)
