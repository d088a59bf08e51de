"""Translating with TensorFlow, from a run folder alone."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from threading import Lock
from typing import Any, Literal, Self

import numpy as np
import tensorflow as tf

from attnmt import checkpoint, devices, model, search
from attnmt.compiled import Graph, compiled
from attnmt.config.schema import Decoding, Runtime, Sampling
from attnmt.errors import ConfigError
from attnmt.layers.attention import Tensor
from attnmt.model import Seq2Seq, Source, build_model
from attnmt.run import Run
from attnmt.search.rules import Rules
from attnmt.search.sampling import Drawing
from attnmt.searching import SearchingTranslator
from attnmt.sentences import SourceLine, blank, padded, to_translation, uniform
from attnmt.shortlist import Shortlist, load_shortlist
from attnmt.tensor_header import read_shapes
from attnmt.text.tokenizer import BOS, EOS, PAD, Tokenizer, load_tokenizers
from attnmt.translating import Translation as Translation
from attnmt.translating import check_lines
from attnmt.weights import named_weights, no_larger_than

RULES = Rules(BOS, EOS, never=(PAD, BOS))
NUMBERS = tf.TensorSpec([None, None, None], tf.float32)  # [batch, beam, time]


class Translator(SearchingTranslator):
    """Translates lines with a trained model, and scores given translations.

    With a shortlist the search is among the pieces that `decoding.shortlist` leaves,
    and log-probabilities are those among them; given translations are scored among all.
    """

    engine = "tensorflow"
    told: tuple[tf.TensorSpec, ...] = ()  # what a subclass tells the search beside

    def __init__(
        self,
        network: Seq2Seq,
        tokenizers: tuple[Tokenizer, Tokenizer],
        decoding: Decoding,
        origin: Mapping[str, str] | None = None,
        shortlist: Shortlist | None = None,
    ) -> None:
        if shortlist is not None and network.copies:
            raise ConfigError(
                "decoding.shortlist: expected 0, because this model copies pieces from "
                f"the source (model.decoder.copy_source), found {decoding.shortlist}"
            )
        attention = network.decoder.attention
        description = {
            "name": type(attention).__name__,
            "settings": network.config.attention.model_dump(mode="json"),
            "layers": ["dec0"],
            "align_kind": attention.align_kind,
            "sums_to_one": attention.sums_to_one,
        }
        super().__init__(tokenizers, decoding, description, origin)
        self.network = network
        self.shortlist = shortlist
        self.lanes = devices.lanes()
        self._searches: dict[tuple[int, int], Graph] = {}
        self._making = Lock()
        self._force = compiled(self._forced_step, [model.IDS] * 3)

    @classmethod
    def load(
        cls,
        run: str | Path,
        *,
        decoding: Decoding | None = None,
        settings: Sequence[str] = (),
        device: Literal["auto", "cpu", "gpu"] = "auto",
        threads: int | Literal["auto"] = "auto",
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
        devices.prepare(Runtime(device=device, threads=threads))
        tokenizers = load_tokenizers(config, folder.tokenizer_dir)
        best = folder.best_checkpoint()
        state = checkpoint.load_state(best)
        prints = [tokenizer.fingerprint for tokenizer in tokenizers]
        checkpoint.check_tokenizers(state, prints, folder.tokenizer_dir)
        file = best / checkpoint.WEIGHTS
        with no_larger_than(file, read_shapes(file)):
            network = build_model(config.model, *map(len, tokenizers))
        checkpoint.assign(named_weights(network), checkpoint.load_arrays(file), file)
        origin = {
            "checkpoint": best.name,
            "model_sha256": state.sha256[checkpoint.WEIGHTS],
            "source_tokenizer": tokenizers[0].fingerprint,
            "target_tokenizer": tokenizers[1].fingerprint,
        }
        decoding = decoding or config.decoding
        shortlist = load_shortlist(folder, tokenizers) if decoding.shortlist else None
        return cls(network, tokenizers, decoding, origin, shortlist)

    def force(
        self, sources: Iterable[str], targets: Iterable[str], *, first: int = 0
    ) -> Iterator[Translation]:
        """Given targets as if they had been the translations, in order.

        A blank source has nothing to read: its target is left out, as if blank too.
        """
        check_lines(sources)
        check_lines(targets)
        pairs = enumerate(zip(sources, targets, strict=True), first)
        while ahead := list(islice(pairs, self.window)):
            lines = [self._read(i, source) for i, (source, _) in ahead]
            yield from self._force_window(lines, [target for _, (_, target) in ahead])

    def trace(
        self,
        lines: list[SourceLine],
        source: np.ndarray,
        limits: np.ndarray,
        beam: int,
        n_best: int,
    ) -> search.Trace:
        inputs = [source, limits, *self._tell(lines)]
        if self.shortlist is not None:
            inputs.append(self.shortlist.pieces(source, self.decoding.shortlist))
        if (sampling := self.decoding.sampling) is not None:
            inputs.append(uniform(sampling.seed, lines, limits.tolist(), beam))
        result = self.search_function(beam, n_best)(*inputs)
        return tf.nest.map_structure(np.asarray, result)

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

    def _tell(self, lines: list[SourceLine]) -> tuple[np.ndarray, ...]:
        """What `_encode` is told of the lines beside their pieces; kinds: `told`."""
        return ()

    def _encode(self, source: Tensor, *told: Tensor) -> Source:
        return self.network.encode(source)

    def _prepare(self, source: Tensor, *told: Tensor) -> tuple[Any, Any]:
        """The state before the first step, and what all steps read."""
        encoded = self._encode(source, *told)
        return self.network.start(encoded), (encoded.memory, source)

    def _output(self, pieces: Tensor | None) -> Any:
        """What makes logits of these pieces, or of all, in all steps of a search."""
        return self.network.output_layer(pieces)

    def _step(
        self, output: Any, token: Tensor, state: Any, memory: Any
    ) -> tuple[Tensor, search.Seen, Any]:
        return self.network.step(token, state, *memory, output=output)

    def search_function(self, beam: int, n_best: int) -> Graph:
        """The compiled search of ids [batch, source] and limits [batch] for a trace.

        With a shortlist it takes its pieces too, and where it draws, the numbers of
        `search.sampling.Drawing`.
        """
        with self._making:  # the same for all lanes
            if (beam, n_best) not in self._searches:
                self._searches[beam, n_best] = self._make_search(beam, n_best)
            return self._searches[beam, n_best]

    def _make_search(self, beam: int, n_best: int) -> Graph:
        sampling, short = self.decoding.sampling, self.shortlist
        rules = RULES._replace(no_repeat_ngram=self.decoding.no_repeat_ngram)

        def run(source, limits, *rest):
            told, rest = rest[: len(self.told)], rest[len(self.told) :]
            pieces, numbers = (None, rest) if short is None else (rest[0], rest[1:])
            output = self._output(pieces)
            trace = search.search(
                lambda token, *read: self._step(output, _at(pieces, token), *read),
                *self._prepare(source, *told),
                limits,
                beam_size=beam,
                n_best=n_best,
                alpha=self.decoding.length_penalty,
                drawing=sampling and _drawing(sampling, *numbers),
                **rules._asdict(),
            )
            return trace._replace(tokens=_at(pieces, trace.tokens))

        row = tf.TensorSpec([None], tf.int32)
        pieces = [] if short is None else [row]
        numbers = [] if sampling is None else [NUMBERS]
        return compiled(run, [model.IDS, row, *self.told, *pieces, *numbers])

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
            columns = self.columns(len(line.encoding.ids))
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


def _drawing(sampling: Sampling, numbers: Tensor) -> Drawing:
    return Drawing(numbers, sampling.temperature, sampling.top_k, sampling.top_p)


def _at(pieces: Tensor | None, places: Tensor) -> Tensor:
    """The ids at places in a shortlist."""
    return places if pieces is None else tf.gather(pieces, places)
