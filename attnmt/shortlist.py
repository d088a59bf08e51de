"""A lexical shortlist: the target pieces that the pieces of a source may become.

RUN/shortlist/ holds it as table.safetensors, and shortlist.json, sealed, which has the
SHA-256 of that file and the fingerprints of the tokenizers.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from attnmt.checkpoint import FORMAT, load_arrays
from attnmt.errors import ConfigError, DataError
from attnmt.evaluation.ibm1 import lexicon
from attnmt.run import Run
from attnmt.sealed import file_sha256, read_sealed, sealed
from attnmt.tensor_header import read_shapes
from attnmt.text.encoded import EncodedCorpus, prepare_training
from attnmt.text.id_files import replacing_folder
from attnmt.text.tokenizer import BOS, EOS, PAD, UNK, Tokenizer, load_tokenizers

HEADER, TABLE = "shortlist.json", "table.safetensors"
BEST = 100  # translations of a source piece; decoding.shortlist asks for no more
FREQUENT = 1000  # pieces of the target that are on every shortlist
PAIRS = 200_000  # of the training text that are learnt from, evenly spread
SPECIALS = (PAD, UNK, BOS, EOS)
Ids = Sequence[Sequence[int]]


class ShortlistError(DataError):
    """A shortlist that cannot be used, whatever the engine."""


class Shortlist(NamedTuple):
    """Ids of target pieces."""

    always: np.ndarray  # [pieces], sorted; the specials are the first
    likely: np.ndarray  # [source vocabulary, 1 + BEST], itself, the best; PAD: no more

    def pieces(self, source: np.ndarray, best: int) -> np.ndarray:
        """The target pieces for ids [batch, source]: sorted, the specials first."""
        return np.union1d(self.always, self.likely[source, : 1 + best])


def write_shortlist(run: Run) -> Shortlist:
    """Learn a shortlist from the training text of a run, and keep it in its folder.

    Raises DataError when the text is gone.
    """
    config = run.load_config()
    tokenizers = load_tokenizers(config, run.tokenizer_dir)
    corpora = prepare_training(config.data, *tokenizers, run.encoded_dir)
    shortlist = learn(*_spread(corpora), *tokenizers)
    with replacing_folder(run.shortlist_dir) as folder:
        from safetensors.numpy import save_file

        save_file(shortlist._asdict(), folder / TABLE)
        header = {
            "format": FORMAT,
            "tokenizers": [tokenizer.fingerprint for tokenizer in tokenizers],
            "sha256": file_sha256(folder / TABLE),
        }
        (folder / HEADER).write_text(sealed(header), "utf-8")
    return shortlist


def learn(
    sources: Ids, targets: Ids, source: Tokenizer, target: Tokenizer
) -> Shortlist:
    """What IBM model 1 takes pieces to mean, from the ids of sentence pairs."""
    counts = np.bincount(np.concatenate([*targets]), minlength=len(target))
    frequent = np.argsort(-counts, kind="stable")[:FREQUENT]
    always = np.union1d(SPECIALS, frequent).astype(np.int32)
    known = lexicon(sources, targets)
    order = np.lexsort((-known.probabilities, known.sources))
    order = order[~np.isin(known.targets[order], always)]
    pieces = known.sources[order]
    rank = np.arange(len(pieces)) - np.searchsorted(pieces, pieces)
    best = rank < BEST
    likely = np.full((len(source), 1 + BEST), PAD, np.int32)
    likely[:, 0] = [target.id(source.piece(i)) for i in range(len(source))]
    likely[pieces[best], 1 + rank[best]] = known.targets[order[best]]
    return Shortlist(always, likely)


def _spread(corpora: Sequence[EncodedCorpus]) -> tuple[Ids, Ids]:
    """The sources and targets of at most PAIRS pairs, one of so many."""
    every = -(-sum(map(len, corpora)) // PAIRS)
    sources, targets = [], []
    for corpus in corpora:
        for i in range(0, len(corpus), every):
            sources.append(corpus.source(i).tolist())
            targets.append(corpus.target(i).tolist())
    return sources, targets


def load_shortlist(run: Run, tokenizers: tuple[Tokenizer, Tokenizer]) -> Shortlist:
    """The shortlist of a run. Raises ShortlistError when it is damaged or of other
    pieces, ConfigError when there is none.
    """
    folder = run.shortlist_dir
    if not folder.is_dir() and run.is_export:
        raise ConfigError(
            f"decoding.shortlist: expected {folder}, which an export copies from its "
            "run: run attnmt shortlist on the run, then export again"
        )
    if not folder.is_dir():
        raise ConfigError(
            f"decoding.shortlist: expected {folder}, which attnmt shortlist --run "
            f"{run.path} makes"
        )
    try:
        return _loaded(run, tokenizers)
    except DataError as error:
        raise ShortlistError(str(error)) from error


def _loaded(run: Run, tokenizers: tuple[Tokenizer, Tokenizer]) -> Shortlist:
    folder = run.shortlist_dir
    header = read_sealed(folder / HEADER)
    if header.get("format") != FORMAT or header.get("tokenizers") != [
        tokenizer.fingerprint for tokenizer in tokenizers
    ]:
        raise DataError(
            f"{folder}: of other tokenizers, or another version, than the run: make it "
            f"again with attnmt shortlist --run {run.path}"
        )
    shapes = read_shapes(folder / TABLE)
    if file_sha256(folder / TABLE) != header.get("sha256"):
        raise DataError(f"{folder / TABLE}: damaged (its SHA-256 has changed)")
    source, target = map(len, tokenizers)
    if shapes.keys() != {*Shortlist._fields} or shapes["likely"] != (source, 1 + BEST):
        raise DataError(f"{folder / TABLE}: not the shortlist of {source} pieces")
    shortlist = Shortlist(**load_arrays(folder / TABLE))
    _check_ids(shortlist, target, folder / TABLE)
    return shortlist


def _check_ids(shortlist: Shortlist, vocabulary: int, file: Path) -> None:
    if shortlist.always.ndim != 1 or not np.isin(SPECIALS, shortlist.always).all():
        raise DataError(f"{file}: always: expected a row of ids, the specials in it")
    for name, ids in shortlist._asdict().items():
        if ids.dtype != np.int32 or ids.min() < 0 or ids.max() >= vocabulary:
            raise DataError(f"{file}: {name}: expected ids of {vocabulary} pieces")
