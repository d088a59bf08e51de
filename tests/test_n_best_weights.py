"""The weights of every hypothesis in an n-best dump are those of force-decoding it.

For the first 1,000 test sentences of Multi30k and a run of your own, in some minutes:

    ATTNMT_TEST_RUN=runs/multi30k_en_de pytest -s tests/test_n_best_weights.py -k run

with the corpus in $ATTNMT_CORPORA/multi30k; it prints the largest difference.
"""

import os
from collections.abc import Iterable, Iterator
from itertools import groupby, islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from attnmt import Translator
from attnmt.analysis.dump import Dump, DumpWriter, Record
from attnmt.config.schema import Config, Decoding
from attnmt.sentences import padded
from attnmt.text.lines import read_lines
from attnmt.text.tokenizer import BOS
from attnmt.training.session import train

pytestmark = pytest.mark.slow
N_BEST, BEAM = 3, 4
DATA = Path(__file__).parents[1] / "data"
MECHANISMS: dict[str, dict[str, Any]] = {
    "gated coverage": {"type": "additive", "coverage": "gated"},
    "two heads": {"type": "general", "heads": 2, "normaliser": "entmax15"},
    "location": {"type": "location", "width": 3},
    "mocha": {"type": "mocha", "chunk": 3},
}


def differences(records: Iterable[Record], translator: Translator) -> Iterator[float]:
    """Of every hypothesis the largest difference between dumped and forced weights."""
    read = tf.function(translator.network.read, reduce_retracing=True)
    for _, group in groupby(records, key=lambda record: record.id):
        same = [record for record in group if record.source_ids]
        if not same:
            continue
        source = np.array([record.source_ids for record in same], np.int32)
        target_in = padded([[BOS, *record.target_ids[:-1]] for record in same])
        _, seen = read(tf.constant(source), tf.constant(target_in))
        for record, forced in zip(same, np.asarray(seen.weights), strict=True):
            forced = forced[..., : len(record.target_ids), :]
            yield float(np.abs(record.weights[0] - forced).max())


def dump_n_best(translator: Translator, lines: Iterable[str], path: Path) -> Dump:
    header = translator.describe(n_best=N_BEST)
    with DumpWriter(path, header, "f4") as dump:
        for translations in translator.n_best(lines, N_BEST):
            for translation in translations:
                dump.write(translation)
    return Dump(path)


def tiny_config(folder: Path, attention: dict[str, Any]) -> Config:
    sides = (read_lines(DATA / f"train.{language}") for language in ("en", "de"))
    pairs = islice(zip(*sides, strict=True), 100)
    text = "".join(f"{source}\t{target}\n" for source, target in pairs)
    (folder / "pairs.tsv").write_text(text, "utf-8")
    return Config.model_validate(
        {
            "run_dir": folder / "run",
            "data": {
                "source_lang": "en",
                "target_lang": "de",
                "train": [{"tsv": folder / "pairs.tsv"}],
            },
            "tokenizer": {"vocab_size": 400, "shared": False},
            "model": {
                "embeddings": {"size": 20},
                "encoder": {"cell": "gru", "units": 12},
                "decoder": {"cell": "gru", "units": 24},
                "attention": attention,
            },
            "training": {"learning_rate": 0.02, "batch_tokens": 600, "max_steps": 10},
        }
    )


@pytest.mark.parametrize("name", MECHANISMS)
def test_a_tiny_model_sees_the_same(name: str, tmp_path: Path) -> None:
    run = train(tiny_config(tmp_path, MECHANISMS[name]))
    decoding = Decoding(beam_size=BEAM, batch_size=7, max_length_ratio=1.0)
    translator = Translator.load(run.path, decoding=decoding)
    lines = [*islice(read_lines(DATA / "test.en"), 8), "", "a"]
    dump = dump_n_best(translator, lines, tmp_path / "dump")
    assert len(dump) == N_BEST * (len(lines) - 1) + 1
    found = list(differences(dump, translator))
    assert len(found) == len(dump) - 1  # all but that of the blank line
    assert max(found) <= 1e-5


def test_a_trained_run_sees_the_same_in_multi30k(tmp_path: Path) -> None:
    run, corpora = os.environ.get("ATTNMT_TEST_RUN"), os.environ.get("ATTNMT_CORPORA")
    if not run or not corpora:
        pytest.skip("ATTNMT_TEST_RUN names no run or ATTNMT_CORPORA no corpora")
    text = Path(corpora) / "multi30k/test_2016_flickr.en"
    if not text.exists():
        pytest.skip(f"there is no {text}")
    translator = Translator.load(run)
    dump = dump_n_best(translator, islice(read_lines(text), 1000), tmp_path / "dump")
    found = list(differences(dump, translator))
    print(f"{len(found)} hypotheses, largest difference {max(found):.2e}")
    assert len(found) > 1000 and max(found) <= 1e-5
