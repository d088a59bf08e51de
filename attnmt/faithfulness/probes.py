"""Single target pieces: what each source position contributes to them."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from attnmt.analysis.record import Record
from attnmt.compiled import compiled
from attnmt.faithfulness.attending import attending
from attnmt.layers import Encoded
from attnmt.layers.attention import Tensor
from attnmt.layers.attention.changed import kept
from attnmt.model import IDS, PAD, Seq2Seq
from attnmt.search import Seen
from attnmt.sentences import padded
from attnmt.text.tokenizer import BOS

STEPS = 16  # places on the way of integrated gradients
SHORTEST = 3  # source positions below which an order says nothing
_NUMBERS = tf.TensorSpec([None], tf.int32)


class Probe(NamedTuple):
    """A target piece of a forced sentence, and what its attention was."""

    sentence: int
    position: int
    record: Record

    @property
    def weights(self) -> np.ndarray:
        """[head, source]"""
        return self.record.weights[0, :, self.position]

    @property
    def attention(self) -> np.ndarray:
        """[source], the mean of the heads."""
        return self.weights.mean(axis=0)


def sample(
    records: Sequence[Record], count: int, random: np.random.Generator
) -> list[Probe]:
    """Target pieces at random, all when there are no more; alike lengths together."""
    every = [
        Probe(sentence, position, record)
        for sentence, record in enumerate(records)
        if len(record.source_ids) >= SHORTEST
        for position in range(len(record.target_ids))
    ]
    chosen = random.permutation(len(every))[:count]
    probes = [every[i] for i in chosen]
    return sorted(probes, key=lambda p: (p.position, len(p.record.source_ids)))


class Pieces(NamedTuple):
    """Probes as arrays, one a row."""

    source: Any  # [probe, source], ids
    target_in: Any  # [probe, target], up to the piece
    position: Any  # [probe], where the piece is predicted
    label: Any  # [probe], the piece


PIECES = Pieces(IDS, IDS, _NUMBERS, _NUMBERS)


def arrays(probes: Sequence[Probe]) -> Pieces:
    """The rows of several probes."""
    ids = [probe.record.target_ids for probe in probes]
    before = [[BOS, *row[: p.position]] for row, p in zip(ids, probes, strict=True)]
    labels = [row[p.position] for row, p in zip(ids, probes, strict=True)]
    return Pieces(
        padded([probe.record.source_ids for probe in probes]),
        padded(before),
        np.array([probe.position for probe in probes], np.int32),
        np.array(labels, np.int32),
    )


class Prober:
    """Computes on probes, compiled once for all shapes."""

    def __init__(self, network: Seq2Seq, heads: int) -> None:
        self.network, self.heads = network, heads
        keep = tf.TensorSpec([None, None, None], tf.bool)
        weights = tf.TensorSpec([None, heads, None], tf.float32)
        self._erased = compiled(self._keep, [PIECES, keep])
        self._sloped = compiled(self._slopes, [PIECES])
        self._normed = compiled(self._norms, [IDS, weights])
        nodes, shares = np.polynomial.legendre.leggauss(STEPS)
        self._shares = shares / 2
        self._places = np.array([0.0, *(nodes + 1) / 2, 1.0], np.float32)

    def erased(
        self, probes: Sequence[Probe], keeps: Sequence[np.ndarray]
    ) -> np.ndarray:
        """Log-probabilities [probe, variant] when keeps [variant, source] are read.

        At no target position up to the piece is anything else read.
        """
        size = max(keep.shape[1] for keep in keeps)
        rows = [np.pad(keep, [(0, 0), (0, size - keep.shape[1])]) for keep in keeps]
        return self._erased(arrays(probes), np.stack(rows)).numpy()

    def gradients(
        self, probes: Sequence[Probe]
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Gradient times input, integrated gradients, both [probe, source], their goal.

        Of the log-probability by the vectors of the source pieces. The goal [probe],
        which integrated gradients sum to, is the log-probability less that with zero
        vectors (Sundararajan et al., 2017); the integral is Gauss and Legendre's.
        """
        log_probs, products = (x.numpy() for x in self._sloped(arrays(probes)))
        integrated = np.einsum("pms,m->ps", products[:, 1:-1], self._shares)
        return products[:, -1], integrated, log_probs[:, -1] - log_probs[:, 0]

    def norms(self, probes: Sequence[Probe]) -> np.ndarray:
        """How long what is read of each source position is, [probe, source].

        |a_j v_j|, Kobayashi et al. (2020): with heads, of their sum after W_O.
        """
        source = arrays(probes).source
        weights = np.zeros((len(probes), self.heads, source.shape[1]), np.float32)
        for row, probe in zip(weights, probes, strict=True):
            row[:, : len(probe.record.source_ids)] = probe.weights
        return self._normed(source, weights).numpy()

    def _keep(self, pieces: Pieces, keep: Tensor) -> Tensor:
        probes, variants, size = tf.unstack(tf.shape(keep))
        with attending(self.network, [kept]):
            encoded, memory = self.network.encode(pieces.source)
            encoded, memory, pieces = _repeated((encoded, memory, pieces), variants)
            memory = memory._replace(keep=tf.reshape(keep, [-1, size]))
            words = self.network.source_embedding(pieces.source)
            log_probs = self._log_probs(pieces, encoded, memory, words)
        return tf.reshape(log_probs, [probes, variants])

    def _slopes(self, pieces: Pieces) -> tuple[Tensor, Tensor]:
        """Log-probabilities [probe, place] and slopes [probe, place, source]."""
        network, count = self.network, len(self._places)
        pieces = _repeated(pieces, count)
        vectors = network.source_embedding(pieces.source)  # [row, source, size]
        by_probe = tf.reshape(vectors, [-1, count, *tf.unstack(tf.shape(vectors)[1:])])
        places = tf.cast(self._places, vectors.dtype)[:, None, None]
        scaled = tf.reshape(by_probe * places, tf.shape(vectors))
        mask = pieces.source != PAD
        with tf.GradientTape() as tape:
            tape.watch(scaled)
            encoded = network.encoder(scaled, mask)
            memory = network.decoder.attention.prepare(encoded.values, mask)
            log_probs = self._log_probs(pieces, encoded, memory, scaled)
        products = tf.reduce_sum(tape.gradient(log_probs, scaled) * vectors, axis=-1)
        by_place = tf.reshape(products, [-1, count, tf.shape(products)[1]])
        return tf.reshape(log_probs, [-1, count]), tf.cast(by_place, tf.float32)

    def _norms(self, source: Tensor, weights: Tensor) -> Tensor:
        """Of ids [probe, source] and weights [probe, head, source]."""
        memory = self.network.encode(source).memory
        alone = tf.linalg.diag(weights)  # in row j only position j has its weight
        alone = alone if self.heads > 1 else alone[:, 0]
        contexts = self.network.decoder.attention.read(memory, alone)
        return tf.norm(tf.cast(contexts, tf.float32), axis=-1)

    def _log_probs(
        self, pieces: Pieces, encoded: Encoded, memory: Any, words: Tensor
    ) -> Tensor:
        """Of the pieces, [row]; `words` are the embeddings of the source."""
        network = self.network
        embedded = network.target_embedding(pieces.target_in)
        report = network.reads_source
        output = network.decoder(embedded, encoded, memory, report=report)
        here = tf.one_hot(pieces.position, tf.shape(embedded)[1], True, False)
        seen = Seen(output.weights, output.extras)
        vectors = network.beside(output.attentional, output.weights, words)
        logits = network.logits_at(vectors, seen, pieces.source, here)
        return tf.gather(tf.nn.log_softmax(logits), pieces.label, batch_dims=1)


def _repeated(nested: Any, times: Tensor) -> Any:
    """Each row that many times."""
    return tf.nest.map_structure(lambda x: tf.repeat(x, times, axis=0), nested)
