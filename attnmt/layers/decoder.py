"""The decoder: recurrent layers over the target that attend to the source."""

from typing import NamedTuple

import keras
import tensorflow as tf
from keras import ops

from attnmt.config import schema
from attnmt.layers.attention import Attention, Memory, State, Tensor
from attnmt.layers.cell import CellState
from attnmt.layers.copying import NEAREST
from attnmt.layers.dropout import Seed, dropout_mask, fold_in
from attnmt.layers.encoder import Encoded
from attnmt.layers.recurrent import make_cell
from attnmt.layers.unroll import unroll


class DecoderState(NamedTuple):
    """What one target position hands to the next; batch first."""

    cells: tuple[CellState, ...]  # one per layer, each part [batch, units]
    fed: Tensor  # [batch, depth], the attentional vector, in gnmt the context
    attention: State  # whatever the mechanism carries


class StepInput(NamedTuple):
    """A target piece on its way into the recurrence."""

    embedded: Tensor  # [batch, size]
    projected: Tensor  # [batch, gates * units], its share of the first layer's gates


class Output(NamedTuple):
    """What comes of target positions; of one alone it lacks the target axis."""

    attentional: Tensor  # [batch, target, depth]
    weights: Tensor  # [batch, (head,) target, source]
    extras: dict[str, Tensor]  # [batch, target, ...], what else the mechanism tells


class Masks(NamedTuple):
    """Dropout masks that stay the same for all positions; None drops nothing."""

    recurrent: tuple[Tensor | None, ...]  # one per layer, [batch, units]
    between: tuple[Tensor | None, ...]  # one per layer but the first, [batch, units]


