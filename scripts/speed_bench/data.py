"""Tokenization and data loading, in this process."""

import shutil
import sys
import time
from collections.abc import Callable

from attnmt.config.schema import Config
from attnmt.text.batches import make_batch, plan_epoch
from attnmt.text.corpora import Pair, read_files
from attnmt.text.encoded import EncodedCorpus, encode_corpus
from attnmt.text.spm import load_processor, train_model
from attnmt.text.tokenizer import Tokenizer
from speed_bench.batch_files import count, padding_share, total
from speed_bench.environments import CACHE
from speed_bench.options import Options
from speed_bench.results import Figures, Row, row, with_ratios
from speed_bench.settings import (
    BATCH_TOKENS,
    SEED,
    corpus_folder,
    encoded_multi30k,
    multi30k,
    tokenizer_model,
)

TITLES = {
    "lines_per_second": "lines/s",
    "tokens_per_second": "tokens/s",
    "to sentencepiece": "to sentencepiece",
    "seconds": "s",
    "cpu_seconds": "processor s",
    "padding": "padding",
}
Work = Callable[[], Figures]  # returns `lines`, `tokens` and what else there is


def measure(options: Options) -> list[Row]:
    """Every work once a round, in turn."""
    works = _works()
    taken: dict[tuple[str, str], list[Figures]] = {name: [] for name in works}
    for number in range(1, options.rounds + 1):
        print(f"data: round {number}", file=sys.stderr)
        for name, work in works.items():
            taken[name].append(_timed(work))
    rows = [row("data", *name, figures) for name, figures in taken.items()]
    return with_ratios(rows, "lines_per_second", "sentencepiece")


def _timed(work: Work) -> Figures:
    begin, processor = time.perf_counter(), time.process_time()
    figures = work()
    seconds = time.perf_counter() - begin
    rates = {
        f"{name}_per_second": figures.pop(name) / seconds
        for name in ("lines", "tokens")
        if name in figures
    }
    cpu_seconds = time.process_time() - processor
    return {**figures, **rates, "seconds": seconds, "cpu_seconds": cpu_seconds}


def _works() -> dict[tuple[str, str], Work]:
    """By case and side."""
    model = tokenizer_model()
    pairs = list(read_files(*(corpus_folder() / f"train.{x}" for x in ("en", "de"))))
    tokenizer, bare = Tokenizer(model), load_processor(model.read_bytes())
    sources = [source for source, _ in pairs]
    corpus = encoded_multi30k()
    return {
        ("train a tokenizer", "attnmt"): lambda: _train(pairs),
        ("tokenize", "attnmt"): lambda: _cut(tokenizer.encode(sources)),
        ("tokenize", "sentencepiece"): lambda: _cut(bare.encode(sources)),
        ("encode a corpus", "attnmt"): lambda: _encode(pairs, tokenizer),
        ("make batches", "attnmt"): lambda: _batches(corpus),
    }


def _train(pairs: list[Pair]) -> Figures:
    texts = [text for pair in pairs for text in pair]
    train_model(lambda: texts, Config.model_validate(multi30k("luong")).tokenizer)
    return {"lines": len(texts)}


def _cut(ids: list[list[int]]) -> Figures:
    return {"lines": len(ids), "tokens": sum(map(len, ids))}


def _encode(pairs: list[Pair], tokenizer: Tokenizer) -> Figures:
    folder = CACHE / "encoded-again"
    shutil.rmtree(folder, ignore_errors=True)
    corpus = encode_corpus(pairs, tokenizer, tokenizer, folder)
    tokens = corpus.source_lengths.sum() + corpus.target_lengths.sum()
    return {"lines": 2 * len(corpus), "tokens": int(tokens)}


def _batches(corpus: EncodedCorpus) -> Figures:
    plan = plan_epoch([corpus], [1.0], BATCH_TOKENS, SEED, 0)
    counts = total(count(make_batch([corpus], indices)) for indices in plan)
    tokens = counts.source + counts.target
    padding = padding_share(counts)
    return {"lines": 2 * len(corpus), "tokens": tokens, "padding": padding}
