"""The translation model: encode a source, start, step along a target."""

from collections.abc import Callable
from typing import NamedTuple

import keras
import tensorflow as tf
from keras import ops

from attnmt.config import schema
from attnmt.errors import ConfigError
from attnmt.layers import Decoder, DecoderState, Embedding, Encoded, Encoder, Projection
from attnmt.layers.attention import Memory, Tensor, build_attention
from attnmt.layers.copying import Copying, at_a_step, at_positions, mixture
from attnmt.layers.decoder import Masks
from attnmt.layers.dropout import Seed, dropout, fold_in, word_dropout
from attnmt.layers.lexical import Lexical
from attnmt.search import Seen

PAD = 0
IDS = tf.TensorSpec([None, None], tf.int32)  # [batch, time] of a compiled function


class Source(NamedTuple):
    """What the decoder knows of an encoded source batch."""

    encoded: Encoded
    memory: Memory


class OutputLayer(NamedTuple):
    """The vocabulary projection as the steps of a search want it.

    A product of few rows with a turned matrix takes about ten times as long as one
    with the matrix (5 hypotheses, 16,000 pieces of depth 512): it is turned once.
    """

    matrix: Tensor  # [depth, pieces]
    bias: Tensor  # [pieces]

    def __call__(self, attentional: Tensor) -> Tensor:
        """[batch, depth] attentional vectors -> [batch, pieces] logits in float32."""
        return tf.cast(tf.matmul(attentional, self.matrix), "float32") + self.bias