class Decoder(keras.layers.Layer):
    """Predicts attentional vectors, one per target position.

    luong attends with the new state, Luong et al. (2015), eq. 5 and figure 4;
    bahdanau with the previous one, Bahdanau et al. (2015), section A.2.2, with one
    tanh layer as its deep output. gnmt attends with the bottom layer's new state and
    feeds the context of the step before into all layers, Wu et al. (2016), section 3;
    gnmt_v2 feeds the new one into those above (tensorflow/nmt). With `residual` a layer
    adds what it read from below to what it tells, from the second one on, eq. 6.
    """

    def __init__(
        self,
        config: schema.Decoder,
        drops: schema.Dropout,
        attention: Attention,
        input_depth: int,
        encoder_depth: int,
        attentional_depth: int,
    ) -> None:
        super().__init__()
        self.config = config
        self.drops = drops
        self.attention = attention
        self.gnmt = config.style in ("gnmt", "gnmt_v2")
        above = config.units + (encoder_depth if self.gnmt else 0)
        depths = [input_depth] + [above] * (config.layers - 1)
        self.cells = [make_cell(config, depth) for depth in depths]
        self.parts = config.layers * self.cells[0].states
        self.bridge = keras.layers.Dense(self.parts * config.units, activation="tanh")
        self.bridge.build((None, encoder_depth))
        self.fed_depth = encoder_depth if self.gnmt else attentional_depth
        luong = config.style == "luong"
        if not luong or config.input_feeding:
            self.feed = keras.layers.Dense(
                self.cells[0].gates * config.units, use_bias=False
            )
            self.feed.build((None, attentional_depth if luong else encoder_depth))
        self.combine = keras.layers.Dense(attentional_depth, activation="tanh")
        combined = {"luong": encoder_depth, "bahdanau": encoder_depth + input_depth}
        self.combine.build((None, config.units + combined.get(config.style, 0)))
        if config.copy_source:
            self.gate = keras.layers.Dense(1)
            self.gate.build((None, encoder_depth + config.units + input_depth))
        self.built = True

    def initial_state(self, encoded: Encoded, memory: Memory) -> DecoderState:
        """The state before the first position, from what the encoder made."""
        parts = tf.split(self.bridge(self._summary(encoded)), self.parts, axis=-1)
        states = self.cells[0].states
        cells = tuple(
            tuple(parts[layer * states : (layer + 1) * states])
            for layer in range(len(self.cells))
        )
        batch = tf.shape(encoded.final)[0]
        fed = ops.zeros((batch, self.fed_depth), encoded.final.dtype)
        return DecoderState(cells, fed, self.attention.initial_state(memory))

    def _summary(self, encoded: Encoded) -> Tensor:
        """One vector of the source, [batch, depth]."""
        if self.config.initial_state == "last":
            return encoded.final
        real = tf.cast(encoded.mask, encoded.values.dtype)[..., None]
        total = tf.reduce_sum(encoded.values * real, axis=1)  # [batch, depth]
        return total / tf.maximum(tf.reduce_sum(real, axis=1), 1.0)

    def inputs(self, embedded: Tensor) -> StepInput:
        """What `step` takes, for [..., size] vectors of any number of positions."""
        return StepInput(embedded, self.cells[0].project(embedded))

    def step(
        self, x: StepInput, state: DecoderState, memory: Memory, masks: Masks
    ) -> tuple[Output, DecoderState]:
        """One target position, in training and in search alike; and the next state."""
        if self.config.style == "bahdanau":
            query = state.cells[-1][0]
            context, seen, carried = self._attend(query, memory, state.attention)
            projected = x.projected + self.feed(context)
            hidden, cells = self._recur(projected, state.cells, masks)
        elif self.config.style == "luong":
            projected = x.projected
            if self.config.input_feeding:
                projected += self.feed(state.fed)
            hidden, cells = self._recur(projected, state.cells, masks)
            context, seen, carried = self._attend(hidden, memory, state.attention)
        else:
            projected = x.projected + self.feed(state.fed)
            query, bottom = self._bottom(projected, state.cells, masks)
            context, seen, carried = self._attend(query, memory, state.attention)
            beside = context if self.config.style == "gnmt_v2" else state.fed
            hidden, above = self._above(query, state.cells, masks, beside)
            cells = (bottom, *above)
        output = self._output(context, hidden, x.embedded, *seen)
        fed = context if self.gnmt else output.attentional
        return output, DecoderState(cells, fed, carried)

    def call(
        self,
        embedded: Tensor,
        encoded: Encoded,
        memory: Memory,
        seed: Seed = None,
        *,
        report: bool = True,
    ) -> Output:
        """All target positions of [batch, target, size] vectors; `seed`: dropout.

        Without `report` there are neither weights nor extras, but () and {}.
        """
        state = self.initial_state(encoded, memory)
        masks = self.masks(embedded, seed)
        stateless = not tf.nest.flatten(state.attention)
        if self.config.style == "luong" and not self.config.input_feeding and stateless:
            output = self._all_at_once(embedded, state, memory, masks)
            return output if report else output._replace(weights=(), extras={})

        def step(x: StepInput, state: DecoderState) -> tuple[Output, DecoderState]:
            output, state = self.step(x, state, memory, masks)
            # What is no output of the loop is neither computed nor kept for gradients.
            return output if report else output._replace(weights=(), extras={}), state

        inputs = self.inputs(tf.transpose(embedded, [1, 0, 2]))
        output, _ = unroll(step, inputs, state)
        # The target axis stands beside the source axis, after heads if there are any.
        weights = tf.einsum("tb...s->b...ts", output.weights) if report else ()
        output = output._replace(weights=())
        return tf.nest.map_structure(_batch_first, output)._replace(weights=weights)

    def masks(self, like: Tensor, seed: Seed) -> Masks:
        """Dropout masks for a batch as large as `like`; none without a seed."""
        units, layers = self.config.units, range(len(self.cells))
        recurrent, between = fold_in(seed, 0), fold_in(seed, 1)
        return Masks(
            tuple(
                dropout_mask(like, units, self.drops.recurrent, fold_in(recurrent, i))
                for i in layers
            ),
            tuple(
                dropout_mask(like, units, self.drops.output, fold_in(between, i))
                for i in layers[1:]
            ),
        )

    def _all_at_once(
        self,
        embedded: Tensor,
        state: DecoderState,
        memory: Memory,
        masks: Masks,
    ) -> Output:
        """The vectorised path: nothing of the attention enters the recurrence."""
        hidden = self._all_layers(tf.transpose(embedded, [1, 0, 2]), state, masks)
        hidden = _batch_first(hidden)  # [batch, target, units]
        reading = (hidden, memory, state.attention)
        context, weights, _ = self.attention(*reading)
        extras = self.attention.extras(*reading)
        return self._output(context, hidden, embedded, weights, extras)

    def _all_layers(self, inputs: Tensor, state: DecoderState, masks: Masks) -> Tensor:
        """One layer after the other over all positions, [target, batch, units]."""
        hidden = inputs  # [target, batch, size]
        for i, cell in enumerate(self.cells):
            read, between = hidden, masks.between[i - 1] if i else None
            if between is not None:
                read = hidden * between
            told, _ = cell.run(
                cell.project(read), state.cells[i], drop=masks.recurrent[i]
            )
            hidden = hidden + told if i and self.config.residual else told
        return hidden

    def _recur(
        self, projected: Tensor, states: tuple[CellState, ...], masks: Masks
    ) -> tuple[Tensor, tuple[CellState, ...]]:
        """One time through all layers; returns the top hidden state and all states."""
        hidden, bottom = self._bottom(projected, states, masks)
        hidden, above = self._above(hidden, states, masks)
        return hidden, (bottom, *above)

    def _bottom(
        self, projected: Tensor, states: tuple[CellState, ...], masks: Masks
    ) -> tuple[Tensor, CellState]:
        return self.cells[0].step(projected, states[0], masks.recurrent[0])

    def _above(
        self,
        hidden: Tensor,
        states: tuple[CellState, ...],
        masks: Masks,
        beside: Tensor | None = None,
    ) -> tuple[Tensor, list[CellState]]:
        """Through the layers above the bottom one, which also read what is beside."""
        news = []
        for i, cell in enumerate(self.cells[1:], start=1):
            mask = masks.between[i - 1]
            read = hidden if mask is None else hidden * mask
            if beside is not None:
                read = ops.concatenate([read, beside], axis=-1)
            told, new = cell.step(cell.project(read), states[i], masks.recurrent[i])
            hidden = hidden + told if self.config.residual else told
            news.append(new)
        return hidden, news

    def _attend(
        self, query: Tensor, memory: Memory, carried: State
    ) -> tuple[Tensor, tuple[Tensor, dict[str, Tensor]], State]:
        """Context, (weights, extras) and the next state of one target position."""
        reading = (query[:, None], memory, carried)
        context, weights, carried = self.attention(*reading)
        extras = {n: x[:, 0] for n, x in self.attention.extras(*reading).items()}
        return context[:, 0], (weights[..., 0, :], extras), carried

    def _output(
        self,
        context: Tensor,
        hidden: Tensor,
        embedded: Tensor,
        weights: Tensor,
        extras: dict[str, Tensor],
    ) -> Output:
        if self.config.copy_source:  # See et al. (2017), eq. 8
            gate = self.gate(ops.concatenate([context, hidden, embedded], axis=-1))
            p_gen = tf.sigmoid(tf.cast(gate[..., 0], tf.float32))
            extras = extras | {"p_gen": tf.clip_by_value(p_gen, NEAREST, 1.0 - NEAREST)}
        return Output(self._combine(context, hidden, embedded), weights, extras)

    def _combine(self, context: Tensor, hidden: Tensor, embedded: Tensor) -> Tensor:
        if self.gnmt:
            return self.combine(hidden)
        parts = [context, hidden]
        if self.config.style == "bahdanau":
            parts.append(embedded)
        return self.combine(ops.concatenate(parts, axis=-1))


def _batch_first(x: Tensor) -> Tensor:
    """[time, batch, ...] -> [batch, time, ...]."""
    return tf.einsum("tb...->bt...", x)
