"""Translates a file in plain PyTorch: `python -m speed_bench.torch_translate`.

Arguments: description of the model (JSON), text, output, beam size, batch size.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch  # pyright: ignore[reportMissingImports]
from safetensors.numpy import load_file
from sentencepiece import SentencePieceProcessor
from torch import Tensor  # pyright: ignore[reportMissingImports]

from speed_bench.torch_model import PAD, Memory, Seq2Seq, State
from speed_bench.torch_weights import assign

BOS, EOS = 2, 3


@torch.inference_mode()
def search(network: Seq2Seq, source: Tensor, limits: Tensor, beam: int) -> list[Tensor]:
    """Beam search among hypotheses that do not end before their limit."""
    memory, state = network.encode(source)
    memory = Memory(*(x.repeat_interleave(beam, 0) for x in memory))
    state = State(*(x.repeat_interleave(beam, 0) for x in state))
    batch, rows = len(source), torch.arange(len(source))[:, None] * beam
    scores = torch.full((batch, beam), float("-inf"))
    scores[:, 0] = 0.0
    token = torch.full((batch * beam,), BOS)
    trace = []
    for _ in range(int(limits.max())):
        embedded = network.target_embedding(token)
        attentional, state = network.step(embedded, state, memory)
        logits = network.projection(attentional)
        logits[:, [PAD, BOS]] = float("-inf")
        if beam == 1:  # there is nothing to compare
            token = logits.argmax(1)
            trace.append((token[:, None], torch.zeros_like(rows)))
            continue
        log_probs = torch.log_softmax(logits, 1).view(batch, beam, -1)
        each = (scores[:, :, None] + log_probs).view(batch, -1)
        scores, flat = each.topk(beam)
        parents, tokens = flat // logits.shape[1], flat % logits.shape[1]
        state = State(*(x[(rows + parents).flatten()] for x in state))
        token = tokens.flatten()
        trace.append((tokens, parents))
    return [_trace_back(trace[: int(n)], i) for i, n in enumerate(limits)]


def _trace_back(trace: list[tuple[Tensor, Tensor]], sentence: int) -> Tensor:
    place, found = 0, []
    for tokens, parents in reversed(trace):
        found.append(tokens[sentence, place])
        place = int(parents[sentence, place])
    return torch.stack(found[::-1])


def translate(description: Mapping[str, Any], text: Path, beam: int, size: int):
    """The translations of a text in its order, sentences of like length together."""
    pieces = SentencePieceProcessor(model_file=description["tokenizer"])
    network = Seq2Seq(description["model"], len(pieces)).eval()
    assign(network, load_file(description["weights"]))
    lines = text.read_text("utf-8").removesuffix("\n").split("\n")
    sources = [[*ids, EOS] for ids in pieces.encode(lines)]
    order = sorted(range(len(lines)), key=lambda i: -len(sources[i]))
    found = [""] * len(lines)
    for begin in range(0, len(order), size):
        places = order[begin : begin + size]
        batch = [torch.tensor(sources[i]) for i in places]
        source = torch.nn.utils.rnn.pad_sequence(batch, batch_first=True)
        ratio = description["max_length_ratio"]
        limits = torch.tensor([int(ratio * len(ids)) + 10 for ids in batch])
        for place, ids in zip(
            places, search(network, source, limits, beam), strict=True
        ):
            found[place] = pieces.decode(ids.tolist())
    return found


def main() -> None:
    """Read what the command line names, write the translations."""
    description, text, output, beam, size = sys.argv[1:]
    model = json.loads(Path(description).read_text("utf-8"))
    found = translate(model, Path(text), int(beam), int(size))
    Path(output).write_text("".join(f"{line}\n" for line in found), "utf-8")


if __name__ == "__main__":
    main()
