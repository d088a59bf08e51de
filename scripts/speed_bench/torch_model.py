"""The reference: attnmt's architecture in plain PyTorch, as one would write it there.

Nothing of attnmt is imported: it runs in an environment of its own.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch  # pyright: ignore[reportMissingImports]
from torch import Tensor, nn  # pyright: ignore[reportMissingImports]
from torch.nn import functional as F  # pyright: ignore[reportMissingImports]

PAD = 0


class Memory(NamedTuple):
    """An encoded source batch."""

    keys: Tensor  # [batch, source, units]
    values: Tensor  # [batch, source, depth]
    hidden: Tensor  # [batch, source], True where there is no token


class State(NamedTuple):
    """What a target position hands to the next."""

    hidden: Tensor  # [batch, units]
    cell: Tensor  # [batch, units]
    fed: Tensor  # [batch, units], the attentional vector


class Seq2Seq(nn.Module):
    """biLSTM encoder, one LSTM decoder layer, general or additive attention."""

    def __init__(self, config: Mapping[str, Any], vocabulary: int) -> None:
        super().__init__()
        size, units = config["embeddings"]["size"], config["decoder"]["units"]
        each = config["encoder"]["units"]
        depth = 2 * each
        self.bahdanau = config["decoder"]["style"] == "bahdanau"
        self.feeds = not self.bahdanau and config["decoder"]["input_feeding"]
        self.additive = config["attention"]["type"] == "additive"
        self.embedding_drop = nn.Dropout(config["dropout"]["embedding"])
        self.output_drop = nn.Dropout(config["dropout"]["output"])
        self.source_embedding = nn.Embedding(vocabulary, size)
        self.target_embedding = nn.Embedding(vocabulary, size)
        self.forwards = nn.LSTM(size, each, batch_first=True)
        self.backwards = nn.LSTM(size, each, batch_first=True)
        self.bridge = nn.Linear(depth, 2 * units)
        self.keys = nn.Linear(depth, units, bias=self.additive)
        self.combine = nn.Linear(depth + units + self.bahdanau * size, units)
        self.projection = nn.Linear(units, vocabulary)
        if self.additive:
            self.query = nn.Linear(units, units, bias=False)
            self.energy = nn.Linear(units, 1, bias=False)
        fed = depth if self.bahdanau else units * self.feeds
        self.recurs = self.bahdanau or self.feeds
        cell = nn.LSTMCell if self.recurs else nn.LSTM
        batch_first = {} if self.recurs else {"batch_first": True}
        self.decoder = cell(size + fed, units, **batch_first)

    def encode(self, source: Tensor) -> tuple[Memory, State]:
        """Ids [batch, source] -> what the decoder reads, and its first state."""
        mask = source != PAD
        lengths = mask.sum(1)
        embedded = self.embedding_drop(self.source_embedding(source))
        # Sentences turned round in their own length need no packing either way: what
        # comes after their end is never read.
        places = torch.arange(source.shape[1], device=source.device)
        turned = (lengths[:, None] - 1 - places).clamp(min=0)[:, :, None]
        left, _ = self.forwards(embedded)  # [batch, source, each]
        backwards = embedded.gather(1, turned.expand_as(embedded))
        right, _ = self.backwards(backwards)
        last = (lengths - 1)[:, None, None].expand(-1, 1, left.shape[2])
        final = torch.cat([left.gather(1, last), right.gather(1, last)], 2)[:, 0]
        values = torch.cat([left, right.gather(1, turned.expand_as(right))], 2)
        hidden, cell = torch.tanh(self.bridge(final)).chunk(2, 1)
        start = State(hidden.contiguous(), cell.contiguous(), torch.zeros_like(hidden))
        return Memory(self.keys(values), values, ~mask), start

    def attend(self, queries: Tensor, memory: Memory) -> Tensor:
        """[batch, target, units] -> contexts [batch, target, depth]."""
        if self.additive:
            summed = self.query(queries)[:, :, None] + memory.keys[:, None]
            scores = self.energy(torch.tanh(summed))[..., 0]
        else:
            scores = queries @ memory.keys.transpose(1, 2)  # [batch, target, source]
        scores = scores.masked_fill(memory.hidden[:, None], -1e30)
        return torch.softmax(scores, 2) @ memory.values

    def step(
        self, embedded: Tensor, state: State, memory: Memory
    ) -> tuple[Tensor, State]:
        """One position [batch, size] -> attentional vector [batch, units], state."""
        if self.bahdanau:
            context = self.attend(state.hidden[:, None], memory)[:, 0]
            hidden, cell = self._cell(torch.cat([embedded, context], 1), state)
            parts = [context, hidden, embedded]
        else:
            read = torch.cat([embedded, state.fed], 1) if self.feeds else embedded
            hidden, cell = self._cell(read, state)
            parts = [self.attend(hidden[:, None], memory)[:, 0], hidden]
        attentional = torch.tanh(self.combine(torch.cat(parts, 1)))
        return attentional, State(hidden, cell, attentional)

    def forward(self, source: Tensor, target_in: Tensor) -> Tensor:
        """Ids [batch, source], [batch, target] -> attentional vectors, with dropout."""
        memory, state = self.encode(source)
        embedded = self.embedding_drop(self.target_embedding(target_in))
        if self.recurs:
            outputs = []
            for now in embedded.unbind(1):
                attentional, state = self.step(now, state, memory)
                outputs.append(attentional)
            return self.output_drop(torch.stack(outputs, 1))
        hidden, _ = self.decoder(embedded, (state.hidden[None], state.cell[None]))
        read = torch.cat([self.attend(hidden, memory), hidden], 2)
        return self.output_drop(torch.tanh(self.combine(read)))

    def loss(
        self, source: Tensor, target_in: Tensor, target_out: Tensor, smoothing: float
    ) -> Tensor:
        """The mean smoothed cross entropy of the real tokens."""
        attentional = self(source, target_in)
        real = target_out != PAD
        logits = self.projection(attentional[real])  # [tokens, vocabulary]
        return F.cross_entropy(logits, target_out[real], label_smoothing=smoothing)

    def _cell(self, read: Tensor, state: State) -> tuple[Tensor, Tensor]:
        if self.recurs:
            return self.decoder(read, (state.hidden, state.cell))
        pair = (state.hidden[None], state.cell[None])
        _, (hidden, cell) = self.decoder(read[:, None], pair)
        return hidden[0], cell[0]