class Seq2Seq(keras.Model):
    """An encoder, a decoder with attention, and the vocabulary projections.

    The attentional vector is as deep as an embedding when the output is tied to one,
    else as deep as the decoder.
    """

    def __init__(
        self, config: schema.Model, source_vocabulary: int, target_vocabulary: int
    ) -> None:
        super().__init__()
        self.config = config
        self.drops = config.dropout
        # Gal & Ghahramani (2016), eq. 7: the same numbers at all times.
        self.along = 1 if self.drops.variational else None
        self.unread = config.attention.dropout  # share of source positions
        size, tie = config.embeddings.size, config.embeddings.tie
        self.target_embedding = Embedding(target_vocabulary, size)
        self.source_embedding = (
            self.target_embedding
            if tie == "all"
            else Embedding(source_vocabulary, size)
        )
        self.encoder = Encoder(config.encoder, self.drops, size)
        depth = config.decoder.units if tie == "none" else size
        attention = build_attention(config.attention, config.decoder.units)
        self.decoder = Decoder(
            config.decoder, self.drops, attention, size, self.encoder.depth, depth
        )
        self.tied = tie != "none"
        self.copies = config.decoder.copy_source
        lexical = config.decoder.lexical
        for name, wanted in (("copy_source", self.copies), ("lexical", lexical)):
            if wanted and attention.align_kind != "token":
                raise ConfigError(
                    f"model.decoder.{name}: expected false, because the weights of "
                    f"model.attention.type {config.attention.type} are not over source "
                    "tokens, found true"
                )
        self.lexical = Lexical(size, target_vocabulary) if lexical else None
        self.reads_source = self.copies or lexical  # its ids, at every step
        self.projection = Projection(depth, target_vocabulary, self.tied)
        self.built = True

    def encode(self, source: Tensor, seed: Seed = None) -> Source:
        """Read source ids [batch, source]; `seed` switches dropout on."""
        mask = ops.not_equal(source, PAD)  # [batch, source]
        embedded = self._embed(self.source_embedding, source, fold_in(seed, 0))
        encoded = self.encoder(embedded, mask, fold_in(seed, 1))
        memory = self.decoder.attention.prepare(encoded.values, mask)
        if seed is not None and self.unread > 0.0:
            # Values only: the weights that are reported (and trained on) stay whole.
            read = word_dropout(memory.values, self.unread, fold_in(seed, 2))
            memory = self.decoder.attention.with_values(memory, read)
        return Source(encoded, memory)

    def start(self, source: Source) -> DecoderState:
        """The decoder's state before the first target piece."""
        return self.decoder.initial_state(*source)

    def step(
        self,
        token: Tensor,
        state: DecoderState,
        memory: Memory,
        source: Tensor | None = None,
        output: Callable[[Tensor], Tensor] | None = None,
    ) -> tuple[Tensor, Seen, DecoderState]:
        """One piece [batch] -> logits [batch, vocabulary], what it saw, next state.

        `source` [batch, source] are the ids behind the memory, for `reads_source`.
        With an `output`, such as a layer of some pieces, the logits are what it makes.
        """
        inputs = self.decoder.inputs(self.target_embedding(token))
        nothing = Masks((None,) * len(state.cells), (None,) * (len(state.cells) - 1))
        made, state = self.decoder.step(inputs, state, memory, nothing)
        seen, copying = Seen(made.weights, made.extras), None
        if self.copies:
            copying = at_a_step(seen.extras["p_gen"], seen.weights, source)
        vectors = made.attentional
        if self.lexical:
            words = self.source_embedding(source)
            weights = tf.expand_dims(seen.weights, -2)  # one target position
            vectors = self.beside(vectors[:, None], weights, words)[:, 0]
        return self.logits(vectors, copying, output), seen, state

    def call(
        self, source: Tensor, target_in: Tensor, seed: Seed = None
    ) -> tuple[Tensor, Tensor]:
        """As `read`, but of what was seen the attention weights alone."""
        attentional, seen = self.read(source, target_in, seed)
        return attentional, seen.weights

    def read(
        self,
        source: Tensor,
        target_in: Tensor,
        seed: Seed = None,
        *,
        report: bool = True,
        of: Tensor | None = None,
    ) -> tuple[Tensor, Seen]:
        """Source ids [batch, source], target ids [batch, target] that begin with BOS.

        Returns what `logits` takes, [batch, target, depth], and what was seen: the
        attention weights [batch, (head,) target, source] and extras [batch, target,
        ...]. Without `report` that is empty, if the logits do not depend on it.
        With `of` [rows] a source has several targets [rows, target], or none.
        """
        encoded, memory = self.encode(source, fold_in(seed, 2))
        if of is not None:
            source, encoded, memory = tf.nest.map_structure(
                lambda x: _rows(x, of), (source, encoded, memory)
            )
        embedded = self._embed(self.target_embedding, target_in, fold_in(seed, 3))
        report = report or self.reads_source
        output = self.decoder(
            embedded, encoded, memory, fold_in(seed, 4), report=report
        )
        vectors = output.attentional
        if self.lexical:
            words = self.source_embedding(source)
            vectors = self.beside(vectors, output.weights, words)
        vectors = dropout(vectors, self.drops.output, fold_in(seed, 5), self.along)
        return vectors, Seen(output.weights, output.extras)

    def beside(self, attentional: Tensor, weights: Tensor, words: Tensor) -> Tensor:
        """What logits are made of, [batch, target, depth], as `Lexical` wants it.

        Of attentional vectors, the weights that led to them and the source embeddings.
        """
        if not self.lexical:
            return attentional
        return tf.concat([attentional, self.lexical(weights, words)], axis=-1)

    def logits_at(
        self, attentional: Tensor, seen: Seen, source: Tensor, chosen: Tensor
    ) -> Tensor:
        """What `read` returned -> logits [positions, vocabulary].

        Of the positions that are True in `chosen` [batch, target].
        """
        copying = None
        if self.copies:
            p_gen = seen.extras["p_gen"]
            copying = at_positions(p_gen, seen.weights, source, chosen)
        return self.logits(tf.boolean_mask(attentional, chosen), copying)

    def logits(
        self,
        attentional: Tensor,
        copying: Copying | None = None,
        output: Callable[[Tensor], Tensor] | None = None,
    ) -> Tensor:
        """[..., depth] attentional vectors -> [..., vocabulary] in float32.

        With something to copy, [rows, depth], they are log-probabilities.
        """
        if output is None and self.lexical:
            output = self.output_layer()
        if output is None:
            table = self.target_embedding.table if self.tied else None
            logits = self.projection(attentional, table)
        else:
            logits = output(attentional)
        return mixture(logits, copying) if copying else logits

    @property
    def output_weights(self) -> tuple[Tensor, Tensor]:
        """The projection's matrix [vocabulary, depth] and bias [vocabulary]."""
        tied = self.target_embedding.table
        matrix = (tied if self.tied else self.projection.kernel).value
        if self.lexical:
            matrix = tf.concat([matrix, self.lexical.kernel.value], axis=1)
        return matrix, self.projection.bias.value

    def output_layer(self, pieces: Tensor | None = None) -> OutputLayer:
        """The projection to all pieces, or only to these [pieces]."""
        matrix, bias = self.output_weights
        if pieces is not None:
            matrix, bias = tf.gather(matrix, pieces), tf.gather(bias, pieces)
        return OutputLayer(tf.transpose(tf.cast(matrix, self.compute_dtype)), bias)

    def _embed(self, embedding: Embedding, ids: Tensor, seed: Seed) -> Tensor:
        embedded = embedding(ids)  # [batch, time, size]
        embedded = word_dropout(embedded, self.drops.word, fold_in(seed, 0))
        return dropout(embedded, self.drops.embedding, fold_in(seed, 1), self.along)


@tf.custom_gradient
def _rows(x: Tensor, of: Tensor):
    """The rows `of` a tensor, which may come more than once."""

    # That of a gather is an IndexedSlices, which the LSTM's own gradient cannot take.
    def gradient(upstream: Tensor) -> tuple[Tensor, None]:
        return tf.math.unsorted_segment_sum(upstream, of, tf.shape(x)[0]), None

    return tf.gather(x, of), gradient


def build_model(
    config: schema.Model, source_vocabulary: int, target_vocabulary: int
) -> Seq2Seq:
    """A model whose variables all exist, with the initial values of Keras' seed."""
    model = Seq2Seq(config, source_vocabulary, target_vocabulary)
    ids = tf.ones([2, 3], tf.int32)
    model.logits_at(*model.read(ids, ids), ids, ids > 0)
    return model
