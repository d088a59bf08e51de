"""Word links for guided alignment: from words to pieces, on disk, into batches."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice, zip_longest
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from attnmt.analysis.alignments import Link, parse_pharaoh, symmetrise
from attnmt.analysis.words import Span, cut, piece_ranges, space_spans, word_spans
from attnmt.config import schema
from attnmt.errors import DataError
from attnmt.text.batches import make_batch
from attnmt.text.corpora import read_pairs
from attnmt.text.encoded import EncodedCorpus
from attnmt.text.id_files import Side, SideWriter, replacing_folder
from attnmt.text.lines import read_lines
from attnmt.text.tokenizer import Tokenizer
from attnmt.training.progress import say

_CHUNK = 8192  # sentence pairs written together
_BITS = 20  # of a position in a packed link


class GuidedBatch(NamedTuple):
    """A batch with the links between its pieces."""

    source: np.ndarray  # [batch, source], pieces then EOS
    target_in: np.ndarray  # [batch, target], BOS then pieces
    target_out: np.ndarray  # [batch, target], pieces then EOS
    links: np.ndarray  # [links, 3] int32: place in the batch, target, source position
    shares: np.ndarray  # [links] float32; those of a target position sum to one


def guided_batch(
    corpora: Sequence[EncodedCorpus], links: Sequence[Side], indices: np.ndarray
) -> GuidedBatch:
    """The batch of the sentences at these positions, with their links."""
    starts = np.cumsum([0, *(len(corpus) for corpus in corpora)])
    packed = []
    for row, index in enumerate(indices):
        of = int(np.searchsorted(starts, index, side="right")) - 1
        here = links[of][int(index - starts[of])].astype(np.int64)
        packed.append(np.stack([np.full(len(here), row), here]))
    rows, flat = np.concatenate(packed, axis=1)
    mask = (1 << _BITS) - 1
    source, target, parts = flat & mask, (flat >> _BITS) & mask, flat >> (2 * _BITS)
    positions = np.stack([rows, target, source], axis=1).astype(np.int32)
    shares = (1.0 / parts).astype(np.float32)
    return GuidedBatch(*make_batch(corpora, indices), positions, shares)


def prepare_links(
    config: schema.Config,
    tokenizers: tuple[Tokenizer, Tokenizer],
    corpora: Sequence[EncodedCorpus],
    folder: Path,
) -> list[Side]:
    """The packed links of each encoded training corpus, made or found in the folder.

    The teacher ibm1 learns from all training corpora together. Raises DataError for
    links that do not fit the text.
    """
    data, teacher = config.data, config.training.guided_alignment.teacher
    texts = [encoded.meta["fingerprint"] for encoded in corpora]
    taught: list[list[list[Link]]] = []
    sides = []
    for i, (corpus, encoded) in enumerate(zip(data.train, corpora, strict=True)):
        place = folder / f"train.{i}.links"
        of = texts if teacher == "ibm1" else [texts[i], _file(corpus.alignment)]
        fingerprint = {"format": 2, "teacher": teacher, "corpus": i, "links of": of}
        side = _load(place, fingerprint)
        if side is None:
            if teacher == "ibm1":
                name = "the alignment of attnmt"
                taught = taught or _teach([list(_pairs(c, data)) for c in data.train])
                links = taught[i]
            else:
                name, links = str(corpus.alignment), read_words(corpus.alignment)
            pairs = _pairs(corpus, data)
            tagged, longest = corpus.tag is not None, data.max_length
            cuts = word_spans if teacher == "ibm1" else space_spans
            packed = _encode(pairs, links, tokenizers, cuts, tagged, longest, name)
            side = _write(place, packed, fingerprint)
        if len(side.lengths) != len(encoded):
            raise DataError(
                f"{place}: links of {len(side.lengths)} pairs, but {len(encoded)} pairs"
            )
        sides.append(side)
    return sides


def _pairs(corpus: schema.Corpus, data: schema.Data) -> Iterator[tuple[str, str]]:
    return read_pairs(corpus, data.source_lang, data.target_lang)


def _write(
    folder: Path, packed: Iterator[list[int]], fingerprint: Mapping[str, Any]
) -> Side:
    with replacing_folder(folder) as temporary:
        with SideWriter(temporary, "links", "<i8") as writer:
            while chunk := list(islice(packed, _CHUNK)):
                writer.write(chunk)
        (temporary / "meta.json").write_text(json.dumps(fingerprint), "utf-8")
    return Side(folder, "links", "<i8")


def _load(folder: Path, fingerprint: Mapping[str, Any]) -> Side | None:
    try:
        if json.loads((folder / "meta.json").read_text("utf-8")) == fingerprint:
            return Side(folder, "links", "<i8")
    except (OSError, ValueError):
        pass
    return None


def _file(path: Path | None) -> list[str | int] | None:
    if path is None:
        return None
    try:
        status = path.stat()
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from error
    return [str(path), status.st_size, status.st_mtime_ns]


def read_words(path: Path | None) -> Iterator[list[Link]]:
    """The links between words of a file, line by line; raises DataError for others."""
    assert path is not None  # the configuration was refused otherwise
    for number, line in enumerate(read_lines(path), 1):
        try:
            yield sorted(parse_pharaoh(line, one_indexed=False)[1])
        except DataError as error:
            raise DataError(f"{path}:{number}: {error}") from error


def _teach(corpora: Sequence[Sequence[tuple[str, str]]]) -> list[list[list[Link]]]:
    """The links of `attnmt align`, with its defaults, learnt from all the text."""
    from attnmt.evaluation.ibm1 import align

    count = sum(map(len, corpora))
    say(f"guided alignment: learning the word links of {count:,} pairs")
    split = [
        tuple(cut(side.lower(), word_spans(side.lower())) for side in (source, target))
        for pairs in corpora
        for source, target in pairs
    ]
    sources, targets = zip(*split, strict=True)
    forward, swapped = align(sources, targets), align(targets, sources)
    links = (
        symmetrise(one, [(j, i) for i, j in other], "grow-diag-final-and")
        for one, other in zip(forward, swapped, strict=True)
    )
    return [list(islice(links, len(pairs))) for pairs in corpora]


def _encode(
    pairs: Iterable[tuple[str, str]],
    links: Iterable[list[Link]],
    tokenizers: tuple[Tokenizer, Tokenizer],
    words_of: Callable[[str], list[Span]],
    tagged: bool,
    max_length: int,
    name: str,
) -> Iterator[list[int]]:
    """Packed links of the pairs that an encoded corpus keeps."""
    both = zip_longest(pairs, links)
    for number, (pair, words) in enumerate(both, 1):
        spans = link_words(f"{name}:{number}", pair, words, words_of)
        source, target = (
            _words_of_pieces(tokenizer, text, each)
            for tokenizer, text, each in zip(tokenizers, pair or (), spans, strict=True)
        )
        if tagged and source:
            source.insert(0, range(0))  # the tag is of no word
        lengths = len(source), len(target)
        if min(lengths) and max(lengths) <= max_length:
            yield _packed(words or [], source, target)


def link_words(
    place: str,
    pair: tuple[str, str] | None,
    links: list[Link] | None,
    words_of: Callable[[str], list[Span]] = space_spans,
) -> list[list[Span]]:
    """The words of both sides of a pair that has these links.

    Raises DataError, told with the place, for links to words that are not there, and
    where a pair has no links or links have no pair.
    """
    if pair is None or links is None:
        more = "text" if links is None else "word links"
        raise DataError(f"{place}: there are more lines of {more}")
    source, target = map(words_of, pair)
    for link in links:
        if link[0] >= len(source) or link[1] >= len(target):
            raise DataError(
                f"{place}: the link {link[0]}-{link[1]} is outside of {len(source)} "
                f"source and {len(target)} target words"
            )
    return [source, target]


def _words_of_pieces(tokenizer: Tokenizer, text: str, words: list[Span]) -> list[range]:
    """The words of each piece."""
    ranges = piece_ranges(tokenizer.encode_with_spans(text).spans, words)
    return [range(*each) for each in ranges]


def _packed(links: list[Link], source: list[range], target: list[range]) -> list[int]:
    """Links between pieces: shares of a target piece go to words, then to pieces.

    Every source word that is linked to a word of a target piece gets an equal share
    of the attention, and every piece of it an equal part of that; </s> gets </s>'s.
    """
    of_word: dict[int, list[int]] = {}
    for place, words in enumerate(source):
        for word in words:
            of_word.setdefault(word, []).append(place)
    packed = [_pack(len(source), len(target), 1)]
    for place, words in enumerate(target):
        sources = [s for s, t in links if t in words and s in of_word]
        for s in sources:
            for piece in of_word[s]:
                packed.append(_pack(piece, place, len(sources) * len(of_word[s])))
    return packed


def _pack(source: int, target: int, parts: int) -> int:
    return source | target << _BITS | parts << (2 * _BITS)
