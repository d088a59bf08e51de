"""From text to text with the attention that led there, from a run folder alone."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Literal, Self, TypeVar

import numpy as np
import tensorflow as tf

from attnmt import checkpoint, devices, model, search
from attnmt.analysis.record import Record as Translation
from attnmt.config.schema import Config, Decoding, Runtime
from attnmt.errors import ConfigError
from attnmt.layers.attention import Tensor
from attnmt.model import Seq2Seq, Source, build_model, named_weights
from attnmt.run import Run
from attnmt.sentences import (
    SourceLine,
    blank,
    by_length,
    padded,
    read_line,
    to_translation,
)
from attnmt.tensor_header import read_shapes
from attnmt.text.tokenizer import BOS, EOS, PAD, Tokenizer, load_tokenizers

WINDOW = 20  # batches that are read ahead, to put lines of like length together
T = TypeVar("T")


class Translator:
    """Translates lines with a trained model."""

    told: tuple[tf.TensorSpec, ...] = ()  # what a subclass tells the search beside

    def __init__(
        self,
        network: Seq2Seq,
        tokenizers: tuple[Tokenizer, Tokenizer],
        decoding: Decoding,
        origin: Mapping[str, str] | None = None,
    ) -> None:
        self.network = network
        self.source_tokenizer, self.target_tokenizer = tokenizers
        self.decoding = decoding
        self.align_kind: Literal["token", "slot"] = network.decoder.attention.align_kind
        if self.align_kind == "slot" and decoding.coverage_penalty:
            raise ConfigError(
                "decoding.coverage_penalty: expected 0, because this model's attention "
                "is over memory slots, which do not cover the source, found "
                f"{decoding.coverage_penalty}"
            )
        self.origin = dict(origin or {})
        self._searches: dict[int, tf.types.experimental.GenericFunction] = {}
        self._force = tf.function(
            self._forced_step, input_signature=[model.IDS, model.IDS, model.IDS]
        )

    @classmethod
    def load(
        cls,
        run: str | Path,
        *,
        decoding: Decoding | None = None,
        settings: Sequence[str] = (),
        device: Literal["auto", "cpu", "gpu"] = "auto",
        trust_code: bool = False,
    ) -> Self:
        """The best model of a run folder (its last one when none was validated).

        `settings`, as in "model.attention.mode=hard", and then `decoding` take the
        place of the run's own. Only with `trust_code` may the run name code of the
        user's. Raises DataError when the folder lacks something or something is
        damaged, ConfigError for settings that do not fit.
        """
        folder = Run(Path(run))
        config = folder.load_config(settings)
        if not trust_code:
            folder.refuse_code(config, settings)
        devices.prepare(Runtime(device=device))
        tokenizers = load_tokenizers(config, folder.tokenizer_dir)
        best = folder.best_checkpoint()
        state = checkpoint.load_state(best)
        prints = [tokenizer.fingerprint for tokenizer in tokenizers]
        checkpoint.check_tokenizers(state, prints, folder.tokenizer_dir)
        file = best / checkpoint.WEIGHTS
        with model.no_larger_than(file, read_shapes(file)):
            network = build_model(config.model, *map(len, tokenizers))
        checkpoint.assign(named_weights(network), checkpoint.load_arrays(file), file)
        origin = {
            "checkpoint": best.name,
            "model_sha256": state.sha256[checkpoint.WEIGHTS],
            "source_tokenizer": tokenizers[0].fingerprint,
            "target_tokenizer": tokenizers[1].fingerprint,
        }
        return cls(network, tokenizers, decoding or config.decoding, origin)

    def translate(self, lines: Iterable[str]) -> Iterator[Translation]:
        """The best translation of each line, in order, as the lines come in."""
        if isinstance(lines, str):  # it would be translated letter by letter
            raise TypeError("expected several lines, as in [text], found one str")
        for translations in self.n_best(lines, 1):
            yield translations[0]

    @property
    def window(self) -> int:
        """How many lines are read before the first of them is translated."""
        return WINDOW * self.decoding.batch_size

    def n_best(
        self, lines: Iterable[str], n: int, window: int | None = None, *, first: int = 0
    ) -> Iterator[list[Translation]]:
        """Up to `n` translations of each line, best first; a blank line has one.

        `window` takes the place of the Translator's; `first` numbers the first line.
        """
        numbered = enumerate(lines, first)
        while ahead := list(islice(numbered, window or self.window)):
            yield from self._window([self._read(i, text) for i, text in ahead], n)

    def force(
        self, sources: Iterable[str], targets: Iterable[str], *, first: int = 0
    ) -> Iterator[Translation]:
        """Given targets as if they had been the translations, in order.

        A blank source has nothing to read: its target is left out, as if blank too.
        """
        pairs = enumerate(zip(sources, targets, strict=True), first)
        while ahead := list(islice(pairs, self.window)):
            lines = [self._read(i, source) for i, (source, _) in ahead]
            yield from self._force_window(lines, [target for _, (_, target) in ahead])

    def describe(self, mode: str = "translate", n_best: int = 1) -> dict[str, object]:
        """The header of an attention dump: what made the weights."""
        attention = self.network.decoder.attention
        return {
            "attention": {
                "name": type(attention).__name__,
                "layers": ["dec0"],
                "align_kind": self.align_kind,
                "sums_to_one": attention.sums_to_one,
            },
            "query": "produced",
            "mode": mode,
            "n_best": n_best,
            "decoding": self.decoding.model_dump(),
            **self.origin,
        }

    def _read(self, number: int, text: str) -> SourceLine:
        longest = self.decoding.max_source_length
        return read_line(self.source_tokenizer, number, text, longest)

    def _columns(self, source_length: int) -> int | None:
        """How many columns of the weights a source fills; None for all (slots)."""
        return source_length if self.align_kind == "token" else None

    def _window(self, lines: list[SourceLine], n: int) -> list[list[Translation]]:
        return self._in_batches(
            [len(line.encoding.ids) for line in lines],
            [[blank(line, self.align_kind)] for line in lines],
            lambda places: self._search([lines[i] for i in places], n),
        )

    def _force_window(
        self, lines: list[SourceLine], targets: list[str]
    ) -> list[Translation]:
        ids = [[*ids, EOS] for ids in self.target_tokenizer.encode(targets)]
        sources = [len(line.encoding.ids) for line in lines]
        lengths = zip(sources, map(len, ids), strict=True)
        return self._in_batches(
            [max(source, target) if source else 0 for source, target in lengths],
            [blank(line, self.align_kind) for line in lines],
            lambda places: self._forced(
                [(lines[i], targets[i], ids[i]) for i in places]
            ),
        )

    def _in_batches(
        self,
        lengths: list[int],
        blanks: list[T],
        compute: Callable[[list[int]], Iterable[T]],
    ) -> list[T]:
        """What `compute` makes of places of like length at a time; blanks are left."""
        found = blanks
        for places in by_length(lengths, self.decoding.batch_size):
            for place, result in zip(places, compute(places), strict=True):
                found[place] = result
        return found

    def _tell(self, lines: list[SourceLine]) -> tuple[np.ndarray, ...]:
        """What `_encode` is told of the lines beside their pieces; kinds: `told`."""
        return ()

    def _encode(self, source: Tensor, *told: Tensor) -> Source:
        return self.network.encode(source)

    def _search(self, lines: list[SourceLine], n: int) -> list[list[Translation]]:
        options = self.decoding
        beam = max(options.beam_size, n)
        source = padded([line.encoding.ids for line in lines])
        lengths = [len(line.encoding.ids) for line in lines]
        limits = [int(options.max_length_ratio * length) + 10 for length in lengths]
        inputs = (source, np.array(limits, np.int32), *self._tell(lines))
        result = self._search_function(beam)(*inputs)
        trace = tf.nest.map_structure(np.asarray, result)
        found = []
        for i, line in enumerate(lines):
            best = search.hypotheses(
                trace,
                i,
                source_length=self._columns(lengths[i]),
                max_length=limits[i],
                end=EOS,
                n_best=n,
                alpha=options.length_penalty,
                beta=options.coverage_penalty,
            )
            found.append(self._translations(line, best))
        return found

    def _translations(
        self, line: SourceLine, best: list[search.Hypothesis]
    ) -> list[Translation]:
        found = []
        for rank, hypothesis in enumerate(best):
            ids = hypothesis.tokens.tolist()
            kept = ids[:-1] if hypothesis.finished else ids
            text, encoding = self.target_tokenizer.decode_with_spans(kept)
            found.append(
                to_translation(
                    line, text, encoding, hypothesis, self.align_kind, rank, len(best)
                )
            )
        return found

    def _search_function(self, beam: int) -> tf.types.experimental.GenericFunction:
        if beam not in self._searches:

            def run(source, limits, *told):
                encoded = self._encode(source, *told)
                start = self.network.start(encoded)
                memory, state, ids = tf.nest.map_structure(
                    lambda x: tf.repeat(x, beam, axis=0),
                    (encoded.memory, start, source),
                )
                return search.search(
                    lambda token, state: self.network.step(token, state, memory, ids),
                    state,
                    limits,
                    beam_size=beam,
                    begin=BOS,
                    end=EOS,
                    never=(PAD, BOS),
                )

            limits = tf.TensorSpec([None], tf.int32)
            inputs = [model.IDS, limits, *self.told]
            self._searches[beam] = tf.function(run, input_signature=inputs)
        return self._searches[beam]

    def _forced(
        self, batch: Sequence[tuple[SourceLine, str, list[int]]]
    ) -> Iterator[Translation]:
        source = padded([line.encoding.ids for line, _, _ in batch])
        target_in = padded([[BOS, *ids[:-1]] for _, _, ids in batch])
        target_out = padded([ids for _, _, ids in batch])
        result = self._force(source, target_in, target_out)
        log_probs, seen = tf.nest.map_structure(np.asarray, result)
        for i, (line, text, ids) in enumerate(batch):
            length = len(ids)
            columns = self._columns(len(line.encoding.ids))
            row = seen.weights[i, ..., :length, :columns]
            row = row if row.ndim == 2 else np.moveaxis(row, 0, 1)
            extras = {name: x[i, :length] for name, x in seen.extras.items()}
            total = log_probs[i, :length]
            hypothesis = search.Hypothesis(
                np.array(ids), total, row, extras, float(total.sum()), True
            )
            encoding = self.target_tokenizer.encode_with_spans(text)
            yield to_translation(line, text, encoding, hypothesis, self.align_kind)

    def _forced_step(self, source, target_in, target_out):
        attentional, seen = self.network.read(source, target_in)
        every = tf.ones_like(target_out, tf.bool)
        logits = self.network.logits_at(attentional, seen, source, every)
        labels = tf.reshape(target_out, [-1])
        log_probs = tf.gather(tf.nn.log_softmax(logits), labels, batch_dims=1)
        return tf.reshape(log_probs, tf.shape(target_out)), seen


def with_decoding(config: Config, **changes: object) -> Decoding:
    """The decoding settings of a run with the changes that are not None, checked."""
    wanted = {name: value for name, value in changes.items() if value is not None}
    return Decoding.model_validate({**config.decoding.model_dump(), **wanted})
